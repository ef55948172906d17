"""Waiting and leased frames: the bookkeeping that all strategies share.

A slot works through its own spans, then through spans that came back from failed attempts, then helps with
spans of other slots that nobody has started. Frames that came back with `last` (they keep failing) wait until
no other lease is living, so that one bad frame never delays or endangers the good ones.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from stmpo.model.frames import Span
from stmpo.scheduling.protocol import Lease

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stmpo.model.frames import FrameSet


class LeaseQueue:
    """Hands out spans. `ranges` are the frames that each slot begins with; some may be empty."""

    def __init__(self, ranges: Sequence[FrameSet]) -> None:
        self.own = [deque(frames.runs()) for frames in ranges]
        self.returned: deque[Span] = deque()
        self.set_aside: deque[Span] = deque()
        self.living: dict[int, Lease] = {}
        """Leases by their id, in their current length."""

        self._aside: set[int] = set()
        self._next_id = 1

    @property
    def waiting(self) -> int:
        """Return the number of frames that are not leased yet."""
        queues = [*self.own, self.returned, self.set_aside]
        return sum(len(span) for queue in queues for span in queue)

    def take(self, slot: int) -> Lease | None:
        """Lease the next span for this slot; None when nothing waits for it at present."""
        for queue in (self.own[slot], self.returned):
            if queue:
                return self.lease(slot, queue.popleft())
        fullest = max(self.own, key=len)
        if fullest:
            return self.lease(slot, fullest.pop())
        if self.set_aside and all(number in self._aside for number in self.living):
            lease = self.lease(slot, self.set_aside.popleft())
            self._aside.add(lease.id)
            return lease
        return None

    def lease(self, slot: int, span: Span, *, shared: bool = False) -> Lease:
        """Create a living lease."""
        lease = Lease(self._next_id, slot, span, shared)
        self._next_id += 1
        self.living[lease.id] = lease
        return lease

    def cut(self, lease: Lease, last: int) -> tuple[Lease, Span]:
        """End a living lease at frame `last`; return the shortened lease, and the span that was cut off."""
        assert lease.span.first <= last < lease.span.last
        front = Lease(lease.id, lease.slot, Span(lease.span.first, last), lease.shared)
        self.living[lease.id] = front
        return front, Span(last + 1, lease.span.last)

    def join(self, lease: Lease, behind: Lease) -> Lease:
        """Retire the lease behind this one and append its frames; return the longer lease."""
        assert behind.span.first == lease.span.last + 1
        del self.living[behind.id]
        joined = Lease(lease.id, lease.slot, Span(lease.span.first, behind.span.last), lease.shared)
        self.living[lease.id] = joined
        return joined

    def is_aside(self, lease: Lease) -> bool:
        """Return whether this living lease holds frames that were set aside."""
        return lease.id in self._aside

    def retire(self, lease: Lease) -> None:
        """Remove a lease whose process has ended."""
        del self.living[lease.id]
        self._aside.discard(lease.id)

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Queue frames that must be rendered again: next, or (`last`) after all others."""
        (self.set_aside if last else self.returned).extend(spans)
