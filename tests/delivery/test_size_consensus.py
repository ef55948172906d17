"""All frames of a sequence are of one size; which one, when they differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.size_consensus import SizeConsensus

FULL, HALF, WIDE = (1920, 1080), (960, 540), (3840, 1080)


def test_the_first_frame_sets_the_size_and_another_one_is_refused_in_words() -> None:
    consensus = SizeConsensus()
    assert consensus.judge(1, FULL, 1) is None
    assert consensus.judge(2, WIDE, 1) == "is 3840 x 1080 pixels, and the frame before it is 1920 x 1080"
    assert consensus.judge(3, FULL, 2) is None
    assert consensus.judge(2, WIDE, 1) == "is 3840 x 1080 pixels, and the 2 frames before it are 1920 x 1080"
    assert consensus.judge(2, FULL, 3) is None
    assert consensus.switch_size() is None
    assert consensus.give_up_reason == ""


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 5))))
def test_frames_of_one_size_and_of_unknown_size_are_never_refused(frames: list[tuple[int, int]]) -> None:
    consensus = SizeConsensus()
    for frame, attempt in frames:
        assert consensus.judge(frame, FULL, attempt) is None
        assert consensus.judge(frame, None, attempt) is None
    assert consensus.switch_size() is None
    assert consensus.give_up_reason == ""


def test_when_the_first_frame_was_the_odd_one_the_run_turns_to_the_others() -> None:
    consensus = SizeConsensus()
    consensus.judge(1, WIDE, 1)
    for frame in (2, 3):
        assert consensus.judge(frame, FULL, 1)
        assert consensus.switch_size() is None
    consensus.judge(4, FULL, 1)
    old = consensus.switch_size()
    assert old is not None
    assert old.frames == (1,)
    assert consensus.judge(2, FULL, 1) is None
    assert consensus.judge(1, FULL, 2) is None


def test_one_renderer_gone_wrong_outweighs_nobody_however_much_it_writes() -> None:
    consensus = SizeConsensus()
    consensus.judge(1, FULL, 1)
    consensus.judge(11, FULL, 2)
    for frame in range(20, 60):
        assert consensus.judge(frame, HALF, 3)
    assert consensus.switch_size() is None


def test_what_an_earlier_run_delivered_counts_by_its_frames() -> None:
    consensus = SizeConsensus()
    consensus.prime({0: HALF} | dict.fromkeys(range(1, 101), FULL))
    for frame in range(101, 150):
        assert consensus.judge(frame, HALF, 1 + frame % 2)
    assert consensus.switch_size() is None
    assert "if the project was changed meanwhile" in consensus.give_up_reason
    assert "100 frames before them are 1920 x 1080" in consensus.give_up_reason


def test_one_frame_that_always_comes_out_wrong_is_its_own_misfortune() -> None:
    consensus = SizeConsensus()
    consensus.judge(1, FULL, 1)
    for attempt in range(2, 20):
        assert consensus.judge(5, HALF, attempt)
        assert consensus.switch_size() is None
        assert consensus.give_up_reason == ""


SIZES = st.sampled_from([FULL, HALF, WIDE])


@given(st.lists(st.tuples(st.integers(1, 30), SIZES, st.integers(1, 6)), max_size=80))
def test_the_run_turns_at_most_once_and_what_is_taken_is_of_one_size(
    seen: list[tuple[int, tuple[int, int], int]],
) -> None:
    consensus, turns = SizeConsensus(), 0
    taken: dict[int, tuple[int, int]] = {}
    for frame, size, attempt in seen:
        if consensus.judge(frame, size, attempt) is None:
            taken[frame] = size
        old = consensus.switch_size()
        if old is not None:
            turns += 1
            assert set(old.frames) >= {each for each, of in taken.items() if of != consensus.size}
            taken = {each: of for each, of in taken.items() if of == consensus.size}
        assert set(taken.values()) <= {consensus.size}
    assert turns <= 1
