"""Which frame an idle slot renders as well, because its renderer seems to be stuck on it.

A backup task, as in MapReduce: when nothing else is left for a slot and one frame takes far longer than its
neighbours, the slot renders that frame too. The one that is whole first counts, and the other renderer is
stopped. A frame that is merely heavy costs one more start; a renderer that spins for ever costs no more than
that.

A renderer's first frame is compared with the first frames of others, since its caches are cold and
Multi-Frame Rendering has many frames in work. Every other frame is compared with the costs of the nearest
frames. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FACTOR = 5.0
"""A frame is overdue at so many times the slowest of its neighbours."""

LEAST_SECONDS = 2.0
"""Seconds below which no frame is overdue."""

NEIGHBOURS = 8
"""Frames with a known cost that a frame is compared with, at most."""

KNOWN = 3
"""Frames that must be known at least, to compare with."""


@dataclass(frozen=True, slots=True)
class FrameInWork:
    """A frame that a renderer has in work."""

    attempt: int
    frame: int
    seconds: float
    """How long it has been in work."""

    is_first: bool
    """Whether it is the renderer's first one."""


def choose_backup(
    in_work: Iterable[FrameInWork],
    costs: Mapping[int, float],
    first_frames: Sequence[float],
    start_up: float,
) -> FrameInWork | None:
    """Return the frame that is overdue most, or None if none is.

    `costs` are seconds per frame of this run, `first_frames` the seconds of renderers' first frames, and
    `start_up` the usual seconds from a start to rendering: a backup must be expected to pay.
    """
    best, most = None, 1.0
    for each in in_work:
        usual = first_frames[-NEIGHBOURS:] if each.is_first else _neighbours(each.frame, costs)
        if len(usual) < (1 if each.is_first else KNOWN):
            continue
        slowest = max(usual)
        overdue = each.seconds / max(FACTOR * slowest, 2 * (start_up + slowest), LEAST_SECONDS)
        if overdue >= most:
            best, most = each, overdue
    return best


def _neighbours(frame: int, costs: Mapping[int, float]) -> list[float]:
    nearest = sorted(costs, key=lambda other: abs(other - frame))[:NEIGHBOURS]
    return [costs[other] for other in nearest]
