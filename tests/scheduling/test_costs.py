"""Frame costs from the times of finished files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.scheduling.costs import CostClock, ReportedCosts

TIMES = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


@given(st.floats(1, 1e6), TIMES)
def test_the_costs_of_a_process_sum_to_its_time(began: float, times: list[float]) -> None:
    """Whatever the order in which files are found; no cost is negative."""
    clock = CostClock()
    clock.begin(began)
    costs = [clock.finished(at) for at in times]
    assert all(cost is not None and cost >= 0 for cost in costs)
    assert sum(cost or 0 for cost in costs) == pytest.approx(max(0.0, max(times) - began), abs=1e-3)


@given(TIMES)
def test_the_first_frame_of_a_process_that_never_said_when_it_began_has_no_cost(times: list[float]) -> None:
    clock = CostClock()
    costs = [clock.finished(at) for at in times]
    assert costs[0] is None
    assert None not in costs[1:]


def test_a_pause_is_no_frames_cost() -> None:
    clock = CostClock()
    clock.begin(10.0)
    clock.pause(13.0)
    assert clock.finished(12.0) == 2.0, "found while it stands still, written before"
    clock.resume(913.0)
    assert clock.finished(915.0) == 3.0
    assert clock.finished(916.0) == 1.0


def test_a_process_begins_once() -> None:
    clock = CostClock()
    clock.begin(10.0)
    clock.begin(99.0)
    assert clock.finished(12.0) == 2.0


def test_a_file_of_several_processes_belongs_to_the_line_that_came_nearest() -> None:
    costs = ReportedCosts()
    for at, cost in ((10.1, 1.0), (10.9, 9.0), (12.0, None), (12.1, 2.0)):
        costs.report(at, cost)
    assert [costs.finished(at) for at in (10.0, 10.8, 12.0)] == [1.0, 9.0, 2.0]
    assert costs.finished(12.0) is None, "each line is of one file"


def test_a_line_from_long_ago_tells_nothing_of_a_file() -> None:
    costs = ReportedCosts()
    costs.report(10.0, 1.0)
    assert costs.finished(20.0) is None


def test_a_clock_that_jumps_by_years_is_no_frames_cost() -> None:
    clock, year = CostClock(), 365 * 86_400.0
    clock.begin(10.0)
    assert clock.finished(12.0, 15.0) == 2.0
    assert clock.finished(year + 14.0, 17.0) is None
    assert clock.finished(year + 16.0, 19.0) is None, "from when is not known"
    assert clock.finished(year + 18.0, 21.0) == 2.0
