"""`static`: equal contiguous ranges, one per slot, as in the first version of this tool.

It is kept for comparison, for single files, and because it is the plainest rule that keeps the contract: the
frames are cut into as many contiguous ranges as there are slots, each range into spans at the gaps of the
frame set. After its own range a slot follows the order of `stmpo.scheduling.lease_queue`; no living lease is
ever touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.scheduling.initial_ranges import equal_ranges
from stmpo.scheduling.lease_queue import LeaseQueue
from stmpo.scheduling.protocol import Grant, Lease, Reclaim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.model.frames import FrameSet, Span


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

    def reclaim(self, lease: Lease, now: float) -> Reclaim | None:
        """Return None: no lease is ever cut."""

    def fall_back(self) -> tuple[Lease, ...]:
        """Return nothing: no folder is shared."""
        return ()

    def retire(self, lease: Lease) -> None:
        """Remove the lease."""
        self._lease_queue.retire(lease)

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Queue frames that must be rendered again: next, or (`last`) after all others."""
        self._lease_queue.give_back(spans, last=last)
