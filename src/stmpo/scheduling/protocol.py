"""The contract between the orchestrator and a strategy, on one screen.

A strategy decides which frames each slot renders next. It has no I/O and no clock: it is told what happened and asked
what to do, so the orchestrator and the simulator drive the very same object.

    pending --grant--> leased --retire--> (all rendered, or the rest comes back by `give_back`)

Invariants, held by property tests:
- a frame is in at most one living lease, and in a lease or waiting until it is rendered or abandoned;
- a lease is one contiguous span, because aerender renders `-s` to `-e`;
- `grant` answers None only when nothing waits for that slot; when nothing waits and nothing is leased, the run is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.frames import Span


@dataclass(frozen=True, slots=True)
class Lease:
    """The contiguous frames that one process has been given. `id` is never used twice in a run."""

    id: int
    slot: int
    span: Span


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

    def grant(self, slot: int) -> Lease | None:
        """The next lease for an idle slot, or None when nothing waits for it."""
        ...

    def retire(self, lease: Lease) -> None:
        """The process of this lease has ended; whatever of it is not rendered comes back by `give_back`."""
        ...

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Frames that must be rendered again, by any slot: next, or (`last`) after everything else."""
        ...
