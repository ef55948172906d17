"""How many renderers may run at once, once several have failed for want of a shared resource."""

from __future__ import annotations

from stmpo.scheduling.cost_history import read_cost_history
from stmpo.scheduling.process_limit import FORGOTTEN_AFTER, ProcessLimit, Verdict


def running(processes: int) -> ProcessLimit:
    """A limit with so many renderers at once, numbered from 1."""
    limit = ProcessLimit(processes)
    for number in range(1, processes + 1):
        limit.started(number, number)
    return limit


def test_one_renderer_proves_nothing() -> None:
    limit = running(4)
    assert limit.failed(1, 10, 0) is Verdict.FIRST
    assert limit.processes == 4


def test_the_second_renderer_halves_the_number_down_to_one() -> None:
    limit = running(8)
    found = []
    number = 8
    while limit.processes > 1:
        assert limit.failed(number, number, 0) is Verdict.FIRST
        assert limit.failed(number - 1, number - 1, 0) is Verdict.FEWER
        assert limit.forgiven == {number}
        found.append(limit.processes)
        for at_once in range(1, limit.processes + 1):
            number += 1
            limit.started(number, at_once)
    assert found == [4, 2, 1]


def test_only_as_many_count_as_ran_at_once() -> None:
    limit = ProcessLimit(24)
    for number in range(1, 5):
        limit.started(number, number)
    limit.failed(1, 1, 0)
    limit.failed(2, 2, 0)
    assert limit.processes == 2


def test_a_frame_that_fails_again_is_judged_as_a_frame() -> None:
    limit = running(4)
    assert limit.failed(1, 10, 0) is Verdict.FIRST
    limit.started(5, 4)
    assert limit.failed(5, 10, 0) is Verdict.COUNTS
    assert limit.processes == 4


def test_renderers_that_do_not_begin_have_no_frame_to_blame() -> None:
    limit = running(4)
    assert limit.failed(3, None, 0) is Verdict.FIRST
    assert limit.failed(4, None, 0) is Verdict.FEWER


def test_those_that_started_before_the_number_was_lowered_prove_nothing_more() -> None:
    limit = running(4)
    limit.failed(1, 10, 0)
    limit.failed(2, 20, 0)
    assert [limit.failed(3, 30, 0), limit.failed(4, 40, 0)] == [Verdict.FREE, Verdict.FREE]
    assert limit.processes == 2


def test_failures_far_apart_are_not_added_up() -> None:
    limit = running(4)
    limit.failed(1, 10, 0)
    assert limit.failed(2, 20, FORGOTTEN_AFTER * 4 + 1) is Verdict.FIRST
    assert limit.processes == 4


def test_starts_are_refused_from_the_number_on() -> None:
    limit = running(2)
    assert not limit.refuses(1)
    assert limit.refuses(2)


def journal(*events: dict[str, object], host: str = "here") -> list[dict[str, object]]:
    """The lines of one run."""
    return [{"event": "run", "host": host, "job": {"project": "p", "comp": "c"}}, *events]


LIMITED = {"event": "limited", "processes": 2, "name": "gpu-failure"}


def learned(*runs: list[dict[str, object]]) -> tuple[int, str]:
    lines = [line for run in runs for line in run]
    found = read_cost_history(lines, {"project": "p", "comp": "c", "rqindex": None}, host="here")
    return found.most_processes, found.most_reason


def finished(processes: int) -> dict[str, object]:
    return {"event": "finished", "processes": processes}


def test_a_limit_is_remembered_for_this_machine_until_more_processes_work() -> None:
    assert learned(journal(LIMITED, finished(4))) == (2, "gpu-failure")
    assert learned(journal(LIMITED, finished(4)), journal(finished(2))) == (2, "gpu-failure")
    assert learned(journal(LIMITED, finished(4)), journal(finished(3))) == (0, "")
    assert learned(journal(LIMITED, finished(4), host="elsewhere")) == (0, "")
