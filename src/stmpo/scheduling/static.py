"""`static`: equal contiguous ranges, one per slot, as in the first version of this tool.

It is kept for comparison, for single files, and because it is the plainest rule that keeps the contract: the
frames are cut into as many contiguous ranges as there are slots, each range into spans at the gaps of the
frame set. After its own range a slot follows the order of `stmpo.scheduling.lease_queue`; no living lease is
ever touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet
from stmpo.scheduling.lease_queue import LeaseQueue
from stmpo.scheduling.protocol import Grant, Lease, Reclaim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.model.frames import Span


class Static:
    """Equal contiguous ranges for `slots` slots. Implements `stmpo.scheduling.protocol.Strategy`."""

    name = "static"

    def __init__(self, frames: FrameSet, slots: int) -> None:
        self._lease_queue = LeaseQueue(equal_ranges(frames, slots))

    @property
    def waiting(self) -> int:
        """Return the number of frames that are not leased yet."""
        return self._lease_queue.waiting

    def grant(self, slot: int, now: float) -> Grant | None:  # noqa: ARG002 - this rule needs no clock
        """Return the next lease for an idle slot, or None when nothing waits for it at present."""
        lease = self._lease_queue.take(slot)
        return None if lease is None else Grant(lease)

    def started(self, lease: Lease, now: float) -> None:
        """Ignore the event."""

    def began(self, lease: Lease, now: float) -> None:
        """Ignore the event."""

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Ignore the event."""

    def reclaim(self, lease: Lease, now: float) -> Reclaim | None:  # noqa: ARG002 - no lease is ever cut
        """Return None: no lease is ever cut."""

    def retire(self, lease: Lease) -> None:
        """Remove the lease."""
        self._lease_queue.retire(lease)

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Queue frames that must be rendered again: next, or (`last`) after all others."""
        self._lease_queue.give_back(spans, last=last)


def equal_ranges(frames: FrameSet, count: int) -> list[FrameSet]:
    """Cut a frame set into `count` contiguous ranges whose lengths differ by at most one; the later ones may
    be empty.
    """
    quotient, remainder = divmod(len(frames), count)
    pieces, start = [], 0
    for part in range(count):
        end = start + quotient + (part < remainder)
        pieces.append(FrameSet(frames.frames[start:end]))
        start = end
    return pieces
