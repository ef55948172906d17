"""What waits and what is leased: the bookkeeping that all strategies share.

A slot works through its own spans, then through what came back from failed attempts, then helps with spans that nobody
has started. Frames that came back with `last` (they keep failing) wait until no other lease is living, so that one bad
frame never holds up or endangers the good ones.
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
    """Hands out spans. `parts` are the frames that each slot begins with; some may be empty."""

    def __init__(self, parts: Sequence[FrameSet]) -> None:
        self.own = [deque(part.runs()) for part in parts]
        self.returned: deque[Span] = deque()
        self.set_aside: deque[Span] = deque()
        self.living: dict[int, Lease] = {}
        """Leases by their id, as they are now."""

        self._aside: set[int] = set()
        self._next_id = 1

    @property
    def waiting(self) -> int:
        """Frames that nobody has been given yet."""
        queues = [*self.own, self.returned, self.set_aside]
        return sum(len(span) for queue in queues for span in queue)

    def take(self, slot: int) -> Lease | None:
        """The next span for this slot, leased; None when nothing waits for it at present."""
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
        """A new living lease."""
        lease = Lease(self._next_id, slot, span, shared)
        self._next_id += 1
        self.living[lease.id] = lease
        return lease

    def cut(self, lease: Lease, last: int) -> tuple[Lease, Span]:
        """End a living lease at frame `last`: the lease as it is from now on, and what was cut off."""
        assert lease.span.first <= last < lease.span.last
        front = Lease(lease.id, lease.slot, Span(lease.span.first, last), lease.shared)
        self.living[lease.id] = front
        return front, Span(last + 1, lease.span.last)

    def is_aside(self, lease: Lease) -> bool:
        """Whether this living lease is of frames that were set aside."""
        return lease.id in self._aside

    def retire(self, lease: Lease) -> None:
        """The process of this lease has ended."""
        del self.living[lease.id]
        self._aside.discard(lease.id)

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Frames that must be rendered again: next, or (`last`) after everything else."""
        (self.set_aside if last else self.returned).extend(spans)
