"""The contract between the orchestrator and a strategy, on one screen.

A strategy decides which frames each slot renders next. It has no I/O and no clock: it is told what happened and asked
what to do, so the orchestrator and the simulator drive the very same object. `now` is seconds of any clock that never
goes back.

    pending --grant--> leased --started--> --began--> --finished…--> --retire--> (the rest comes back by `give_back`)
                          └──── robbed: a later grant cuts the back of this lease; its front stays with its process

Invariants, held by property tests:
- a frame is in at most one living lease, and in a lease or waiting until it is rendered or abandoned (leases that are
  `shared` are the exception: there the renderers themselves see to it, by the files);
- a lease is one contiguous span, because aerender renders `-s` to `-e`; a cut takes from its back and leaves it at
  least one frame; a frame that is finished is never taken away;
- `grant` answers None only when there is nothing for that slot at present; it may be asked again at any time, and is
  worth asking again whenever something has happened; when nothing waits and nothing is leased, the run is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.model.frames import Span


@dataclass(frozen=True, slots=True)
class Lease:
    """The contiguous frames that one process has been given. `id` is never used twice in a run."""

    id: int
    slot: int
    span: Span
    shared: bool = False
    """Several processes are given this span at once, and each takes the next frame that has no file."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a slot is given."""

    lease: Lease
    robbed: Lease | None = None
    """The living lease that these frames were taken from, as it is from now on: same id, shorter span."""


class Strategy(Protocol):
    """The rule that grants leases: `static`, `steal`, `shared`."""

    @property
    def name(self) -> str:
        """As the option spells it."""
        ...

    @property
    def waiting(self) -> int:
        """Frames that nobody has been given yet."""
        ...

    def grant(self, slot: int, now: float) -> Grant | None:
        """The next lease for an idle slot, or None when there is nothing for it at present."""
        ...

    def started(self, lease: Lease, now: float) -> None:
        """The process of this lease is being started; until now it waited for the start gate."""
        ...

    def began(self, lease: Lease, now: float) -> None:
        """The process of this lease has started up and begins to render. May be told again."""
        ...

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """A frame of this lease was rendered. May be told again, and in any order."""
        ...

    def retire(self, lease: Lease) -> None:
        """The process of this lease has ended; whatever of it is not rendered comes back by `give_back`."""
        ...

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Frames that must be rendered again, by any slot: next, or (`last`) after everything else."""
        ...
