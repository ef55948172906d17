"""First ranges: the frames cut into one contiguous part a slot, so that all end together as far as costs are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Sequence

_HALVINGS = 24
"""Of the time in which the end is looked for."""


def weighted_parts(frames: FrameSet, costs: Sequence[float], delays: Sequence[float]) -> list[FrameSet]:
    """One part a slot, of which the last to end ends as early as can be; some may be empty.

    `costs` are seconds, one a frame; `delays` are the seconds after which each slot's renderer starts.
    """
    low, high = min(delays), max(delays) + sum(costs)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _filled(costs, delays, middle)[-1] >= len(frames):
            high = middle
        else:
            low = middle
    ends = _filled(costs, delays, high)
    ends[-1] = len(frames)  # what rounding has left over
    return [FrameSet(frames.frames[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def _filled(costs: Sequence[float], delays: Sequence[float], until: float) -> list[int]:
    """Where each part ends when every slot takes as much as it can do until then."""
    ends, at = [], 0
    for delay in delays:
        room = until - delay
        while at < len(costs) and costs[at] <= room:
            room -= costs[at]
            at += 1
        ends.append(at)
    return ends
