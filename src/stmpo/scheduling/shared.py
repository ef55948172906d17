"""`shared`: every process gets the whole range and takes the next frame that has no file ("Skip Existing
Files").

The renderers share the frames out themselves, through the files of one folder: one start per process and a
tail of one frame, whatever the frames cost. This rule only decides which slots take part, and what happens
afterwards:

- Every slot gets the whole span. A slot whose process ended while many frames are open (it died) gets it
  again, but all slots together not more than twice each, so that a span in which nobody can render comes to
  an end.
- Near the end no process is started that could not finish a frame before the others have done all of them.
- A frame that a dead process was rendering has a file, empty or cut, and the others skip it. While others
  render, such a file looks like one that is being written, so it waits until the last of them has ended.
  Missing frames are then given back and divided among the slots as by `steal`. The same happens to all frames
  if After Effects refuses to skip existing files, or if the caller finds that sharing does not work here
  (`fall_back`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.initial_ranges import equal_ranges
from stmpo.scheduling.protocol import Grant, Lease
from stmpo.scheduling.steal import Steal

if TYPE_CHECKING:
    from collections.abc import Iterable

STARTS_EACH = 2
"""Most starts on the shared span per slot, on average."""

IN_WORK = 4
"""Frames that a process may render at once: with so many open frames per living process, no further process
is needed.
"""


@dataclass(slots=True)
class _Sharer:
    """A living process on the shared span. Times are seconds."""

    start: float
    begins: float
    """When it began to render, or is expected to."""

    began: bool = False


class Shared(Steal):
    """Implements `stmpo.scheduling.protocol.Strategy`. `start_up` and `spawn_delay` are seconds."""

    name = "shared"

    def __init__(
        self, frames: FrameSet, slots: int, *, start_up: float | None = None, spawn_delay: float = 0.0
    ) -> None:
        super().__init__(
            frames, slots, start_up=start_up, spawn_delay=spawn_delay, ranges=[FrameSet(())] * slots
        )
        self._open = set(frames)
        self._span = Span(frames.frames[0], frames.frames[-1]) if frames.frames else None
        self._first = slots
        """Slots that have not started yet."""

        self._left = STARTS_EACH * slots
        self._together: dict[int, _Sharer] = {}
        """By lease."""

        self._spent = 0.0
        """Seconds in which ended processes rendered."""

        self._rendered = 0
        self._now = 0.0
        self._divide = False
        """The sharing has just ended."""

    @property
    def waiting(self) -> int:
        """Return the number of frames that are not leased yet."""
        return self._lease_queue.waiting + (
            len(self._open) if self._span is not None and not self._together else 0
        )

    def grant(self, slot: int, now: float) -> Grant | None:
        """Return the whole span while it has open frames; later the frames that came back."""
        self._now = now
        if self._span is None:
            return super().grant(slot, now)
        needed = len(self._open) > len(self._together) * (1 if self._first else IN_WORK)
        if not self._left or not needed or self._too_late(now):
            return None
        self._left -= 1
        self._first = max(0, self._first - 1)
        lease = self._lease_queue.lease(slot, self._span, shared=True)
        start = max(now, self._next_start)
        self._next_start = start + self._spawn_delay
        self._together[lease.id] = _Sharer(start, start + self.start_up)
        return Grant(lease)

    def _too_late(self, now: float) -> bool:
        """Return whether the others have done all frames before a process that starts now has done one."""
        if not self._together or not self._rendered:
            return False
        rendering = sum(max(0.0, now - sharer.begins) for sharer in self._together.values())
        each = (self._spent + rendering) / self._rendered
        ready = max(now, self._next_start) + self.start_up
        done = sum(max(0.0, ready - max(now, sharer.begins)) for sharer in self._together.values())
        return done >= len(self._open) * each

    def fall_back(self) -> tuple[Lease, ...]:
        """End the sharing; return the leases whose processes are to be stopped.

        Their missing frames come by `give_back`, once the last of them has ended.
        """
        self._left = 0
        if self._span is not None and not self._together:
            self._span, self._divide = None, True
            self.give_back(FrameSet.of(self._open).runs())
        return tuple(self._lease_queue.living[number] for number in self._together)

    def started(self, lease: Lease, now: float) -> None:
        """Record that the process starts."""
        if lease.shared:
            self._together[lease.id] = _Sharer(now, now + self.start_up)
            self._next_start = max(self._next_start, now + self._spawn_delay)
        else:
            super().started(lease, now)

    def began(self, lease: Lease, now: float) -> None:
        """Record that the process begins to render."""
        if not lease.shared:
            super().began(lease, now)
        elif not (sharer := self._together[lease.id]).began:
            sharer.began, sharer.begins = True, now
            self._start_ups.append(now - sharer.start)

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Record that a frame has its file."""
        if not lease.shared:
            super().finished(lease, frame, now)
        elif frame in self._open:
            self._now = now
            self._open.discard(frame)
            self._rendered += 1

    def retire(self, lease: Lease) -> None:
        """Remove a lease. Once the last of the shared span has ended, missing frames come by `give_back`."""
        if not lease.shared:
            super().retire(lease)
            return
        self._lease_queue.retire(lease)
        self._spent += max(0.0, self._now - self._together.pop(lease.id).begins)
        if not self._together:
            self._span, self._divide = None, True

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Queue frames that must be rendered again: next, or (`last`) after all others.

        Right after the sharing they are divided among all slots: one range would occupy one process.
        """
        if last or not self._divide:
            super().give_back(spans, last=last)
            return
        self._divide = False
        frames = FrameSet(tuple(frame for span in sorted(spans) for frame in span))
        for share in equal_ranges(frames, self._slots):
            super().give_back(share.runs())
