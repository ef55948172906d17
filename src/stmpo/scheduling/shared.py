"""`shared`: every process is given the whole range and takes the next frame that has no file ("Skip Existing Files").

The renderers share the frames out themselves, through the files of one folder: one start a process and a tail of one
frame, whatever the frames cost. This rule only says who takes part:

- every slot is given the whole span, once; a slot whose process died is given it again while frames are open, but all
  slots together not more than twice each, so that a span in which nobody can render comes to an end;
- a frame that a dead process had in work has a file, empty or cut, and is skipped by the others. Nobody can tell such a
  file from one that is being written while others render, so it waits until the last of them has ended: what is missing
  then is given back, and leased like any other frames, to one process each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.frames import Span
from stmpo.scheduling.desk import Desk
from stmpo.scheduling.protocol import Grant, Lease

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.frames import FrameSet

STARTS_EACH = 2
"""Starts on the shared span for each slot, on average at most."""


class Shared:
    """Implements `stmpo.scheduling.protocol.Strategy`."""

    name = "shared"

    def __init__(self, frames: FrameSet, slots: int) -> None:
        self._open = set(frames)
        self._span = Span(frames.frames[0], frames.frames[-1]) if frames.frames else None
        self._desk = Desk([type(frames)(())] * slots)
        self._left = STARTS_EACH * slots
        self._together: set[int] = set()
        """Living leases of the shared span."""

    @property
    def waiting(self) -> int:
        """Frames that nobody has been given yet."""
        return self._desk.waiting + (len(self._open) if self._span is not None and not self._together else 0)

    def grant(self, slot: int, now: float) -> Grant | None:  # noqa: ARG002 - this rule looks at no clock
        """The whole span while frames of it are open; later what came back."""
        if self._span is not None and self._left and len(self._open) > len(self._together):
            self._left -= 1
            lease = self._desk.lease(slot, self._span, shared=True)
            self._together.add(lease.id)
            return Grant(lease)
        if self._together:
            return None  # what came back is not touched while others may have it in work
        self._span = None
        returned = self._desk.take(slot)
        return None if returned is None else Grant(returned)

    def started(self, lease: Lease, now: float) -> None:
        """Changes nothing here."""

    def began(self, lease: Lease, now: float) -> None:
        """Changes nothing here."""

    def finished(self, lease: Lease, frame: int, now: float) -> None:  # noqa: ARG002 - this rule looks at no clock
        """A frame has its file."""
        if lease.shared:
            self._open.discard(frame)

    def retire(self, lease: Lease) -> None:
        """Its process has ended. Once the last of the shared span has, what is missing comes by `give_back`."""
        self._desk.retire(lease)
        self._together.discard(lease.id)
        if lease.shared and not self._together:
            self._span = None

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Frames that must be rendered again: next, or (`last`) after everything else."""
        self._desk.give_back(spans, last=last)
