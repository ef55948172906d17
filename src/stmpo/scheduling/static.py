"""`static`: equal contiguous ranges, one a slot, as the first version of this tool had it.

Kept for comparison, for single files, and because it is the plainest rule that keeps the contract: the frames are cut
into as many contiguous parts as there are slots, each part into spans at the gaps of the frame set. A slot works
through its own spans, then through what came back from failed attempts, then helps with spans that nobody has started.
Frames that came back with `last` (they keep failing) wait until no other lease is living, so that one bad frame never
holds up or endangers the good ones.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from stmpo.frames import FrameSet, Span
from stmpo.scheduling.protocol import Lease

if TYPE_CHECKING:
    from collections.abc import Iterable


class Static:
    """Equal contiguous ranges for `slots` slots. Implements `stmpo.scheduling.protocol.Strategy`."""

    name = "static"

    def __init__(self, frames: FrameSet, slots: int) -> None:
        self._own = [deque(part.runs()) for part in equal_parts(frames, slots)]
        self._returned: deque[Span] = deque()
        self._set_aside: deque[Span] = deque()
        self._living: dict[int, bool] = {}
        """Lease id to whether it was set aside."""
        self._next_id = 1

    @property
    def waiting(self) -> int:
        """Frames that nobody has been given yet."""
        queues = [*self._own, self._returned, self._set_aside]
        return sum(len(span) for queue in queues for span in queue)

    def grant(self, slot: int) -> Lease | None:
        """The next lease for an idle slot, or None when nothing waits for it at present."""
        for queue in (self._own[slot], self._returned):
            if queue:
                return self._lease(slot, queue.popleft(), set_aside=False)
        fullest = max(self._own, key=len)
        if fullest:
            return self._lease(slot, fullest.pop(), set_aside=False)
        if self._set_aside and all(self._living.values()):
            return self._lease(slot, self._set_aside.popleft(), set_aside=True)
        return None

    def retire(self, lease: Lease) -> None:
        """The process of this lease has ended."""
        del self._living[lease.id]

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Frames that must be rendered again: next, or (`last`) after everything else."""
        (self._set_aside if last else self._returned).extend(spans)

    def _lease(self, slot: int, span: Span, *, set_aside: bool) -> Lease:
        lease = Lease(self._next_id, slot, span)
        self._next_id += 1
        self._living[lease.id] = set_aside
        return lease


def equal_parts(frames: FrameSet, parts: int) -> list[FrameSet]:
    """Cut a frame set into `parts` contiguous pieces whose lengths differ by one at most; the later ones may be empty."""
    quotient, remainder = divmod(len(frames), parts)
    pieces, start = [], 0
    for part in range(parts):
        end = start + quotient + (part < remainder)
        pieces.append(FrameSet(frames.frames[start:end]))
        start = end
    return pieces
