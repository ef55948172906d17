"""Frame sets: OpenJD's range expressions, and nothing between the frames."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.errors import BadInput
from stmpo.model.frames import MAX_FRAMES, FrameSet, Span


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("7", [7]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("1-9:2", [1, 3, 5, 7, 9]),
        ("9-1:-2", [1, 3, 5, 7, 9]),
        ("-5--1", [-5, -4, -3, -2, -1]),
        ("-2-1", [-2, -1, 0, 1]),
        ("1,4,7-9", [1, 4, 7, 8, 9]),
        (" 1 - 3 , 7", [1, 2, 3, 7]),
        ("0-9,50-52", [*range(10), 50, 51, 52]),
        ("5-5", [5]),
    ],
)
def test_a_range_expression_names_exactly_its_frames(text: str, frames: list[int]) -> None:
    assert list(FrameSet.parse(text)) == frames


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a", "cannot read 'a'"),
        ("1-", "cannot read '1-'"),
        ("1,,2", "cannot read ''"),
        ("1-5:0", "step of '1-5:0' is zero"),
        ("10-1", "needs a negative step"),
        ("1-9:-2", "needs a positive step"),
        ("1-5,3-8", "overlap"),
        ("1-9:2,2-8:2", "overlap"),
        (f"1-{MAX_FRAMES + 1}", "more than"),
        ("1-99999999999999999999", "cannot read"),
        ("٣", "cannot read"),
    ],
)
def test_malformed_frames_are_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        FrameSet.parse(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.sets(st.integers(-300, 300), min_size=1))
def test_a_frame_set_reads_back_from_its_text(frames: set[int]) -> None:
    frame_set = FrameSet.of(frames)
    assert FrameSet.parse(str(frame_set)) == frame_set
    assert set(frame_set) == frames


@given(st.sets(st.integers(-300, 300)))
def test_runs_are_maximal_and_hold_every_frame_once(frames: set[int]) -> None:
    runs = FrameSet.of(frames).runs()
    assert [frame for run in runs for frame in run] == sorted(frames)
    assert all(before.last + 1 < after.first for before, after in pairwise(runs))


@given(st.sets(st.integers(-50, 50)), st.integers(-60, 60))
def test_membership_is_that_of_the_set(frames: set[int], frame: int) -> None:
    assert (frame in FrameSet.of(frames)) is (frame in frames)


@given(st.text(alphabet="0123456789-:, ", max_size=14))
def test_openjd_reads_the_same_frames_and_refuses_the_same_texts(text: str) -> None:
    """The judge is openjd-model's own parser."""
    model = pytest.importorskip("openjd.model", reason="openjd-model is not installed")
    try:
        expression = model.IntRangeExpr.from_str(text)
    except (ValueError, IndexError):  # openjd-model's ExpressionError and TokenError are ValueErrors
        expression = None
    if expression is not None and len(expression) > 1000:  # a few digits name more frames than memory holds
        return
    theirs = None if expression is None else list(expression)
    if theirs is not None and max(map(abs, theirs)) > 10**9:
        return
    try:
        ours = list(FrameSet.parse(text)) if theirs is not None else _refused(text)
    except BadInput:
        ours = None
    assert ours == theirs


def _refused(text: str) -> list[int] | None:
    """What we make of a text that openjd-model refuses; None unless it is a range too long to list."""
    frames = FrameSet.parse(text)
    return list(frames)


def test_a_span_knows_its_length_and_its_text() -> None:
    assert len(Span(-2, 2)) == 5
    assert str(Span(7, 7)) == "7"
    assert str(Span(1, 9)) == "1-9"
    assert 3 in Span(1, 9)
    assert 10 not in Span(1, 9)
