"""`shared`: every process gets the whole range and takes the next frame that has no file ("Skip Existing
Files").

The renderers share the frames out themselves, through the files of one folder: one start per process and a
tail of one frame, whatever the frames cost. This rule only decides which slots take part, and what happens
afterwards:

- Every slot gets the whole span. A slot whose process ended while many frames are open (it died) gets it
  again, but all slots together not more than twice each, so that a span in which nobody can render comes to
  an end.
- A frame that a dead process was rendering has a file, empty or cut, and the others skip it. While others
  render, such a file looks like one that is being written, so it waits until the last of them has ended.
  Missing frames are then given back and shared out as by `steal`, to one process each. The same happens to
  all frames if After Effects refuses to skip existing files.
"""

from __future__ import annotations

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.protocol import Grant, Lease
from stmpo.scheduling.steal import Steal

STARTS_EACH = 2
"""Most starts on the shared span per slot, on average."""

IN_WORK = 4
"""Frames that a process may render at once: with so many open frames per living process, no further process
is needed.
"""


class Shared(Steal):
    """Implements `stmpo.scheduling.protocol.Strategy`."""

    name = "shared"

    def __init__(self, frames: FrameSet, slots: int, *, spawn_delay: float = 0.0) -> None:
        super().__init__(frames, slots, spawn_delay=spawn_delay, ranges=[FrameSet(())] * slots)
        self._open = set(frames)
        self._span = Span(frames.frames[0], frames.frames[-1]) if frames.frames else None
        self._first = slots
        """Slots that have not started yet."""

        self._left = STARTS_EACH * slots
        self._together: set[int] = set()
        """Living leases of the shared span."""

    @property
    def waiting(self) -> int:
        """Return the number of frames that are not leased yet."""
        return self._lease_queue.waiting + (
            len(self._open) if self._span is not None and not self._together else 0
        )

    def grant(self, slot: int, now: float) -> Grant | None:
        """Return the whole span while it has open frames; later the frames that came back."""
        if self._span is None:
            return super().grant(slot, now)
        needed = len(self._open) > len(self._together) * (1 if self._first else IN_WORK)
        if not self._left or not needed:
            return None
        self._left -= 1
        self._first = max(0, self._first - 1)
        lease = self._lease_queue.lease(slot, self._span, shared=True)
        self._together.add(lease.id)
        return Grant(lease)

    def started(self, lease: Lease, now: float) -> None:
        """Record that the process starts."""
        if not lease.shared:
            super().started(lease, now)

    def began(self, lease: Lease, now: float) -> None:
        """Record that the process begins to render."""
        if not lease.shared:
            super().began(lease, now)

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Record that a frame has its file."""
        if lease.shared:
            self._open.discard(frame)
        else:
            super().finished(lease, frame, now)

    def retire(self, lease: Lease) -> None:
        """Remove a lease. Once the last of the shared span has ended, missing frames come by `give_back`."""
        if not lease.shared:
            super().retire(lease)
            return
        self._lease_queue.retire(lease)
        self._together.discard(lease.id)
        if not self._together:
            self._span = None
