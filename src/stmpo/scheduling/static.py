"""`static`: equal contiguous ranges, one a slot, as the first version of this tool had it.

Kept for comparison, for single files, and because it is the plainest rule that keeps the contract: the frames are cut
into as many contiguous parts as there are slots, each part into spans at the gaps of the frame set. What a slot does
after its own part is `stmpo.scheduling.lease_queue`'s order; no living lease is ever touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet
from stmpo.scheduling.lease_queue import LeaseQueue
from stmpo.scheduling.protocol import Grant, Lease

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.model.frames import Span


class Static:
    """Equal contiguous ranges for `slots` slots. Implements `stmpo.scheduling.protocol.Strategy`."""

    name = "static"

    def __init__(self, frames: FrameSet, slots: int) -> None:
        self._lease_queue = LeaseQueue(equal_parts(frames, slots))

    @property
    def waiting(self) -> int:
        """Frames that nobody has been given yet."""
        return self._lease_queue.waiting

    def grant(self, slot: int, now: float) -> Grant | None:  # noqa: ARG002 - this rule looks at no clock
        """The next lease for an idle slot, or None when nothing waits for it at present."""
        lease = self._lease_queue.take(slot)
        return None if lease is None else Grant(lease)

    def started(self, lease: Lease, now: float) -> None:
        """Changes nothing here."""

    def began(self, lease: Lease, now: float) -> None:
        """Changes nothing here."""

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Changes nothing here."""

    def retire(self, lease: Lease) -> None:
        """The process of this lease has ended."""
        self._lease_queue.retire(lease)

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Frames that must be rendered again: next, or (`last`) after everything else."""
        self._lease_queue.give_back(spans, last=last)


def equal_parts(frames: FrameSet, parts: int) -> list[FrameSet]:
    """Cut a frame set into `parts` contiguous pieces whose lengths differ by one at most; the later ones may be empty."""
    quotient, remainder = divmod(len(frames), parts)
    pieces, start = [], 0
    for part in range(parts):
        end = start + quotient + (part < remainder)
        pieces.append(FrameSet(frames.frames[start:end]))
        start = end
    return pieces
