"""The one truth about every frame of a run.

    pending ──► leased ──► rendered ──► verified ──► delivered
       ▲          │            │            │            │
       └──────────┴────────────┴────────────┴────────────┘   given back: lost, broken, or no longer trusted
    pending, leased ──► failed                                attempts are used up

A frame counts as success in `DELIVERED` and in no other state: its file stands at the destination, whole. Exit codes
and log lines never move a frame forward. Every move goes through `Ledger.move`, which refuses what is not an arrow
above, so that a defect elsewhere shows as an error here and not as a lost frame.

The ledger's history on disk is the journal (`stmpo.journal`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Iterable


class FrameState(Enum):
    """Where a frame stands."""

    PENDING = "pending"
    """Nobody renders it; it waits to be leased."""

    LEASED = "leased"
    """A renderer has been told to render it."""

    RENDERED = "rendered"
    """Its file has appeared in scratch; it may still be growing."""

    VERIFIED = "verified"
    """Its file in scratch was read to its end and is whole; it waits for delivery, or is being delivered."""

    DELIVERED = "delivered"
    """Its file stands at the destination, whole."""

    FAILED = "failed"
    """Its attempts are used up."""


_ARROWS: dict[FrameState, frozenset[FrameState]] = {
    FrameState.PENDING: frozenset(
        {FrameState.LEASED, FrameState.VERIFIED, FrameState.DELIVERED, FrameState.FAILED}
    ),
    FrameState.LEASED: frozenset({FrameState.RENDERED, FrameState.PENDING, FrameState.FAILED}),
    FrameState.RENDERED: frozenset({FrameState.VERIFIED, FrameState.PENDING}),
    FrameState.VERIFIED: frozenset({FrameState.DELIVERED, FrameState.PENDING}),
    FrameState.DELIVERED: frozenset({FrameState.PENDING}),
    FrameState.FAILED: frozenset(),
}
"""Pending to verified or delivered is what a resumed run finds in an earlier run's scratch or at the destination."""


class LedgerError(RuntimeError):
    """A move that no arrow allows: a defect of this program, never of a render."""


@dataclass(slots=True)
class FrameRecord:
    """What is known of one frame."""

    state: FrameState = FrameState.PENDING
    slot: int | None = None
    """The slot that has or had it."""

    cost: float | None = None
    """Seconds it took to render, in its last whole rendering."""

    renderings: int = 0
    """How often it was rendered whole: more than once only when a rendering was no longer trusted."""


class Ledger:
    """The state of every frame that a run was asked for. Not thread-safe: the orchestrator's loop owns it."""

    def __init__(self, frames: FrameSet) -> None:
        self._records = {frame: FrameRecord() for frame in frames}
        self._counts = dict.fromkeys(FrameState, 0)
        self._counts[FrameState.PENDING] = len(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, frame: object) -> bool:
        return frame in self._records

    def __getitem__(self, frame: int) -> FrameRecord:
        return self._records[frame]

    def move(self, frame: int, state: FrameState) -> FrameRecord:
        """Move a frame along an arrow.

        Raises:
            LedgerError: there is no such arrow from where the frame stands.
        """
        record = self._records[frame]
        if state not in _ARROWS[record.state]:
            raise LedgerError(f"frame {frame} cannot go from {record.state.value} to {state.value}")
        self._counts[record.state] -= 1
        self._counts[state] += 1
        record.state = state
        return record

    def count(self, state: FrameState) -> int:
        """How many frames stand there."""
        return self._counts[state]

    def frames(self, *states: FrameState) -> FrameSet:
        """The frames that stand in any of these states."""
        return FrameSet(tuple(frame for frame, record in self._records.items() if record.state in states))

    def missing(self, frames: Iterable[int]) -> FrameSet:
        """Those of these frames that are neither verified nor delivered."""
        have = (FrameState.VERIFIED, FrameState.DELIVERED)
        return FrameSet.of(frame for frame in frames if self._records[frame].state not in have)

    @property
    def complete(self) -> bool:
        """Every frame is delivered."""
        return self._counts[FrameState.DELIVERED] == len(self._records)

    def costs(self) -> list[float]:
        """Known costs in seconds, one a frame, of what this run rendered."""
        return [record.cost for record in self._records.values() if record.cost is not None]
