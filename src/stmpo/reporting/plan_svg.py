"""A plan as a picture: packages, nodes, caches, cores and CPUs as nested boxes, coloured by slot.

Three steps. `machine_tree` turns the machine into nested boxes, outermost level first. A level that divides
nothing gets no box; its name joins that of the box around it. `_fit` sizes the boxes from the inside out and
arranges children in the grid that is closest to the wanted proportions. `draw` places them and writes SVG.

Each CPU is a cell with its number above the number of its slot. Slots next to each other have very different
colours (steps of the golden angle around the colour wheel, with two lightnesses in turn). A CPU that several
slots share has stripes of their colours; an idle CPU is white with a dashed border. Text is real text, and
every cell has a tooltip. The same plan gives the same bytes.
"""

from __future__ import annotations

import math
from colorsys import hls_to_rgb
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from stmpo.machine.cpulist import format_list
from stmpo.reporting.plan_text import headline, machine_lines, notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stmpo.machine.model import Cpu, Machine
    from stmpo.planning import Plan, Slot

_CELL_WIDTH, _CELL_HEIGHT = 34.0, 32.0
_GAP = 6.0
_LABEL_HEIGHT = 18.0
_MARGIN = 28.0
_ROW = 22.0
_BAR = 180.0
_NARROWEST = 640.0
_CHARACTER = 6.1
"""Width of an average character at 11 pixels. Only the sizes of boxes depend on it, not their order."""

_STYLE = """
text { font-family: system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; fill: #1f2937; }
.title { font-size: 22px; font-weight: 600; }
.sub { font-size: 13px; fill: #4b5563; }
.label { font-size: 11px; fill: #4b5563; }
.cpu { font-size: 12px; font-weight: 600; text-anchor: middle; }
.slot { font-size: 9px; text-anchor: middle; fill-opacity: 0.75; }
.idle { fill: #9ca3af; }
.key { font-size: 12px; }
.bound { font-weight: 700; fill: #047857; }
.warning { font-size: 12px; fill: #b45309; }
"""

_FILLS = {
    "group": ("#ffffff", "#64748b"),
    "package": ("#f8fafc", "#94a3b8"),
    "node": ("#eef2f7", "#b6c2d1"),
    "l3": ("#ffffff", "#cbd5e1"),
    "core": ("#f1f5f9", "#d5dde7"),
}
_NAMES = {"group": "processor group", "package": "package", "node": "node", "l3": "L3", "core": "core"}
_LEVELS: dict[str, Callable[[Cpu], int]] = {
    "group": lambda cpu: cpu.group,
    "package": lambda cpu: cpu.package,
    "node": lambda cpu: cpu.node,
    "l3": lambda cpu: cpu.l3,
    "core": lambda cpu: cpu.core,
}


@dataclass(slots=True)
class Box:
    """A rectangle: one CPU, or a unit with its boxes. Pixels; x and y are relative to the parent."""

    kind: str
    label: str
    cpu: Cpu | None = None
    children: list[Box] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = _CELL_WIDTH
    height: float = _CELL_HEIGHT


def draw(plan: Plan) -> str:
    """Return the text of an SVG file."""
    tree = machine_tree(plan.machine)
    _fit(tree)
    header = _header(plan)
    key = _Key.of(plan, max(tree.width, _NARROWEST))
    limits_top = _MARGIN + _ROW * len(header) + 8
    tree_top = limits_top + _ROW * len(plan.limits) + 20
    key_top = tree_top + tree.height + _MARGIN
    width = 2 * _MARGIN + max(tree.width, _NARROWEST, *(_width_of(style, text) for style, text in header))
    height = key_top + key.rows * _ROW + _MARGIN
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(headline(plan))}">'
        ),
        f"<style>{_STYLE}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        *(_text(_MARGIN, _MARGIN + 16 + _ROW * row, text, style) for row, (style, text) in enumerate(header)),
        *_draw_limits(plan, limits_top),
        *_draw_box(tree, _MARGIN, tree_top, _holders(plan.slots)),
        *_draw_key(plan, key, key_top),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def machine_tree(machine: Machine) -> Box:
    """Return the machine as nested boxes."""
    # the level with the fewest units first; equal ones keep their order
    kinds = sorted(_LEVELS, key=lambda kind: len({_LEVELS[kind](cpu) for cpu in machine.cpus}))
    if machine.groups == 1:
        kinds.remove("group")
    root = Box("machine", "")
    root.children = _boxes(machine.cpus, kinds, [])
    return root


def _boxes(cpus: Sequence[Cpu], kinds: Sequence[str], names: list[str]) -> list[Box]:
    """Return the boxes of some CPUs for these levels. `names`: levels further out that divided nothing."""
    if not kinds:
        return [Box("cpu", str(cpu.id), cpu) for cpu in cpus]
    kind, *inner = kinds
    parts: dict[int, list[Cpu]] = {}
    for cpu in cpus:
        parts.setdefault(_LEVELS[kind](cpu), []).append(cpu)
    found = []
    for number, members in parts.items():
        label = [*names, f"{_NAMES[kind]} {number}"]
        below = inner[0] if inner else None
        if below not in {None, "core"} and len({_LEVELS[str(below)](cpu) for cpu in members}) == 1:
            # The level below is the same unit: one box, both names.
            found.extend(_boxes(members, inner, label))
        else:
            text = "" if kind == "core" else " · ".join(label)
            found.append(Box(kind, text, children=_boxes(members, inner, [])))
    return found


def _fit(box: Box) -> None:
    """Set sizes from the inside out, and the places of children."""
    if box.cpu is not None:
        return
    for child in box.children:
        _fit(child)
    padding = 0.0 if box.kind == "machine" else 3.0 if box.kind == "core" else 8.0
    head = _LABEL_HEIGHT if box.label else 0.0
    gap = 2.0 if box.kind == "core" else _GAP if box.kind == "l3" else 10.0
    columns = len(box.children) if box.kind == "core" else _columns(box.children, gap)
    x = y = row_height = inner_width = 0.0
    for index, child in enumerate(box.children):
        if index and index % columns == 0:
            x, y, row_height = 0.0, y + row_height + gap, 0.0
        child.x, child.y = x + padding, y + padding + head
        x += child.width + gap
        row_height = max(row_height, child.height)
        inner_width = max(inner_width, x - gap)
    box.width = max(inner_width, len(box.label) * _CHARACTER) + 2 * padding
    box.height = y + row_height + head + 2 * padding


def _columns(children: Sequence[Box], gap: float) -> int:
    """Return the number of children per row: full rows if possible, about twice as wide as high."""
    width = max(child.width for child in children) + gap
    height = max(child.height for child in children) + gap
    count = len(children)

    def badness(columns: int) -> float:
        rows = -(-count // columns)
        empty = rows * columns - count
        return abs(math.log(columns * width / (rows * height) / 1.9)) + 4.0 * empty / count

    return min(range(1, count + 1), key=badness)


def _holders(slots: Sequence[Slot]) -> dict[int, list[Slot]]:
    found: dict[int, list[Slot]] = {}
    for slot in slots:
        for cpu in slot.cpus:
            found.setdefault(cpu.id, []).append(slot)
    return found


def _colour(index: int) -> tuple[str, str]:
    """Return fill and edge of a slot as `#rrggbb`, the only notation that some viewers know."""
    hue = (index * 137.508 + 205) % 360 / 360
    saturation, lightness = ((0.72, 0.81), (0.60, 0.72))[index % 2]
    return _hex(hue, lightness, saturation), _hex(hue, lightness - 0.34, saturation - 0.12)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in hls_to_rgb(hue, lightness, saturation))


def _draw_box(box: Box, x: float, y: float, holders: dict[int, list[Slot]]) -> Iterable[str]:
    if box.cpu is not None:
        yield from _draw_cpu(box.cpu, x, y, holders.get(box.cpu.id, []))
        return
    if box.kind in _FILLS:
        fill, edge = _FILLS[box.kind]
        radius = 4 if box.kind == "core" else 7
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}" '
            f'fill="{fill}" stroke="{edge}"/>'
        )
        if box.label:
            yield _text(x + 8, y + 17, box.label, "label")
    for child in box.children:
        yield from _draw_box(child, x + child.x, y + child.y, holders)


def _draw_cpu(cpu: Cpu, x: float, y: float, slots: Sequence[Slot]) -> Iterable[str]:
    numbers = ", ".join(str(slot.index) for slot in slots)
    where = f"core {cpu.core}, L3 {cpu.l3}, node {cpu.node}, package {cpu.package}"
    yield f"<g><title>CPU {cpu.id}: {f'slot {numbers}' if slots else 'idle'} ({where})</title>"
    corner = 3 if len(slots) < 2 else 0
    place = f'y="{y:.1f}" height="{_CELL_HEIGHT:.0f}" rx="{corner}"'
    if not slots:
        yield f'<rect x="{x:.1f}" width="{_CELL_WIDTH:.0f}" {place} fill="#fff" stroke="#9ca3af" stroke-dasharray="3 2"/>'
    stripe = _CELL_WIDTH / max(len(slots), 1)
    for index, slot in enumerate(slots):
        fill, edge = _colour(slot.index)
        yield f'<rect x="{x + index * stripe:.1f}" width="{stripe:.1f}" {place} fill="{fill}" stroke="{edge}"/>'
    middle = x + _CELL_WIDTH / 2
    yield _text(middle, y + 15, str(cpu.id), "cpu" if slots else "cpu idle")
    yield _text(middle, y + 27, _short(slots), "slot")
    yield "</g>"


def _short(slots: Sequence[Slot]) -> str:
    if not slots:
        return "idle"
    first = f"s{slots[0].index}"
    return first if len(slots) == 1 else f"{first}+{len(slots) - 1}"


def _header(plan: Plan) -> list[tuple[str, str]]:
    """Return style and text of each line above the picture."""
    rows = [("title", headline(plan)), *(("sub", line) for line in machine_lines(plan.machine))]
    rows += [("warning", f"Warning: {text}") for text in plan.warnings]
    return rows + [("warning", text) for text in notes(plan)]


def _width_of(style: str, text: str) -> float:
    """Estimate the width of a header line; rather too wide, because fonts differ."""
    return len(text) * (13.2 if style == "title" else 7.4)


def _draw_limits(plan: Plan, top: float) -> Iterable[str]:
    """Draw a bar per limit, as long as its number of processes; very long ones end at the edge."""
    longest = 2.5 * len(plan.slots)
    for row, limit in enumerate(plan.limits):
        bound = limit is plan.bound
        y = top + row * _ROW
        style = "key bound" if bound else "key"
        length = max(_BAR * min(limit.processes / longest, 1.0), 2.0)
        yield _text(_MARGIN, y + 12, limit.name, style)
        yield (
            f'<rect x="{_MARGIN + 128:.1f}" y="{y + 1:.1f}" width="{length:.1f}" height="14" rx="3" '
            f'fill="{"#10b981" if bound else "#dbe3ec"}"/>'
        )
        yield _text(_MARGIN + 134, y + 12, str(limit.processes), "key")
        yield _text(_MARGIN + 142 + _BAR, y + 12, limit.reason, style)


@dataclass(frozen=True, slots=True)
class _Key:
    """The list of slots below the machine, column by column."""

    rows: int
    column_width: float

    @classmethod
    def of(cls, plan: Plan, width: float) -> _Key:
        longest = max(len(_key_text(slot, grouped=plan.machine.groups > 1)) for slot in plan.slots)
        column = longest * 6.7 + 44.0
        columns = max(int(width // column), 1)
        return cls(-(-len(plan.slots) // columns), column)


def _key_text(slot: Slot, *, grouped: bool) -> str:
    group = f" · group {slot.group}" if grouped else ""
    node = f"node {format_list(slot.nodes)}"
    return f"slot {slot.index}: {format_list(slot.cpu_ids)} · {node}{group} · MFR {slot.mfr_percent} %"


def _draw_key(plan: Plan, key: _Key, top: float) -> Iterable[str]:
    for slot in plan.slots:
        x = _MARGIN + slot.index // key.rows * key.column_width
        y = top + slot.index % key.rows * _ROW
        fill, edge = _colour(slot.index)
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="18" height="14" rx="3" fill="{fill}" stroke="{edge}"/>'
        yield _text(x + 26, y + 11.5, _key_text(slot, grouped=plan.machine.groups > 1), "key")


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{escape(text)}</text>'
