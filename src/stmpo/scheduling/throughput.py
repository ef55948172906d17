"""Whether more processes made more frames: the rate of all together, by how many rendered at a time.

Each process alone is always slower beside others; that says nothing. What counts is the total. Processes start one
after the other and end one after the other, so a run shows by itself what two, three, … did together. Frames differ in
cost, and counts that lie near each other may have met different ones: only where half as many, or fewer, were clearly
faster together over enough frames, it is a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ENOUGH_FRAMES = 10
"""Frames that must have been finished at a count before its rate means anything."""

ENOUGH_SECONDS = 20.0
"""Seconds that must have been spent at it."""

CLEARLY = 1.15
"""By how much the total rate of fewer processes must be above that of the most."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What so many processes did together."""

    processes: int
    frames_per_second: float


@dataclass(slots=True)
class Throughput:
    """Adds up seconds and frames by how many processes render. Times are seconds of any clock."""

    _seconds: dict[int, float] = field(default_factory=dict)
    _frames: dict[int, int] = field(default_factory=dict)
    _last: tuple[float, int, int] | None = None

    def observe(self, now: float, rendering: int, finished: int) -> None:
        """Now so many processes render, and so many frames have been finished in all."""
        if self._last is not None and (rendering == self._last[1] > 0):
            then, count, before = self._last
            self._seconds[count] = self._seconds.get(count, 0.0) + now - then
            self._frames[count] = self._frames.get(count, 0) + finished - before
        self._last = (now, rendering, finished)

    def rates(self) -> list[Rate]:
        """The rate at each count that was held long enough, fewest first."""
        return [
            Rate(count, self._frames[count] / seconds)
            for count, seconds in sorted(self._seconds.items())
            if seconds >= ENOUGH_SECONDS and self._frames[count] >= ENOUGH_FRAMES
        ]

    def too_many(self) -> tuple[Rate, Rate] | None:
        """The best count and the highest one, where fewer processes were clearly faster together; else None."""
        rates = self.rates()
        if not rates:
            return None
        most = rates[-1]
        fewer = [rate for rate in rates if 2 * rate.processes <= most.processes]
        best = max(fewer, key=lambda rate: rate.frames_per_second, default=most)
        return (best, most) if best.frames_per_second > CLEARLY * most.frames_per_second else None
