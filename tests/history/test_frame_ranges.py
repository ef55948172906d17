"""Frames as ranges with steps: read back as written, in little memory whatever the text says."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.history.frame_ranges import FrameRanges, format_frames
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([1, 2, 3], "1-3"),
        ([1, 3, 5, 7, 8, 9], "1-5:2,7-9"),
        ([1, 3], "1,3"),
        ([1, 5, 7, 9], "1,5-9:2"),
        ([-5, -4, 0, 10, 20], "-5--4,0-20:10"),
    ],
)
def test_frames_are_written_as_ranges_with_steps(frames: list[int], text: str) -> None:
    assert format_frames(frames) == text
    assert list(FrameRanges.parse(text)) == frames


@given(st.sets(st.integers(-30, 30)))
def test_what_is_written_is_read_back(frames: set[int]) -> None:
    text = format_frames(sorted(frames))
    ranges = FrameRanges.parse(text)
    assert list(ranges) == sorted(frames)
    assert len(ranges) == len(frames)
    assert {frame for frame in range(-40, 41) if frame in ranges} == frames
    if frames:
        assert set(FrameSet.parse(text)) == frames, "readers of an earlier version read it too"
        assert list(FrameRanges.parse(str(FrameSet.of(frames)))) == sorted(frames), "and theirs is read here"


@given(st.text("0123456789-:, ", max_size=30))
def test_any_text_is_read(text: str) -> None:
    found = FrameRanges.parse(text)
    try:
        wanted = FrameSet.parse(text)
    except BadInput:
        return
    if len(found):
        assert list(found)[:100] == list(wanted)[:100]


@pytest.mark.parametrize("text", ["", "x", "3-1", "1-9:0", "5,3", "1-5,5", "1,,2", "9" * 40, "1-2-3", " 1"])
def test_what_is_not_written_by_this_program_holds_nothing(text: str) -> None:
    assert list(FrameRanges.parse(text)) == []


def test_every_other_frame_of_a_long_job_takes_one_range() -> None:
    assert format_frames(range(1, 400_000, 2)) == "1-399999:2"


def test_memory_is_for_ranges_and_not_for_frames() -> None:
    tracemalloc.start()
    kept = [FrameRanges.parse("1-999999999999") for _ in range(1000)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert 500_000_000_000 in kept[0]
    assert len(kept[0]) == 999_999_999_999
