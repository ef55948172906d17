"""Which frames count when a renderer condemns its own pictures, and which one is to blame."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.engine.doubtful_frames import Condemned, frame_to_blame, frames_before
from stmpo.model.frames import Span

ASKED = Span(0, 99)


def test_frames_with_a_line_before_the_words_count_and_the_one_in_work_is_to_blame() -> None:
    at = Condemned(60, 1000)
    written = {frame: frame for frame in range(40, 60)} | {60: 1001}
    assert frames_before(ASKED, at, written, range(40)) == frozenset(range(40, 60))
    assert frame_to_blame("failure (code: 19969)", ASKED, at, range(61)) == 60


def test_a_file_that_was_written_after_the_words_does_not_count() -> None:
    assert frames_before(ASKED, Condemned(3, 1000), {0: 1, 1: 2, 2: 1001}, ()) == {0, 1}


def test_frames_that_were_done_out_of_order_count_only_if_number_and_time_agree() -> None:
    """Two lines, and frames 0 and 2 were done first: nobody knows about frame 1, and 2 may have no line."""
    assert frames_before(ASKED, Condemned(2, 1000), {0: 1, 2: 2, 1: 3}, ()) == {0}
    assert frame_to_blame("", ASKED, Condemned(1, 1000), {0, 2}) is None


def test_words_after_the_end_condemn_everything_that_is_not_verified() -> None:
    at = Condemned(3, 1000, finished=True)
    assert frames_before(Span(1, 3), at, {1: 1, 2: 2, 3: 3}, ()) == frozenset()
    assert frame_to_blame("Could not read from source", Span(1, 3), at, {1, 2, 3}) is None


def test_words_that_name_a_frame_of_the_range_blame_that_frame() -> None:
    at = Condemned(2, 1000)
    assert frame_to_blame('File "/x.json", line 1 in frame 12', ASKED, at, {0, 1}) == 12
    assert frame_to_blame("Error at frame #7: bad pixels", ASKED, None, ()) == 7
    assert frame_to_blame("Error at frame 700", ASKED, at, {0, 1}) == 2
    assert frame_to_blame("rendering frame 3/100 failed", ASKED, None, ()) is None
    assert frame_to_blame("the frame is cursed", ASKED, None, ()) is None


@given(st.integers(0, 12), st.permutations(range(10)), st.integers(0, 12))
def test_nothing_counts_that_has_no_line_or_came_later(counted: int, order: list[int], now: int) -> None:
    written = {frame: time for time, frame in enumerate(order)}
    found = frames_before(Span(0, 9), Condemned(counted, now), written, ())
    assert len(found) <= counted
    assert all(frame < counted and written[frame] <= now for frame in found)
