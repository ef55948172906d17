"""What the journal of earlier runs teaches."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.scheduling.cost_history import CostHistory, read_cost_history, shared_out

JOB = {"project": "/p/a.aep", "comp": "Main", "rqindex": None, "output": "x"}


def run(**job: Any) -> dict[str, Any]:
    return {"event": "run", "job": {**JOB, **job}}


def delivered(frame: Any, cost: Any, attempt: int = 1) -> dict[str, Any]:
    return {"event": "delivered", "frame": frame, "cost": cost, "attempt": attempt}


def test_a_later_run_replaces_what_an_earlier_one_said() -> None:
    lines = [run(), delivered(1, 5.0), delivered(2, 5.0), run(), delivered(2, 7.0)]
    assert read_cost_history(lines, JOB).costs == {1: 5.0, 2: 7.0}


def test_any_version_and_any_output_of_the_same_comp_counts_and_no_other_comp() -> None:
    lines = [run(output="y"), delivered(1, 5.0), run(comp="Other"), delivered(1, 50.0), delivered(2, 50.0)]
    assert read_cost_history(lines, JOB).costs == {1: 5.0}
    assert read_cost_history(lines).costs == {1: 50.0, 2: 50.0}


def test_start_ups_are_those_of_the_last_run_and_memory_that_of_any() -> None:
    ended = {"event": "ended", "start_up": 30.0, "peak_memory": 900}
    lines = [run(), ended, run(), *({**ended, "start_up": s, "peak_memory": 100} for s in (10.0, 12.0, 14.0))]
    lines.append({**ended, "start_up": 12.0, "peak_memory": 99_000, "stopped": "runaway"})
    learned = read_cost_history(lines, JOB)
    assert learned.start_up == 12.0
    assert learned.peak_memory == 900, "one that ate without end is no measure"


def test_costs_are_sure_when_all_of_them_are_of_the_version_that_is_rendered_now() -> None:
    now, then = {"size": 1, "digest": "b"}, {"size": 1, "digest": "a"}
    old = [{**run(), "project_version": then}, delivered(1, 5.0), delivered(2, 5.0)]
    new = [{**run(), "project_version": now}, delivered(2, 6.0)]
    assert read_cost_history(old, JOB, then).sure
    assert not read_cost_history([*old, *new], JOB, now).sure
    assert read_cost_history([*old, *new, delivered(1, 6.0)], JOB, now).sure


def test_a_later_source_replaces_what_it_has_a_word_on_and_leaves_the_rest() -> None:
    learned = CostHistory({1: 4.0, 2: 4.0}, {1, 2}, [20.0], 7)
    learned.update(CostHistory({2: 6.0, 3: 6.0}, {3}, [], 5))
    assert learned == CostHistory({1: 4.0, 2: 6.0, 3: 6.0}, {1, 3}, [20.0], 7)


def test_one_run_alone_can_be_asked_for() -> None:
    lines = [{**run(), "run": "a"}, delivered(1, 5.0), {**run(), "run": "b"}, delivered(2, 7.0)]
    assert read_cost_history(lines, JOB, run="b").costs == {2: 7.0}


def test_a_run_in_which_nothing_began_leaves_the_start_ups_of_the_one_before() -> None:
    lines = [run(), {"event": "ended", "start_up": 30.0}, run(), {"event": "ended", "start_up": None}]
    assert read_cost_history(lines, JOB).start_up == 30.0


@pytest.mark.parametrize("cost", [None, "3", True, -1.0])
def test_what_is_no_cost_is_passed_over(cost: object) -> None:
    assert read_cost_history([run(), delivered(1, cost)], JOB).costs == {}


def test_lines_that_are_no_events_teach_nothing() -> None:
    assert (
        read_cost_history(
            [{}, {"event": "delivered"}, {"event": "run", "job": 7}, delivered(1, 2.0)], JOB
        ).costs
        == {}
    )


def test_frames_that_finished_together_share_their_time() -> None:
    lines = [run(), *(delivered(frame, 8.0 if frame % 4 == 1 else 0.0) for frame in range(1, 9))]
    assert read_cost_history(lines, JOB).costs == dict.fromkeys(range(1, 9), 2.0)


@given(st.lists(st.floats(0, 1e6)))
def test_sharing_out_changes_no_sum(costs: list[float]) -> None:
    evened = shared_out(costs)
    assert len(evened) == len(costs)
    assert sum(evened) == pytest.approx(sum(costs))


def test_how_many_renderers_a_frame_was_rendered_beside_is_known_of_runs_that_ended() -> None:
    done = {"event": "finished", "processes": 4}
    assert read_cost_history([run(), delivered(1, 5.0), done], JOB).processes == {1: 4}
    assert read_cost_history([run(), delivered(1, 5.0), done, run(), delivered(1, 6.0)], JOB).processes == {}
    now = {"size": 1, "digest": "b"}
    assert read_cost_history([run(), delivered(1, 5.0), done], JOB, now).processes == {}, (
        "another version's frames"
    )
