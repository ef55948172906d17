"""A schedule as a picture: a row per slot, time from left to right, a bar per process.

    slot 0 ░░░██████████████████▏░░░██████
    slot 1 ░░░████████████████████████▏        light: start-up; full: rendering; red: it died
              :                     :  bound   makespan

The same schedule gives the same bytes. Text is real text; every bar has a tooltip.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.scheduling.simulate import Simulation, Stint

_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 28.0, 78.0, 40.0
_WIDTH = 960.0
_STYLE = """
text { font-family: system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; fill: #1f2937; }
.title { font-size: 20px; font-weight: 600; }
.sub { font-size: 13px; fill: #4b5563; }
.label { font-size: 11px; fill: #4b5563; text-anchor: end; }
.axis { font-size: 11px; fill: #4b5563; text-anchor: end; }
"""
_START, _FIRST, _CUT, _LATER, _DEAD = "#e2e8f0", "#3b82f6", "#60a5fa", "#10b981", "#ef4444"


def draw(outcome: Simulation, title: str, subtitle: str) -> str:
    """Return the text of an SVG file."""
    slots = 1 + max((stint.slot for stint in outcome.stints), default=0)
    lane = max(5.0, min(26.0, 640.0 / slots))
    end = max(outcome.makespan, outcome.bound, 1e-9)
    scale = (_WIDTH - _LEFT - _RIGHT) / end
    height = _TOP + slots * lane + _BOTTOM
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" '
            f'width="{_WIDTH:.0f}" height="{height:.0f}" role="img" aria-label="{escape(title)}">'
        ),
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        f'<text x="{_LEFT:.0f}" y="32" class="title">{escape(title)}</text>',
        f'<text x="{_LEFT:.0f}" y="54" class="sub">{escape(subtitle)}</text>',
    ]
    step = max(1, round(16 / lane))
    for slot in range(0, slots, step):
        y = _TOP + slot * lane + lane / 2 + 4
        parts.append(f'<text x="{_LEFT - 8:.0f}" y="{y:.1f}" class="label">slot {slot}</text>')
    seen: set[int] = set()
    for stint in sorted(outcome.stints, key=lambda stint: (stint.started, stint.slot)):
        parts += _bars(stint, scale, lane, first=stint.slot not in seen)
        seen.add(stint.slot)
    parts += _mark(outcome.bound, "bound", scale, height, "#b45309")
    parts += _mark(outcome.makespan, "end", scale, height, "#1f2937")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bars(stint: Stint, scale: float, lane: float, *, first: bool) -> Iterable[str]:
    y, thick = _TOP + stint.slot * lane + 1, max(lane - 2, 3)
    x, began, end = (_LEFT + scale * time for time in (stint.started, stint.began, stint.ended))
    fill = _DEAD if stint.died else (_CUT if stint.cut else _FIRST) if first else _LATER
    note = " died," if stint.died else " cut," if stint.cut else ""
    yield (
        f"<g><title>slot {stint.slot}: asked for {stint.asked},{note} {stint.frames} frames, "
        f"{stint.started:.1f} to {stint.ended:.1f} s, start-up {stint.began - stint.started:.1f} s</title>"
    )
    yield f'<rect x="{x:.2f}" y="{y:.1f}" width="{max(began - x, 0):.2f}" height="{thick:.1f}" fill="{_START}"/>'
    yield (
        f'<rect x="{began:.2f}" y="{y:.1f}" width="{max(end - began, 0.5):.2f}" height="{thick:.1f}" rx="1.5" fill="{fill}"/></g>'
    )


def _mark(time: float, name: str, scale: float, height: float, colour: str) -> Iterable[str]:
    x, bottom = _LEFT + scale * time, height - _BOTTOM + 6
    yield (
        f'<line x1="{x:.2f}" y1="{_TOP - 8:.0f}" x2="{x:.2f}" y2="{bottom:.1f}" stroke="{colour}" stroke-dasharray="4 3"/>'
    )
    row = 14 if name == "bound" else 28
    # The text ends at its mark, because the last mark is near the right edge.
    yield f'<text x="{max(x + 4, _LEFT + 90):.2f}" y="{bottom + row - 2:.1f}" class="axis">{name} {time:.1f} s</text>'
