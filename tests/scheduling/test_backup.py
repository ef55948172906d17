"""Which frame is overdue enough to be rendered by an idle slot as well."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.scheduling.backup import FACTOR, LEAST_SECONDS, FrameInWork, choose_backup

COSTS = dict.fromkeys(range(1, 20), 1.0)


def in_work(frame: int, seconds: float, *, is_first: bool = False, attempt: int = 1) -> FrameInWork:
    return FrameInWork(attempt, frame, seconds, is_first)


def test_a_frame_that_takes_far_longer_than_its_neighbours_gets_a_backup() -> None:
    stuck = in_work(20, 6.0)
    assert choose_backup([in_work(21, 4.0), stuck], COSTS, [], start_up=1.0) == stuck
    assert choose_backup([in_work(20, 4.9)], COSTS, [], start_up=1.0) is None


def test_a_frame_among_heavy_ones_is_not_overdue() -> None:
    costs = {**COSTS, **dict.fromkeys(range(100, 110), 60.0)}
    assert choose_backup([in_work(105, 200.0)], costs, [], start_up=1.0) is None
    assert choose_backup([in_work(10, 200.0)], costs, [], start_up=1.0) is not None


def test_a_backup_must_be_expected_to_pay() -> None:
    assert choose_backup([in_work(20, 20.0)], COSTS, [], start_up=15.0) is None
    assert choose_backup([in_work(20, 33.0)], COSTS, [], start_up=15.0) is not None


def test_nothing_is_overdue_while_too_few_frames_are_known() -> None:
    assert choose_backup([in_work(3, 1e6)], {1: 1.0, 2: 1.0}, [1.0], start_up=1.0) is None
    assert choose_backup([in_work(3, 1e6, is_first=True)], COSTS, [], start_up=1.0) is None


def test_a_first_frame_is_compared_with_first_frames() -> None:
    """Sixteen frames are in work at once: the first is there after 16 s, the others at once."""
    assert choose_backup([in_work(40, 16.0, is_first=True)], COSTS, [16.0], start_up=1.0) is None
    assert choose_backup([in_work(40, 90.0, is_first=True)], COSTS, [16.0], start_up=1.0) is not None


def test_the_most_overdue_frame_is_taken() -> None:
    found = choose_backup(
        [in_work(20, 50.0, attempt=1), in_work(21, 70.0, attempt=2)], COSTS, [], start_up=1.0
    )
    assert found is not None
    assert found.attempt == 2


@given(
    st.dictionaries(st.integers(0, 50), st.floats(0, 100)),
    st.floats(0, 1000),
    st.floats(0, 30),
    st.booleans(),
)
def test_no_frame_is_overdue_that_takes_as_long_as_the_others(
    costs: dict[int, float], seconds: float, start_up: float, first: bool
) -> None:
    slowest = max(costs.values(), default=0.0)
    if seconds < max(min(FACTOR * min(costs.values(), default=0.0), slowest), LEAST_SECONDS, 2 * start_up):
        assert choose_backup([in_work(25, seconds, is_first=first)], costs, [slowest], start_up) is None
