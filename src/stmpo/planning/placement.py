"""The CPUs of a machine divided into slots: whole cores, whole caches, whole nodes, as far as possible.

The machine is taken as a tree. Its levels are processor group, package, node, last-level cache, core, CPU, in
the order of their size on this machine (a node may hold two packages, and a cache two nodes). A unit that
cuts across a larger one falls into its parts. Then, from the top:

- one slot takes all CPUs below;
- no fewer slots than children: each child gets its share of the slots, and the division goes on inside each
  child;
- fewer slots than children: the children are bundled, one bundle per slot, as equal as whole children allow.

So a slot leaves a cache, a node or a package only when it needs more than a whole one. Two refinements: a
child much smaller than a slot (a cpuset that leaves one CPU of a node) stays idle instead of becoming a
slot's remote corner; and while there are enough cores for all slots, no child gets more slots than it has
cores.

Shares of unequal children must be rounded, as seats in a parliament must, and no rule is best on every
machine. Three rules are tried. The best result leaves the fewest CPUs idle, then straddles least, then
differs least in size; on even machines all three agree.

Processor groups differ in one thing: a slot never bundles two. With fewer slots than groups, groups stay
idle.

The same CPUs and count always give the same slots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stmpo.machine.model import Cpu

CRUMB = 0.25
"""Children that together are smaller than this part of a slot's fair share are not worth crossing a border
for.
"""

_CORE, _CPU = "core", "cpu"


@dataclass(frozen=True, slots=True)
class _Unit:
    """A part of the tree: the CPUs of one group, package, node, cache or core, and the levels below it."""

    cpus: tuple[Cpu, ...]
    levels: tuple[str, ...]
    """Kinds of the levels inside, largest first; empty for one CPU."""

    @property
    def size(self) -> int:
        return len(self.cpus)

    @property
    def cores(self) -> int:
        return len({cpu.core for cpu in self.cpus})


def place(cpus: Sequence[Cpu], slots: int) -> tuple[tuple[Cpu, ...], ...]:
    """Return `slots` sets of CPUs, each sorted by number and none empty.

    They are disjoint unless there are more slots than CPUs; then CPUs are shared as evenly as possible.

    Raises:
        ValueError: there is no CPU, or `slots` is below 1.
    """
    if not cpus or slots < 1:
        raise ValueError("placement needs a CPU and a slot")
    groups = _split(_Unit(tuple(cpus), ("group", *_levels(cpus))))
    found = [_place(groups, slots, rule) for rule in (_largest_slots, _nearest, _in_order)]
    best = min(found, key=lambda division: _cost(division, len(cpus)))
    return tuple(tuple(sorted(slot, key=lambda cpu: cpu.id)) for slot in best)


def _place(groups: list[_Unit], slots: int, rule: Rule) -> list[tuple[Cpu, ...]]:
    if len(groups) == 1:
        return _divide(groups[0], slots, rule)
    shares = _shares(groups, slots, rule)
    return [slot for unit, share in shares for slot in _divide(unit, share, rule)]


def _cost(slots: list[tuple[Cpu, ...]], cpus: int) -> tuple[int, int, int, int]:
    """Return the measures of a division: CPUs left idle, nodes and caches straddled, then the spread of
    sizes.
    """
    idle = cpus - len({cpu.id for slot in slots for cpu in slot})
    nodes = sum(len({cpu.node for cpu in slot}) - 1 for slot in slots)
    caches = sum(len({cpu.l3 for cpu in slot}) - 1 for slot in slots)
    sizes = [len(slot) for slot in slots]
    return idle, nodes, caches, max(sizes) - min(sizes)


_LABELS: dict[str, Callable[[Cpu], int]] = {
    "group": lambda cpu: cpu.group,
    "package": lambda cpu: cpu.package,
    "node": lambda cpu: cpu.node,
    "l3": lambda cpu: cpu.l3,
    _CORE: lambda cpu: cpu.core,
    _CPU: lambda cpu: cpu.id,
}


def _levels(cpus: Sequence[Cpu]) -> tuple[str, ...]:
    """Return package, node and cache from the largest to the smallest on this machine, then core and CPU."""
    outer = sorted(("package", "node", "l3"), key=lambda kind: len(set(map(_LABELS[kind], cpus))))
    return (*outer, _CORE, _CPU)


def _split(unit: _Unit) -> list[_Unit]:
    """Return the children: the parts at the first level below that divides the unit at all, in the order of
    their CPUs.
    """
    for depth, kind in enumerate(unit.levels):
        parts: dict[int, list[Cpu]] = {}
        for cpu in unit.cpus:
            parts.setdefault(_LABELS[kind](cpu), []).append(cpu)
        if len(parts) > 1 or kind == "group":
            return [_Unit(tuple(part), unit.levels[depth + 1 :]) for part in parts.values()]
    return [unit]


def _divide(unit: _Unit, slots: int, rule: Rule) -> list[tuple[Cpu, ...]]:
    """Return the unit's CPUs in `slots` parts, from the top of the tree down."""
    if slots <= 1 or unit.size == 1:
        return [unit.cpus] * slots
    children = _without_crumbs(_split(unit), slots)
    if len(children) == 1:
        return _divide(children[0], slots, rule)
    if slots < len(children):
        return _bundle(children, slots)
    shares = _shares(children, slots, rule)
    found = [slot for child, share in shares for slot in _divide(child, share, rule)]
    for child, share in shares:
        if not share:  # too large to stay idle, too small for a slot of its own
            smallest = min(range(len(found)), key=lambda index: len(found[index]))
            found[smallest] += child.cpus
    return found


def _without_crumbs(children: list[_Unit], slots: int) -> list[_Unit]:
    """Return the children without the tiny ones, unless those are needed or are mere cores."""
    fair = sum(child.size for child in children) / slots
    worth = [child for child in children if child.size >= CRUMB * fair or not child.levels[1:]]
    enough = sum(child.cores for child in worth) >= min(slots, sum(child.cores for child in children))
    left_out = sum(child.size for child in children) - sum(child.size for child in worth)
    return worth if worth and enough and left_out < CRUMB * fair else children


Rule = Callable[[Sequence[_Unit], int, Sequence[int]], list[int]]
"""A function from the children, the number of slots and the most that each child can take to the slots per
child.
"""


def _shares(children: list[_Unit], slots: int, rule: Rule) -> list[tuple[_Unit, int]]:
    """Return each child with its number of slots, by a rule; no more than it has cores, while there are cores
    for all.
    """
    whole_cores = slots <= sum(child.cores for child in children)
    room = [child.cores if whole_cores else slots for child in children]
    return list(zip(children, rule(children, slots, room), strict=True))


def _largest_slots(children: Sequence[_Unit], slots: int, room: Sequence[int]) -> list[int]:
    """Give each slot to the child whose slots are then still largest: the smallest slot becomes as large as
    possible.
    """
    return _one_by_one(children, slots, room, 1.0)


def _nearest(children: Sequence[_Unit], slots: int, room: Sequence[int]) -> list[int]:
    """Return each child's fair share, rounded to the nearest whole number."""
    return _one_by_one(children, slots, room, 0.5)


def _one_by_one(children: Sequence[_Unit], slots: int, room: Sequence[int], rounding: float) -> list[int]:
    """Give out slot by slot. Among equal children the one that has fewer comes first, so that none goes
    without in a tie.
    """
    given = [0] * len(children)
    for _ in range(slots):
        open_ = [index for index in range(len(children)) if given[index] < room[index]]
        best = max(
            open_, key=lambda index: (children[index].size / (given[index] + rounding), -given[index], -index)
        )
        given[best] += 1
    return given


def _in_order(children: Sequence[_Unit], slots: int, room: Sequence[int]) -> list[int]:
    """Round up along the way: the first k children together get their fair share, rounded up."""
    total = sum(child.size for child in children)
    marks = [0, *(-(-size * slots // total) for size in accumulate(child.size for child in children))]
    given = [high - low for low, high in pairwise(marks)]
    if any(share > most for share, most in zip(given, room, strict=True)):
        return _largest_slots(children, slots, room)
    return given


def _bundle(children: list[_Unit], slots: int) -> list[tuple[Cpu, ...]]:
    """Return the children in `slots` bundles: neighbours together if that is as even as any other way, else
    the evenest.
    """
    by_order = _neighbours(children, slots)
    by_size = _largest_first(children, slots)
    chosen = by_order if _spread(by_order) <= _spread(by_size) else by_size
    return [tuple(cpu for child in bundle for cpu in child.cpus) for bundle in chosen]


def _neighbours(children: list[_Unit], slots: int) -> list[list[_Unit]]:
    edges = [index * len(children) // slots for index in range(slots + 1)]
    return [children[low:high] for low, high in pairwise(edges)]


def _largest_first(children: list[_Unit], slots: int) -> list[list[_Unit]]:
    bundles: list[list[_Unit]] = [[] for _ in range(slots)]
    for child in sorted(children, key=lambda child: -child.size):
        min(bundles, key=lambda bundle: sum(unit.size for unit in bundle)).append(child)
    return bundles


def _spread(bundles: list[list[_Unit]]) -> int:
    sizes = [sum(child.size for child in bundle) for bundle in bundles]
    return max(sizes) - min(sizes)
