"""First ranges: the frames cut into one contiguous range per slot, so that all end together as far as costs
are known.

Slots start one after the other. Which of them is given the heavy passage matters: a frame of 30 s at the last
slot, which starts 30 s after the first one, decides the end. So the ranges are laid out in several orders of
the slots, and the one that ends first is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEW = 64
"""Slots up to which every slot is tried at every place."""

STAKE = 0.0125
"""Share of a run that may be lost to a record that is of another version of the project."""

_TRIALS = 4
"""Earlier ends that are tried with each order of the slots."""

_STEPS = 10
"""Steps between a record's own ranges and equal ones."""

_HALVINGS = 24
"""Of the time in which the end is searched."""


def equal_ranges(frames: FrameSet, count: int) -> list[FrameSet]:
    """Cut a frame set into `count` contiguous ranges whose lengths differ by at most one; the later ones may
    be empty.
    """
    quotient, remainder = divmod(len(frames), count)
    ranges, start = [], 0
    for number in range(count):
        end = start + quotient + (number < remainder)
        ranges.append(FrameSet(frames.frames[start:end]))
        start = end
    return ranges


def weighted_ranges(frames: FrameSet, costs: Sequence[float], delays: Sequence[float]) -> list[FrameSet]:
    """Return one range per slot so that the last one ends as early as possible; some may be empty.

    `costs` are seconds per frame; `delays` are the seconds after which each slot's renderer starts.
    """
    best = min(_layouts(costs, delays), key=lambda layout: layout.end)
    return best.ranges(frames, best.end)


def candidates(frames: FrameSet, costs: Sequence[float], delays: Sequence[float]) -> Iterator[list[FrameSet]]:
    """Yield ranges that are worth a trial by simulation, the weighted ones first.

    The others are filled to an earlier end, and leave more to one slot than it can do by then: others, which
    could not have used the time for one more of their long frames, will take it from there.
    """
    yield weighted_ranges(frames, costs, delays)
    first = min(delays) + sum(costs) / len(delays)
    for mirrored in (False, True):
        for layout in _layouts(costs[::-1] if mirrored else costs, delays):
            for step in range(_TRIALS):
                yield layout.ranges(frames, first + (layout.end - first) * step / _TRIALS, mirrored=mirrored)


def _layouts(costs: Sequence[float], delays: Sequence[float]) -> list[_Layout]:
    sums = [0.0, *accumulate(costs)]
    ascending = list(range(len(delays)))
    layouts = [_Layout(sums, delays, ascending)]
    if max(delays) > min(delays):
        layouts.append(_Layout(sums, delays, ascending[::-1]))
        layouts += [_Layout(sums, delays, None)] if len(delays) <= FEW else []
    return layouts


def cautious(costs: Sequence[float], slots: int, start_up: float) -> list[float]:
    """Return costs that may be stale, bent towards their mean as far as needed. All are seconds.

    Ranges that follow a wrong record run out at different times, and each that runs out early costs one more
    start-up. So the record is followed only so far that no more than `STAKE` of the run would be lost if all
    frames cost the same.
    """
    mean = sum(costs) / max(1, len(costs))
    even = len(costs) / slots
    frames = FrameSet.between(0, len(costs) - 1)
    for step in range(_STEPS, 0, -1):
        bent = [cost ** (step / _STEPS) for cost in costs]
        lengths = [len(part) for part in weighted_ranges(frames, bent, [0.0] * slots)]
        lost = sum(min(start_up, mean * abs(length - even)) for length in lengths) / slots
        if lost <= STAKE * mean * even:
            scale = mean * len(costs) / sum(bent)
            return [cost * scale for cost in bent]
    return [mean] * len(costs)


class _Layout:
    """Ranges of the slots in one order; None: at each place the slot that fits best. `sums` are running sums
    of the costs.
    """

    def __init__(self, sums: Sequence[float], delays: Sequence[float], order: Sequence[int] | None) -> None:
        self._sums, self._delays, self._order = sums, delays, order
        low, self.end = min(delays), max(delays) + sums[-1]
        for _ in range(_HALVINGS):
            middle = (low + self.end) / 2
            if self._filled(middle)[-1][2] == len(sums) - 1:
                self.end = middle
            else:
                low = middle

    def ranges(self, frames: FrameSet, until: float, *, mirrored: bool = False) -> list[FrameSet]:
        """Return the range of each slot if every slot works until `until`; the last of them takes the
        rest.
        """
        cuts, count = self._filled(until), len(frames)
        cuts[-1] = (*cuts[-1][:2], count)
        ranges = [FrameSet(())] * len(self._delays)
        for slot, first, end in cuts:
            ranges[slot] = FrameSet(
                frames.frames[count - end : count - first] if mirrored else frames.frames[first:end]
            )
        return ranges

    def _filled(self, until: float) -> list[tuple[int, int, int]]:
        """Return the range of each slot if every slot works until `until`."""
        cuts, at = [], 0
        left = list(range(len(self._delays))) if self._order is None else list(self._order)[::-1]
        while left:
            slot = left.pop() if self._order is not None else self._fittest(left, at, until)
            end = self._reach(slot, at, until)
            cuts.append((slot, at, end))
            at = end
        return cuts

    def _reach(self, slot: int, at: int, until: float) -> int:
        return max(at, bisect_right(self._sums, self._sums[at] + until - self._delays[slot]) - 1)

    def _fittest(self, left: list[int], at: int, until: float) -> int:
        """Remove and return the slot that idles least before `until` if it begins here; of equals the latest
        one.
        """

        def idle(slot: int) -> float:
            return until - self._delays[slot] - (self._sums[self._reach(slot, at, until)] - self._sums[at])

        best = min(reversed(left), key=idle)
        left.remove(best)
        return best
