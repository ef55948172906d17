"""The makespan of a run with given first ranges, if the cost of every frame were known: computed in
milliseconds.

The rules of `steal` are replayed in short: an idle slot takes from the back of the range that ends last until
it reaches the water level. The steps are starts, steals and ends, never single frames. Of more than `SAMPLE`
slots a sample is replayed, spread over the run, which stands for all.
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
"""Most slots that are replayed."""

STEALS_EACH = 4
"""Most ranges that are cut, per slot."""

_HALVINGS = 10


@dataclass(slots=True)
class _Range:
    """Frames of one process. Times are seconds; `first` and `end` are positions, `end` the one behind the
    last.
    """

    began: float
    first: int
    end: int
    until: float


def makespan(ends: Sequence[int], done: Sequence[float], delays: Sequence[float], start_up: float) -> float:
    """Return when the last frame is done. Each range ends before its position of `ends`; `done` are running
    sums of the frame costs.
    """
    return _Replay(done, start_up).play(_sample(ends, done, delays, start_up))


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
class _Replay:
    """A run; `done` and `start_up` as in `makespan`."""

    done: Sequence[float]
    start_up: float

    def play(self, ranges: list[_Range]) -> float:
        """Play until no steal pays any more; return the end."""
        free = [part.until for part in ranges]
        heapify(free)
        for _ in range(STEALS_EACH * len(ranges)):
            now = heappop(free)
            victim = max(ranges, key=lambda part: part.until)
            stolen = self._stolen(ranges, free, victim, now)
            if stolen is None:
                break
            free.remove(victim.until)
            victim.end = stolen.first
            victim.until = victim.began + self._cost(victim.first, victim.end)
            ranges.append(stolen)
            heapify(free)
            heappush(free, victim.until)
            heappush(free, stolen.until)
        return max(part.until for part in ranges)

    def _cost(self, first: int, end: int) -> float:
        return self.done[end] - self.done[first]

    def _stolen(
        self, ranges: Sequence[_Range], free: Sequence[float], victim: _Range, now: float
    ) -> _Range | None:
        """Return the range that a process started now takes from the victim's back; None if it does not
        pay.
        """
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
