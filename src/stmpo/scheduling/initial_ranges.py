"""First ranges: the frames cut into one contiguous part a slot, so that all end together as far as costs are known.

A record of an earlier run may be of this very version of the project, or of one that has little in common with it.
Ranges that follow a wrong record run out at different times, and each that runs out early costs one more start-up: no
later decision wins that back. So a record is followed only part of the way (`hedged_parts`): never so far that more than
`STAKE` of the run would be lost if in truth every frame cost the same, or ever more, or ever less, as `foretold` says;
otherwise as far as it goes. The longer the start-up beside the work, the shorter that way is. A record of this very version
may be wrong as well, since footage changes without the project, but seldom is: it is followed wherever that may win
something that is worth the danger.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet
from stmpo.scheduling.makespan import foretold
from stmpo.scheduling.static import equal_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

STAKE = 0.02
"""Share of a run that may be lost to a record that is wrong."""

SURE_STAKE = 0.08
"""The same for a record of this very version of the project,"""

SURE_GAIN = 2.0
"""or so many times what is won by it if it is right, where that is more: right it is far more often than wrong."""

STEEP = 9.0
"""The dearest frame beside the cheapest one, where costs rise or fall from the first to the last."""

_WAYS = 10
"""Steps between a record's own ranges and equal ones."""

_HALVINGS = 24
"""Of the time in which the end is looked for."""


def weighted_parts(frames: FrameSet, costs: Sequence[float], delays: Sequence[float]) -> list[FrameSet]:
    """One part a slot, of which the last to end ends as early as can be; some may be empty.

    `costs` are seconds, one a frame; `delays` are the seconds after which each slot's renderer starts.
    """
    ends = _ends(costs, delays)
    return [FrameSet(frames.frames[start:end]) for start, end in pairwise([0, *ends])]


def hedged_parts(
    frames: FrameSet, costs: Sequence[float], delays: Sequence[float], start_up: float, *, sure: bool = False
) -> list[FrameSet]:
    """`weighted_parts` for costs that may be wrong. `start_up` is the seconds that a renderer needs to start.

    `sure`: they are of what is rendered now, as far as anybody knows.
    """
    plain = list(accumulate(len(part) for part in equal_parts(frames, len(delays))))
    truths = [[0.0, *accumulate(truth)] for truth in _truths(sum(costs) / len(costs), len(costs), sure=sure)]
    usual = [foretold(plain, done, delays, start_up) for done in truths]
    right = [0.0, *accumulate(costs)]
    later = foretold(plain, right, delays, start_up)
    for step in range(_WAYS, 0, -1):
        bent = [cost ** (step / _WAYS) for cost in costs]
        ends = _ends(bent, delays)
        gain = later / foretold(ends, right, delays, start_up) - 1
        stake = max(SURE_STAKE, SURE_GAIN * gain) if sure else STAKE
        if gain > 0 and all(
            foretold(ends, done, delays, start_up) <= (1 + stake) * without
            for done, without in zip(truths, usual, strict=True)
        ):
            return weighted_parts(frames, bent, delays)
    return equal_parts(frames, len(delays))


def _truths(mean: float, count: int, *, sure: bool) -> list[list[float]]:
    """What the frames may cost instead: all the same, or ever more, or ever less."""
    even = [mean] * count
    if sure:
        return [even]
    rise = [mean * (1 + (STEEP - 1) * at / max(1, count - 1)) * 2 / (1 + STEEP) for at in range(count)]
    return [even, rise, rise[::-1]]


def _ends(costs: Sequence[float], delays: Sequence[float]) -> list[int]:
    """Before which frame each part ends."""
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
    """Where each part ends when every slot takes as much as it can do until then. `done` sums the costs up."""
    ends, at = [], 0
    for delay in delays:
        at = max(at, bisect_right(done, done[at] + until - delay) - 1)
        ends.append(at)
    return ends
