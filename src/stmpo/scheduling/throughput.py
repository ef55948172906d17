"""Whether more processes rendered more frames: the total rate, by how many rendered at a time.

A process is always slower beside others; only the total counts. There are two views of it:

- *in one run* (`Throughput`): processes start one after the other and end one after the other, so a run shows
  what two, three, … rendered together. Frames differ in cost, and counts near each other may have met
  different ones: only if half as many or fewer were faster together by more than chance, over enough frames,
  it is a finding;
- *beside an earlier run* (`fewer_were_faster`): the same frames of the same version, rendered by another
  number of processes, compared frame by frame. If a start takes long and ranges end together, one run sees
  hardly any other count than its own; this view covers that, beside `contention`, which looks at single
  frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENOUGH_FRAMES = 10
"""Fewest frames finished at a count before its rate means anything."""

ENOUGH_SECONDS = 20.0
"""Fewest seconds spent at it."""

CLEARLY = 1.15
"""Factor by which the total rate of fewer processes must exceed that of the most,"""

SIGMAS = 2.0
"""and in standard errors besides, with the finished frames as random counts."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of a number of processes together."""

    processes: int
    frames_per_second: float
    frames: int = 0
    """Number of frames behind it."""


@dataclass(slots=True)
class Throughput:
    """Sums of seconds and frames by how many processes render. Times are seconds of any clock."""

    _seconds: dict[int, float] = field(default_factory=dict)
    _frames: dict[int, int] = field(default_factory=dict)
    _last: tuple[float, int, int] | None = None

    def observe(self, now: float, rendering: int, finished: int) -> None:
        """Record that this many processes render now, and the number of frames finished in all."""
        if self._last is not None and (rendering == self._last[1] > 0):
            then, count, before = self._last
            self._seconds[count] = self._seconds.get(count, 0.0) + now - then
            self._frames[count] = self._frames.get(count, 0) + finished - before
        self._last = (now, rendering, finished)

    def rates(self) -> list[Rate]:
        """Return the rate at each count that was held long enough, fewest first."""
        return [
            Rate(count, self._frames[count] / seconds, self._frames[count])
            for count, seconds in sorted(self._seconds.items())
            if seconds >= ENOUGH_SECONDS and self._frames[count] >= ENOUGH_FRAMES
        ]

    def most(self) -> Rate | None:
        """Return the rate of the highest count that ever rendered together."""
        count = max(self._seconds, default=0)
        seconds = self._seconds.get(count, 0.0)
        return Rate(count, self._frames[count] / seconds, self._frames[count]) if seconds else None

    def too_many(self) -> tuple[Rate, Rate] | None:
        """Return the best count and the highest one, if fewer processes were clearly faster together; else
        None.
        """
        rates = self.rates()
        if not rates:
            return None
        most = rates[-1]
        fewer = [rate for rate in rates if 2 * rate.processes <= most.processes]
        best = max(fewer, key=lambda rate: rate.frames_per_second, default=most)
        return (best, most) if _clearly(best, most) else None


def fewer_were_faster(
    before: Mapping[int, tuple[int, float]], now: Mapping[int, float], processes: int
) -> tuple[Rate, Rate] | None:
    """Return the best count of an earlier run and this run's, if fewer processes were clearly faster
    together.

    `before` has the count and the cost (seconds) of each frame rendered earlier, `now` the costs of this
    run's.
    """
    costs: dict[int, list[tuple[float, float]]] = {}
    for frame, (count, cost) in before.items():
        if frame in now and count < processes:
            costs.setdefault(count, []).append((cost, now[frame]))
    found = [
        (_rate(count, [cost for cost, _ in pairs]), _rate(processes, [cost for _, cost in pairs]))
        for count, pairs in costs.items()
        if len(pairs) >= ENOUGH_FRAMES and sum(cost for cost, _ in pairs) >= ENOUGH_SECONDS
    ]
    found = [(fewer, most) for fewer, most in found if _clearly(fewer, most)]
    return max(found, key=lambda pair: pair[0].frames_per_second / pair[1].frames_per_second, default=None)


def _rate(processes: int, costs: list[float]) -> Rate:
    return Rate(processes, processes * len(costs) / max(sum(costs), 1e-6), len(costs))


def _clearly(fewer: Rate, most: Rate) -> bool:
    error = math.sqrt(1 / max(fewer.frames, 1) + 1 / max(most.frames, 1))
    return fewer.frames_per_second > CLEARLY * math.exp(SIGMAS * error) * most.frames_per_second
