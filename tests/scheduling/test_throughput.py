"""Noticing that more processes made fewer frames."""

from __future__ import annotations

from stmpo.scheduling.throughput import Throughput


def watched(*phases: tuple[int, float, float]) -> Throughput:
    """Processes, seconds, and frames a second of all together, phase after phase; looked at each second."""
    throughput = Throughput()
    now = finished = 0.0
    for processes, seconds, rate in phases:
        for _ in range(int(seconds)):
            throughput.observe(now, processes, int(finished))
            now, finished = now + 1, finished + rate
    throughput.observe(now, 0, int(finished))
    return throughput


def test_a_second_process_that_makes_the_total_slower_is_noticed() -> None:
    found = watched((1, 60, 2.0), (2, 60, 1.0)).too_many()
    assert found is not None
    best, most = found
    assert (best.processes, most.processes) == (1, 2)
    assert best.frames_per_second > 1.8
    assert most.frames_per_second < 1.2


def test_each_slower_but_all_together_faster_is_no_finding() -> None:
    assert watched((1, 60, 2.0), (2, 60, 3.0)).too_many() is None


def test_a_small_difference_is_no_finding() -> None:
    assert watched((1, 60, 2.0), (2, 60, 1.9)).too_many() is None


def test_counts_near_each_other_may_have_met_different_frames() -> None:
    assert watched((3, 60, 2.0), (4, 60, 1.0)).too_many() is None
    assert watched((2, 60, 2.0), (4, 60, 1.0)).too_many() is not None


def test_a_short_phase_or_few_frames_say_nothing() -> None:
    assert watched((1, 10, 9.0), (2, 60, 1.0)).too_many() is None
    assert watched((1, 60, 0.1), (2, 60, 0.05)).too_many() is None


def test_nothing_rendering_is_no_count() -> None:
    assert watched((0, 60, 0.0), (2, 60, 1.0)).rates()[0].processes == 2
