"""A set of frames behaves as a set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frame_bits import FrameBits

FRAMES = st.integers(-300, 300)


@given(st.lists(st.tuples(st.booleans(), FRAMES)), st.sets(FRAMES))
def test_it_is_a_set(changes: list[tuple[bool, int]], others: set[int]) -> None:
    marks, frames = FrameBits(), set[int]()
    for add, frame in changes:
        (marks.add if add else marks.discard)(frame)
        (frames.add if add else frames.discard)(frame)
        assert (frame in marks) is (frame in frames)
    assert list(marks) == sorted(frames)
    assert len(marks) == len(frames)
    assert bool(marks) is bool(frames)
    assert set(marks) == frames
    assert set(marks - others) == frames - others
    assert set(others | marks) == frames | others


def test_it_takes_a_bit_a_frame() -> None:
    marks = FrameBits()
    for frame in range(1_000_000, 1_020_000):
        marks.add(frame)
    assert marks._bits.__sizeof__() < 3_000
    assert None not in marks


@given(st.sets(FRAMES), st.sets(FRAMES), FRAMES, st.integers(-5, 700))
def test_gaps_and_differences_are_those_of_sets(
    some: set[int], others: set[int], first: int, length: int
) -> None:
    marks = FrameBits(tuple(some))
    assert set(marks - FrameBits(tuple(others))) == some - others
    assert list(marks.gaps(first, first + length)) == sorted(set(range(first, first + length + 1)) - some)
