"""Detect renderers that slow each other down so much that more of them render fewer frames, while they start
one by one.

    renderer 1   |--f--|---f---|-----f-----|-------f-------|
    renderer 2         |----f-----|-------f-------|        neighbouring frames of one renderer are alike:
    renderer 3               |------f-------|              the others cause a rise in cost

Each frame is a point: its cost, and how many renderers worked meanwhile (on average). From one frame of a
renderer to its next, `log cost` rises by `slope * log count`: 0 without contention, 1 where all together
render as much as one, and above 1 where each further one lowers the total. Only such steps count, never the
level of a renderer, so heavy passages mislead only if they begin where another renderer begins. The renderer
with the strongest evidence is left out, so that a single passage never decides. With two renderers nothing is
left then: `throughput` covers those.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STEPS = 8
"""Fewest steps from frame to frame."""

LANES = 3
"""Fewest renderers, of which one is left out."""

SIGMAS = 2.5
"""Standard errors by which the slope must exceed 1."""

CLEARLY = 1.15
"""Factor by which fewer together must have been faster."""


@dataclass(slots=True)
class _Lane:
    """One renderer. Times are seconds."""

    now: float
    frames: int
    partial: bool
    """The begin of its frame in work is unknown."""

    spent: float = 0.0
    """Seconds since its last frame."""

    share: float = 0.0
    """The same, divided by the number of renderers."""

    before: tuple[float, float] | None = None
    """Logarithms of count and cost of its previous frame."""

    steps: int = 0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0

    def finished(self, frames: int) -> float | None:
        """Record frames finished since the last observation; return how many renderers worked meanwhile, if
        known.
        """
        if self.partial:
            self.partial, self.spent, self.share = False, 0.0, 0.0
            return None
        count = self.spent / self.share
        point = math.log(count), math.log(self.spent / frames)
        if self.before is not None:
            x, y = point[0] - self.before[0], point[1] - self.before[1]
            self.steps += 1
            self.xx, self.xy, self.yy = self.xx + x * x, self.xy + x * y, self.yy + y * y
        self.before, self.spent, self.share = point, 0.0, 0.0
        return count


@dataclass(slots=True)
class Contention:
    """Collects which renderers render, and how many frames each has finished."""

    _lanes: dict[int, _Lane] = field(default_factory=dict)
    _gone: list[_Lane] = field(default_factory=list)
    _held: set[int] = field(default_factory=set)
    _fewest: float = math.inf
    _most: float = 0.0

    def observe(self, now: float, rendering: int, frames: Mapping[int, int]) -> None:
        """Record at `now` seconds how many renderers render, and how many frames each has finished.

        Call it as soon as a renderer begins or finishes a frame.
        """
        for number in [number for number in self._lanes if number not in frames]:
            self._gone.append(self._lanes.pop(number))  # ended, or paused: its frame in work is no measure
            self._held.add(number)
        for number, done in frames.items():
            lane = self._lanes.get(number)
            if lane is None:
                lane = self._lanes[number] = _Lane(now, done, partial=done > 0 or number in self._held)
            lane.spent += now - lane.now
            lane.share += (now - lane.now) / max(1, rendering)
            lane.now = now
            if done > lane.frames and lane.spent > 0:
                count = lane.finished(done - lane.frames)
                if count is not None:
                    self._fewest, self._most = min(self._fewest, count), max(self._most, count)
            lane.frames = max(lane.frames, done)

    def fewer(self) -> tuple[int, float] | None:
        """Return the fewest that rendered together, and their speed-up over the most; None without clear
        evidence.
        """
        lanes = [lane for lane in (*self._lanes.values(), *self._gone) if lane.xx > 0]
        if len(lanes) < LANES:
            return None
        lanes.remove(max(lanes, key=lambda lane: lane.xy))
        slope, error = _slope(lanes)
        if slope - SIGMAS * error <= 1:
            return None
        count = max(1, round(self._fewest))
        faster = float((self._most / count) ** (slope - 1))
        return (count, faster) if faster > CLEARLY and 2 * count <= self._most else None


def _slope(lanes: Iterable[_Lane]) -> tuple[float, float]:
    """Return the slope over these, and its standard error; 0 with too few steps."""
    every = list(lanes)
    steps = sum(lane.steps for lane in every)
    xx, xy, yy = (
        sum(values) for values in zip(*((lane.xx, lane.xy, lane.yy) for lane in every), strict=True)
    )
    if steps < STEPS:
        return 0.0, 0.0
    slope = xy / xx
    scatter = max(0.0, yy - slope * xy) / (steps - 1)
    return slope, math.sqrt(scatter / xx)
