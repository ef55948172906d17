"""Which files may show another frame than their own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.misplaced_frames import find_misplaced_frames


def test_files_in_order_are_what_they_say() -> None:
    assert find_misplaced_frames({1: 10, 2: 20, 3: 20, 5: 50}) == frozenset()
    assert find_misplaced_frames({}) == frozenset()


def test_a_file_that_was_written_after_a_later_frames_is_suspect() -> None:
    assert find_misplaced_frames({1: 10, 2: 50, 3: 30, 4: 40, 6: 60}) == {2}
    assert find_misplaced_frames({1: 70, 2: 50, 3: 30, 4: 40, 6: 60}) == {1, 2}


@given(st.dictionaries(st.integers(-50, 50), st.integers(0, 100)))
def test_what_is_not_suspect_is_in_order(written: dict[int, int]) -> None:
    times = [written[frame] for frame in sorted(written) if frame not in find_misplaced_frames(written)]
    assert times == sorted(times)
