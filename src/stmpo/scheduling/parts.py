"""First ranges: the frames cut into one contiguous part a slot, so that all end together as far as costs are known.

A record of an earlier run may be of this very version of the project, or of one that has little in common with it.
Ranges that follow a wrong record run out at different times, and each that runs out early costs one more start-up: no
later decision wins that back. So a record that nobody vouches for is followed only part of the way (`hedged_parts`):
never so far that more than `STAKE` of the run would be lost if in truth every frame cost the same, and otherwise as far
as helps most if the record is right. The longer the start-up beside the work, the shorter that way is.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from stmpo.frames import FrameSet
from stmpo.scheduling.static import equal_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

STAKE = 0.04
"""Share of a run that may be lost to a record that is wrong."""

STEALS_EACH = 4
"""Ranges that are halved later, for each slot at most, when an end is foretold."""

_WAYS = 20
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
    frames: FrameSet, costs: Sequence[float], delays: Sequence[float], start_up: float
) -> list[FrameSet]:
    """`weighted_parts` for costs that may be wrong. `start_up` is the seconds that a renderer needs to start."""
    mean = sum(costs) / len(costs)
    even = [mean] * len(costs)
    start_up = max(
        start_up, mean
    )  # who is robbed, and when, is decided to a frame: a steal costs about as much
    plain = equal_parts(frames, len(delays))
    best = list(accumulate(len(part) for part in plain))
    allowed = (1 + STAKE) * _foretold(best, even, delays, start_up)
    soonest = _foretold(best, costs, delays, start_up)
    for step in range(_WAYS, 0, -1):
        ends = _ends([cost ** (step / _WAYS) for cost in costs], delays)
        end = _foretold(ends, costs, delays, start_up)
        if end < soonest and _foretold(ends, even, delays, start_up) <= allowed:
            best, soonest = ends, end
    return [FrameSet(frames.frames[start:end]) for start, end in pairwise([0, *best])]


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


def _foretold(ends: Sequence[int], costs: Sequence[float], delays: Sequence[float], start_up: float) -> float:
    """When a run with these parts would end: who is done first takes half of what the last one has left."""
    done = [0.0, *accumulate(costs)]
    free = [
        delay + start_up + done[end] - done[start]
        for delay, (start, end) in zip(delays, pairwise([0, *ends]), strict=True)
    ]
    late = [-end for end in free]
    heapq.heapify(free)
    heapq.heapify(late)
    for _ in range(STEALS_EACH * len(delays)):
        ready, last = free[0] + start_up, -late[0]
        if ready + 0.2 * start_up >= last:
            break
        both = (ready + last) / 2
        heapq.heapreplace(free, both)
        heapq.heapreplace(late, -both)
        heapq.heappush(late, -both)
    return -late[0]
