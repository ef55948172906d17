"""The contract between the orchestrator and a strategy, on one screen.

A strategy decides which frames each slot renders next. It has no I/O and no clock: it is notified of events
and asked for leases, so the orchestrator and the simulator drive the same object. `now` is seconds of any
clock that never goes back.

    pending --grant--> leased --started--> --began--> --finished…--> --retire--> (missing frames: `give_back`)
                          └──── cut: a later grant steals the back of this lease; the front stays

Invariants, held by property tests:
- a frame is in at most one living lease, and until it is rendered or abandoned it is either leased or waiting
  (`shared` leases are the exception: there the renderers take frames by the files);
- a lease is one contiguous span, because aerender renders `-s` to `-e`; a cut takes frames from its back and
  leaves it at least one frame; a finished frame is never taken away;
- `grant` returns None only when there is nothing for that slot at present. It may be asked again at any time;
  asking is worthwhile whenever something has happened. When nothing waits and nothing is leased, the run is
  over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.model.frames import Span


@dataclass(frozen=True, slots=True)
class Lease:
    """The contiguous frames of one process. `id` is never used twice in a run."""

    id: int
    slot: int
    span: Span
    shared: bool = False
    """Several processes get this span at once, and each takes the next frame that has no file."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The lease that a slot gets."""

    lease: Lease
    victim: Lease | None = None
    """The living lease from which these frames were stolen, in its new form: same id, shorter span."""


@dataclass(frozen=True, slots=True)
class Reclaim:
    """A steal that is undone: the victim was faster than the start of the process that was to help it."""

    lease: Lease
    """The victim's lease, with its frames back: same id, longer span. Its process simply goes on."""

    cancelled: Lease
    """The lease of the process to stop: it has not begun to render. It is already retired."""


class Strategy(Protocol):
    """The rule that grants leases: `static`, `steal`, `shared`."""

    @property
    def name(self) -> str:
        """Return the name, as the option spells it."""
        ...

    @property
    def waiting(self) -> int:
        """Return the number of frames that are not leased yet."""
        ...

    def grant(self, slot: int, now: float) -> Grant | None:
        """Return the next lease for an idle slot, or None when there is nothing for it at present."""
        ...

    def started(self, lease: Lease, now: float) -> None:
        """Record that the process of this lease starts now; until now it waited for the start gate."""
        ...

    def began(self, lease: Lease, now: float) -> None:
        """Record that the process of this lease begins to render. Repeated calls are harmless."""
        ...

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Record that a frame of this lease was rendered. Calls may be repeated and come in any order."""
        ...

    def reclaim(self, lease: Lease, now: float) -> Reclaim | None:
        """Return the frames that the process of a cut lease goes on with, or None: then it is to be stopped.

        Ask when a process has rendered all frames of a lease that was cut, before it is stopped.
        """
        ...

    def fall_back(self) -> tuple[Lease, ...]:
        """Share no folder any more; return the shared leases whose processes are to be stopped, maybe
        none.
        """
        ...

    def retire(self, lease: Lease) -> None:
        """Record that the process of this lease has ended; its missing frames come back by `give_back`."""
        ...

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Take back frames that any slot must render again: next, or (`last`) after all others."""
        ...
