"""How long a run with given first ranges would take, if one knew what every frame costs: in milliseconds, frame by frame.

What `steal` does is played in short: who is idle takes from the back of the range that ends last what brings itself to
the water level. Only starts, steals and ends are steps, never single frames. Of more than `SAMPLE` slots a sample is
played, spread over the run, which stands for all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from stmpo.scheduling.water_level import WORTH, water_level

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE = 32
"""Slots that are played at most."""

STEALS_EACH = 4
"""Ranges that are cut, for each slot at most."""

_HALVINGS = 10


@dataclass(slots=True)
class _Range:
    """Frames that one process renders. Times are seconds; `first` and `end` are positions, `end` the one behind the last."""

    began: float
    first: int
    end: int
    until: float


def foretold(ends: Sequence[int], done: Sequence[float], delays: Sequence[float], start_up: float) -> float:
    """When the last frame is done. Each part ends before its position of `ends`; `done` sums up what the frames cost."""
    return _Course(done, start_up).play(_sample(ends, done, delays, start_up))


def _sample(
    ends: Sequence[int], done: Sequence[float], delays: Sequence[float], start_up: float
) -> list[_Range]:
    every = -(-len(ends) // SAMPLE)
    parts = list(zip(delays, pairwise([0, *ends]), strict=True))[::every]
    return [
        _Range(
            delay + start_up, first, end, delay + (start_up + done[end] - done[first] if end > first else 0)
        )
        for delay, (first, end) in parts
    ]


@dataclass(frozen=True, slots=True)
class _Course:
    """A run; `done` and `start_up` as of `foretold`."""

    done: Sequence[float]
    start_up: float

    def play(self, ranges: list[_Range]) -> float:
        """Until nobody can help any more; returns the end."""
        free = [part.until for part in ranges]
        heapify(free)
        for _ in range(STEALS_EACH * len(ranges)):
            now = heappop(free)
            victim = max(ranges, key=lambda part: part.until)
            thief = self._thief(ranges, free, victim, now)
            if thief is None:
                break
            free.remove(victim.until)
            victim.end = thief.first
            victim.until = victim.began + self._cost(victim.first, victim.end)
            ranges.append(thief)
            heapify(free)
            heappush(free, victim.until)
            heappush(free, thief.until)
        return max(part.until for part in ranges)

    def _cost(self, first: int, end: int) -> float:
        return self.done[end] - self.done[first]

    def _thief(
        self, ranges: Sequence[_Range], free: Sequence[float], victim: _Range, now: float
    ) -> _Range | None:
        """What a process that is started now takes from the victim's back; None if it does not pay."""
        ready = now + self.start_up
        worth = WORTH * self.start_up
        in_work = bisect_right(self.done, self.done[victim.first] + max(0.0, now - victim.began))
        least = max(victim.first + 1, in_work)
        if least >= victim.end or ready + worth >= victim.until:
            return None
        ends = [part.until for part in ranges if part.until > now]
        others = [max(ready, end + self.start_up) for end in ends] + [ready for end in free if end <= now]
        room = water_level(ends, [ready, *others], _HALVINGS) - ready
        first = bisect_left(self.done, self.done[victim.end] - room, least, victim.end - 1)
        if first > least and (self._cost(first, victim.end) + self._cost(first - 1, victim.end)) / 2 <= room:
            first -= 1
        until = ready + self._cost(first, victim.end)
        return _Range(ready, first, victim.end, until) if until + worth <= victim.until else None
