"""First ranges: the frames cut into one contiguous range per slot, so that all end together as far as costs
are known.

A record of an earlier run may be of this version of the project, or of one that has little in common with it.
Ranges that follow a wrong record run out at different times, and each that runs out early costs one more
start-up: no later decision wins that back. So a record is followed only part of the way (`hedged_ranges`), as
far as possible without losing more than `STAKE` of the run if in truth every frame cost the same, or ever
more, or ever less, as `makespan` predicts. The longer the start-up beside the work, the shorter that way is.
A record of this version may be wrong as well, since footage changes without the project, but seldom is: it is
followed wherever the gain is worth the risk.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet
from stmpo.scheduling.makespan import makespan
from stmpo.scheduling.static import equal_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

STAKE = 0.02
"""Share of a run that may be lost to a wrong record."""

SURE_STAKE = 0.08
"""The same for a record of this version of the project,"""

SURE_GAIN = 2.0
"""or this multiple of the gain if the record is right, if that is more: it is right far more often than
wrong.
"""

STEEP = 9.0
"""Cost of the dearest frame relative to the cheapest, where costs rise or fall from the first to the last."""

_WAYS = 10
"""Steps between a record's own ranges and equal ones."""

_HALVINGS = 24
"""Halvings of the time in which the end is searched."""


def weighted_ranges(frames: FrameSet, costs: Sequence[float], delays: Sequence[float]) -> list[FrameSet]:
    """Return one range per slot so that the last one ends as early as possible; some may be empty.

    `costs` are seconds per frame; `delays` are the seconds after which each slot's renderer starts.
    """
    ends = _ends(costs, delays)
    return [FrameSet(frames.frames[start:end]) for start, end in pairwise([0, *ends])]


def hedged_ranges(
    frames: FrameSet, costs: Sequence[float], delays: Sequence[float], start_up: float, *, sure: bool = False
) -> list[FrameSet]:
    """Return `weighted_ranges` for costs that may be wrong. `start_up` is the seconds that a renderer needs
    to start.

    `sure`: the costs are of the version that is rendered now, as far as known.
    """
    plain = list(accumulate(len(range_) for range_ in equal_ranges(frames, len(delays))))
    alternatives = [
        [0.0, *accumulate(costs_)] for costs_ in _alternatives(sum(costs) / len(costs), len(costs), sure=sure)
    ]
    usual = [makespan(plain, done, delays, start_up) for done in alternatives]
    right = [0.0, *accumulate(costs)]
    later = makespan(plain, right, delays, start_up)
    for step in range(_WAYS, 0, -1):
        bent = [cost ** (step / _WAYS) for cost in costs]
        ends = _ends(bent, delays)
        gain = later / makespan(ends, right, delays, start_up) - 1
        stake = max(SURE_STAKE, SURE_GAIN * gain) if sure else STAKE
        if gain > 0 and all(
            makespan(ends, done, delays, start_up) <= (1 + stake) * without
            for done, without in zip(alternatives, usual, strict=True)
        ):
            return weighted_ranges(frames, bent, delays)
    return equal_ranges(frames, len(delays))


def _alternatives(mean: float, count: int, *, sure: bool) -> list[list[float]]:
    """Return possible true costs: all the same, or rising, or falling."""
    even = [mean] * count
    if sure:
        return [even]
    rise = [mean * (1 + (STEEP - 1) * at / max(1, count - 1)) * 2 / (1 + STEEP) for at in range(count)]
    return [even, rise, rise[::-1]]


def _ends(costs: Sequence[float], delays: Sequence[float]) -> list[int]:
    """Return before which frame each range ends."""
    done = [0.0, *accumulate(costs)]
    low, high = min(delays), max(delays) + done[-1]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _filled(done, delays, middle)[-1] >= len(costs):
            high = middle
        else:
            low = middle
    ends = _filled(done, delays, high)
    ends[-1] = len(costs)  # what rounding has left over
    return ends


def _filled(done: Sequence[float], delays: Sequence[float], until: float) -> list[int]:
    """Return the end of each range if every slot works until `until`. `done` are running sums of the
    costs.
    """
    ends, at = [], 0
    for delay in delays:
        at = max(at, bisect_right(done, done[at] + until - delay) - 1)
        ends.append(at)
    return ends
