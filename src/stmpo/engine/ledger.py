"""The state of every frame of a run, in one place.

    pending ──► leased ──► rendered ──► verified ──► delivered
       ▲          │            │            │            │
       └──────────┴────────────┴────────────┴────────────┘   given back: lost, broken, or no longer trusted
    pending, leased, rendered ──► failed                      attempts are used up

A frame counts as success in `DELIVERED` and in no other state: its file stands at the destination, whole.
Exit codes and log lines never move a frame forward. Every move goes through `Ledger.move`, which refuses what
is not an arrow above, so that a defect elsewhere shows as an error here and not as a lost frame.

The ledger's history on disk is the journal (`stmpo.history.journal`).
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Iterable


class FrameState(Enum):
    """How far a frame has come."""

    PENDING = "pending"
    """It waits to be leased."""

    LEASED = "leased"
    """A renderer was given it."""

    RENDERED = "rendered"
    """Its file has appeared in scratch; it may still be growing."""

    VERIFIED = "verified"
    """Its file in scratch was read to its end and is whole; it is on its way to the destination."""

    DELIVERED = "delivered"
    """Its file stands at the destination, whole."""

    FAILED = "failed"
    """Its attempts are used up."""


_ARROWS: dict[FrameState, frozenset[FrameState]] = {
    FrameState.PENDING: frozenset(
        {FrameState.LEASED, FrameState.VERIFIED, FrameState.DELIVERED, FrameState.FAILED}
    ),
    FrameState.LEASED: frozenset({FrameState.RENDERED, FrameState.PENDING, FrameState.FAILED}),
    FrameState.RENDERED: frozenset({FrameState.VERIFIED, FrameState.PENDING, FrameState.FAILED}),
    FrameState.VERIFIED: frozenset({FrameState.DELIVERED, FrameState.PENDING}),
    FrameState.DELIVERED: frozenset({FrameState.PENDING}),
    FrameState.FAILED: frozenset(),
}
"""A resumed run moves frames from pending to verified (found in earlier scratch) or delivered (at the
destination)."""


_STATES = tuple(FrameState)
_CODES = {state: code for code, state in enumerate(_STATES)}
_NO_SLOT = -1


class LedgerError(RuntimeError):
    """A move that no arrow allows: a defect of this program, never of a render."""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """What is known of one frame."""

    state: FrameState
    slot: int | None
    """The slot that has or had it."""

    cost: float | None
    """Seconds it took to render, in its last whole rendering."""


class Ledger:
    """The state of every frame that a run was asked for. Not thread-safe: the event loop owns it.

    It is kept in columns that have their full size from the beginning, a few bytes per frame: nothing in it
    grows while frames are rendered.
    """

    def __init__(self, frames: FrameSet) -> None:
        self._index = {frame: at for at, frame in enumerate(frames)}
        self._states = bytearray([_CODES[FrameState.PENDING]]) * len(self._index)
        self._slots = array("i", [_NO_SLOT]) * len(self._index)
        self._costs = array("d", [math.nan]) * len(self._index)
        self._counts = dict.fromkeys(FrameState, 0)
        self._counts[FrameState.PENDING] = len(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, frame: object) -> bool:
        return frame in self._index

    def __getitem__(self, frame: int) -> FrameRecord:
        """Return the frame as it is now."""
        at = self._index[frame]
        slot, cost = self._slots[at], self._costs[at]
        return FrameRecord(
            _STATES[self._states[at]],
            None if slot == _NO_SLOT else slot,
            None if math.isnan(cost) else cost,
        )

    def position(self, frame: int) -> int:
        """Return the frame's number among the frames of the run, from 0."""
        return self._index[frame]

    def move(self, frame: int, state: FrameState) -> FrameRecord:
        """Move a frame along an arrow, and return it as it is then.

        Raises:
            LedgerError: there is no such arrow.
        """
        at = self._index[frame]
        old = _STATES[self._states[at]]
        if state not in _ARROWS[old]:
            raise LedgerError(f"frame {frame} cannot go from {old.value} to {state.value}")
        self._counts[old] -= 1
        self._counts[state] += 1
        self._states[at] = _CODES[state]
        return self[frame]

    def rendered(self, frame: int, slot: int, cost: float | None) -> None:
        """Note which slot rendered a frame, and in how many seconds, if that is known."""
        at = self._index[frame]
        self._slots[at] = slot
        self._costs[at] = math.nan if cost is None else cost

    def count(self, state: FrameState) -> int:
        """Return how many frames have this state."""
        return self._counts[state]

    def frames(self, *states: FrameState) -> FrameSet:
        """Return the frames that have one of these states."""
        codes = {_CODES[state] for state in states}
        return FrameSet(
            tuple(frame for frame, code in zip(self._index, self._states, strict=True) if code in codes)
        )

    def frames_in(self, span: Iterable[int]) -> list[int]:
        """Return the frames of a lease's span that this run was asked for. A movie counts as one frame."""
        return [frame for frame in span if frame in self._index]

    def missing(self, span: Iterable[int]) -> FrameSet:
        """Return the frames of a lease's span that are still to be rendered."""
        have = (_CODES[FrameState.VERIFIED], _CODES[FrameState.DELIVERED])
        return FrameSet.of(f for f in self.frames_in(span) if self._states[self._index[f]] not in have)

    def move_all(self, frames: Iterable[int], state: FrameState) -> None:
        """Move several frames to a state, except those that have it already.

        Raises:
            LedgerError: there is no such arrow for one of them.
        """
        for frame in frames:
            if self[frame].state is not state:
                self.move(frame, state)

    @property
    def complete(self) -> bool:
        """Return whether every frame is delivered."""
        return self._counts[FrameState.DELIVERED] == len(self._index)

    def costs(self) -> list[float]:
        """Return the known costs in seconds, one per frame, of what this run rendered."""
        return [cost for cost in self._costs if not math.isnan(cost)]
