"""Costs of unrendered frames: from a record, from neighbours, from the run so far."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet
from stmpo.scheduling.estimates import Estimates, completed
from stmpo.scheduling.initial_ranges import weighted_ranges

TEN = FrameSet.between(1, 10)
POSITIVE = st.floats(1e-3, 1e5)


def cost(estimates: Estimates, first: int, last: int, under_way: float = 0.0) -> float:
    """Estimated seconds of these positions together."""
    return estimates.shape(first, last) * estimates.level(first, last, under_way)


@given(
    st.lists(st.none() | POSITIVE, min_size=2, max_size=60),
    st.data(),
    st.floats(0, 1e4),
)
def test_every_estimate_is_a_positive_number(
    seen: list[float | None], data: st.DataObject, under_way: float
) -> None:
    shape = data.draw(st.lists(POSITIVE, min_size=len(seen), max_size=len(seen)))
    estimates = Estimates(shape)
    for position, seconds in enumerate(seen[:-1]):
        if seconds is not None:
            estimates.observe(position, seconds)
    last = len(seen) - 1
    first = last
    while first and seen[first - 1] is None:
        first -= 1
    assert 0 < cost(estimates, first, last, under_way) < float("inf")


def test_with_nothing_known_all_frames_are_alike() -> None:
    estimates = Estimates([1.0] * 10)
    assert cost(estimates, 0, 4) == cost(estimates, 5, 9) == 5.0


def test_an_unknown_frame_costs_about_what_its_neighbours_do() -> None:
    estimates = Estimates([1.0] * 100)
    for position in (0, 1, 2):
        estimates.observe(position, 1.0)
    for position in (97, 98, 99):
        estimates.observe(position, 9.0)
    assert cost(estimates, 3, 3) < 2.5
    assert cost(estimates, 96, 96) > 7.5
    assert cost(estimates, 3, 96) == pytest.approx(5 * 94, rel=0.01)


def test_a_frame_that_takes_longer_than_expected_raises_the_estimate_of_its_neighbours() -> None:
    estimates = Estimates([1.0] * 10)
    estimates.observe(0, 1.0)
    assert cost(estimates, 1, 9, under_way=20.0) > 5 * cost(estimates, 1, 9)


def test_a_record_keeps_its_shape_at_this_machines_speed() -> None:
    estimates = Estimates([float(frame) for frame in TEN])
    for position in range(5):
        estimates.observe(position, 3.0 * (position + 1))
    assert [cost(estimates, at, at) for at in range(5, 10)] == pytest.approx([18.0, 21.0, 24.0, 27.0, 30.0])


def test_a_cost_that_is_observed_again_replaces_the_first() -> None:
    estimates = Estimates([1.0] * 10)
    estimates.observe(0, 100.0)
    estimates.observe(0, 2.0)
    assert cost(estimates, 9, 9) == pytest.approx(2.0)


@given(
    st.lists(POSITIVE, min_size=1, max_size=40),
    st.data(),
)
def test_the_frames_that_fit_are_the_nearest_number(shape: list[float], data: st.DataObject) -> None:
    estimates = Estimates(shape)
    last = data.draw(st.integers(0, len(shape) - 1))
    most = data.draw(st.integers(1, last + 1))
    room = data.draw(st.floats(0, 2e5))
    taken = estimates.fitting(last, most, room)
    assert 1 <= taken <= most
    off = abs(estimates.shape(last + 1 - taken, last) - room)
    for other in {max(1, taken - 1), min(most, taken + 1)}:
        assert off <= abs(estimates.shape(last + 1 - other, last) - room) + 1e-6


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
    assert [frame for part in sorted(parts, key=lambda part: part.frames) for frame in part] == list(frames)


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


def test_a_slot_that_starts_late_is_not_given_the_heavy_frame_at_the_end() -> None:
    """Ten light frames and a heavy one: in the order of the slots the last one would have it, and end after
    29 s.
    """
    ranges = weighted_ranges(FrameSet.between(0, 10), [1.0] * 10 + [20.0], [0.0, 9.0])
    assert [list(part) for part in ranges] == [[10], list(range(10))]
