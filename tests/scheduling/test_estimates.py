"""What unrendered frames will cost: from a record, from neighbours, from how well the record foretells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet
from stmpo.scheduling.estimates import Estimates, completed
from stmpo.scheduling.initial_ranges import weighted_ranges

TEN = FrameSet.between(1, 10)
POSITIVE = st.floats(1e-3, 1e5)


@given(
    st.lists(st.none() | POSITIVE, min_size=2, max_size=60),
    st.dictionaries(st.integers(0, 59), st.floats(0, 1e5)),
    st.floats(0, 1e4),
)
def test_every_estimate_is_a_positive_number(
    seen: list[float | None], record: dict[int, float], under_way: float
) -> None:
    estimates = Estimates(FrameSet.between(0, len(seen) - 1), record)
    for position, cost in enumerate(seen[:-1]):
        if cost is not None:
            estimates.observe(position, cost)
    last = len(seen) - 1
    first = last
    while first and seen[first - 1] is None:
        first -= 1
    costs = estimates.costs(first, last, under_way)
    assert len(costs) == last - first + 1
    assert all(0 < cost < float("inf") for cost in costs)


def test_with_nothing_known_all_frames_are_alike() -> None:
    estimates = Estimates(TEN)
    assert not estimates.informed
    assert len(set(estimates.costs(0, 9))) == 1


def test_an_unknown_frame_costs_about_what_its_neighbours_do() -> None:
    estimates = Estimates(FrameSet.between(1, 100))
    for position in (0, 1, 2):
        estimates.observe(position, 1.0)
    for position in (97, 98, 99):
        estimates.observe(position, 9.0)
    costs = estimates.costs(3, 96)
    assert costs == sorted(costs)
    assert costs[0] < 2.5
    assert costs[-1] > 7.5


def test_a_frame_that_takes_longer_than_thought_says_so_for_its_neighbours() -> None:
    estimates = Estimates(TEN)
    estimates.observe(0, 1.0)
    assert sum(estimates.costs(1, 9, under_way=20.0)) > 5 * sum(estimates.costs(1, 9))


def test_a_record_that_foretells_keeps_its_shape_at_this_machines_speed() -> None:
    record = {frame: float(frame) for frame in TEN}
    estimates = Estimates(TEN, record)
    for position in range(5):
        estimates.observe(position, 3.0 * (position + 1))
    assert estimates.costs(5, 9) == pytest.approx([18.0, 21.0, 24.0, 27.0, 30.0])


def test_a_record_that_foretells_nothing_is_forgotten() -> None:
    hundred = FrameSet.between(1, 100)
    record = {frame: 100.0 if frame % 2 else 1.0 for frame in hundred}
    estimates = Estimates(hundred, record)
    for position in range(50):
        estimates.observe(position, 4.0)
    costs = estimates.costs(50, 99)
    assert max(costs) < 1.5 * min(costs)


def test_steps_between_neighbours_unmask_a_record_whose_heavy_passage_lies_elsewhere() -> None:
    """Light frames are light in both, which proves nothing for the frames that only the record says to be
    heavy.
    """
    hundred = FrameSet.between(1, 100)
    record = {frame: 13.0 if frame in {35, 40, 45, 70} else 1.0 for frame in hundred}
    estimates = Estimates(hundred, record)
    for position in range(50):
        estimates.observe(position, 0.1 if position < 30 else 5.0)
    costs = estimates.costs(50, 99)
    assert max(costs) < 5 * min(costs)


def test_what_a_record_alone_says_to_be_heavy_is_doubted_where_the_record_may_be_stale() -> None:
    record = {frame: 100.0 if frame == 5 else 1.0 for frame in TEN}
    doubted = Estimates(TEN, record, sure=False).costs(0, 9)
    assert max(doubted) < 30 * min(doubted)
    assert sum(doubted) == pytest.approx(sum(record.values()))
    assert Estimates(TEN, record).costs(0, 9) == pytest.approx(list(record.values()))


def test_a_record_is_completed_from_its_nearest_frames() -> None:
    costs = completed(FrameSet.between(1, 200), {1: 10.0, 2: 10.0, 199: 2.0, 200: 2.0})
    assert costs[0] == 10.0
    assert costs[199] == 2.0
    assert costs[3] > 8
    assert costs[196] < 4
    assert costs[100] == pytest.approx(6, abs=0.2)


def test_values_that_are_no_costs_are_passed_over() -> None:
    assert completed(TEN, {1: float("nan"), 2: float("inf")}) == [1.0] * 10
    assert completed(FrameSet.of([1]), {1: 0.0})[0] > 0


@given(
    st.sets(st.integers(0, 200), min_size=1, max_size=80).map(FrameSet.of),
    st.lists(st.floats(0, 60), min_size=1, max_size=20),
    st.data(),
)
def test_parts_hold_each_frame_once_in_order(
    frames: FrameSet, delays: list[float], data: st.DataObject
) -> None:
    costs = data.draw(st.lists(st.floats(1e-6, 1e4), min_size=len(frames), max_size=len(frames)))
    parts = weighted_ranges(frames, costs, delays)
    assert len(parts) == len(delays)
    assert [frame for part in parts for frame in part] == list(frames)


@given(st.lists(st.floats(0.5, 50), min_size=1, max_size=100), st.integers(1, 12))
def test_no_part_is_heavier_than_its_share_and_one_frame(costs: list[float], slots: int) -> None:
    frames = FrameSet.between(0, len(costs) - 1)
    parts = weighted_ranges(frames, costs, [0.0] * slots)
    heaviest = max(sum(costs[frame] for frame in part) for part in parts)
    assert heaviest <= (sum(costs) / slots + max(costs)) * 1.001


def test_what_an_interrupted_run_has_done_says_what_the_rest_is_like() -> None:
    """The record covers none of the frames that are left, but their neighbours."""
    record = {frame: 1.0 if frame < 50 else 9.0 for frame in range(100) if frame not in range(20, 30)}
    record |= dict.fromkeys(range(100, 120), 9.0)
    costs = completed(FrameSet.parse("20-29,120-129"), record)
    assert max(costs[:10]) < min(costs[10:])
