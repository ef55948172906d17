"""The ledger: every frame in exactly one state, moved along the arrows and no other way."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stmpo.engine.ledger import FrameState, Ledger, LedgerError
from stmpo.model.frames import FrameSet

P, L, R, V, D, F = FrameState
ARROWS = {
    (P, L),
    (P, V),
    (P, D),
    (P, F),
    (L, R),
    (L, P),
    (L, F),
    (R, V),
    (R, P),
    (R, F),
    (V, D),
    (V, P),
    (D, P),
}
"""Written out a second time: a change of the ledger's own table must be meant."""

FRAMES = [-3, 0, 1, 2, 7, 8]


class Bookkeeper(RuleBasedStateMachine):
    """Moves frames at random and keeps the same books by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(FrameSet.of(FRAMES))
        self.model = dict.fromkeys(FRAMES, P)

    @rule(frame=st.sampled_from(FRAMES), state=st.sampled_from(list(FrameState)))
    def move(self, frame: int, state: FrameState) -> None:
        """Every arrow is allowed, and nothing else is; a refused move changes nothing."""
        if (self.model[frame], state) in ARROWS:
            assert self.ledger.move(frame, state) == self.ledger[frame]
            self.model[frame] = state
        else:
            with pytest.raises(LedgerError):
                self.ledger.move(frame, state)

    @invariant()
    def counts_are_those_of_the_states(self) -> None:
        """Counting the frames gives the counts."""
        for state in FrameState:
            frames = {frame for frame, at in self.model.items() if at is state}
            assert self.ledger.count(state) == len(frames)
            assert set(self.ledger.frames(state)) == frames
        assert sum(map(self.ledger.count, FrameState)) == len(self.ledger) == len(FRAMES)

    @invariant()
    def success_is_delivered_and_nothing_else(self) -> None:
        """Complete means that every frame is delivered; missing is what is not whole."""
        assert self.ledger.complete is all(state is D for state in self.model.values())
        whole = {frame for frame, state in self.model.items() if state in {V, D}}
        assert set(self.ledger.missing(FRAMES)) == set(FRAMES) - whole


TestBookkeeper = Bookkeeper.TestCase


def test_the_frames_of_several_states_are_sorted() -> None:
    ledger = Ledger(FrameSet.of(FRAMES))
    ledger.move(7, L)
    ledger.move(-3, D)
    assert ledger.frames(L, D) == FrameSet((-3, 7))
    assert ledger.frames(*FrameState) == FrameSet.of(FRAMES)
    assert 7 in ledger
    assert 3 not in ledger


def test_only_known_costs_are_told() -> None:
    ledger = Ledger(FrameSet.of([1, 2]))
    ledger.rendered(1, 3, None)
    ledger.rendered(2, 0, 0.0)
    assert ledger.costs() == [0.0]
    assert (ledger[1].slot, ledger[1].cost) == (3, None)
    assert (ledger[2].slot, ledger[2].cost) == (0, 0.0)
    assert ledger[1].state is P


def test_a_ledger_without_frames_is_complete() -> None:
    assert Ledger(FrameSet(())).complete
