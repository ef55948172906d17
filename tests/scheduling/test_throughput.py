"""Noticing that more processes made fewer frames."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet
from stmpo.scheduling.cost_shapes import SHAPES, shape
from stmpo.scheduling.simulate import SimulatedCosts, simulate
from stmpo.scheduling.static import Static
from stmpo.scheduling.throughput import Throughput, fewer_were_faster

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Lease


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


def noisy(random: Random, *phases: tuple[int, float, float]) -> Throughput:
    """The same, with frames that finish whenever chance has it."""
    throughput = Throughput()
    now = finished = 0
    for processes, seconds, rate in phases:
        following = random.expovariate(rate)
        for second in range(int(seconds)):
            throughput.observe(now, processes, finished)
            while following < second + 1:
                finished, following = finished + 1, following + random.expovariate(rate)
            now += 1
    throughput.observe(now, 0, finished)
    return throughput


@pytest.mark.parametrize("seconds", [20, 60, 300])
def test_chance_is_no_finding(seconds: int) -> None:
    """Counts that are equally fast, or the more the faster: one false finding in a hundred at most."""
    found = 0
    for seed in range(300):
        random = Random(seed)
        rate = random.choice([0.5, 2.0])
        phases = [(count, seconds, rate * count**0.2) for count in (1, 2, 4, 8)]
        random.shuffle(phases)
        found += noisy(random, *phases).too_many() is not None
    assert found <= 3


def test_a_clear_loss_is_found_through_the_noise() -> None:
    found = [noisy(Random(seed), (2, 120, 2.0), (8, 120, 1.0)).too_many() for seed in range(100)]
    assert sum(pair is not None and pair[0].processes == 2 for pair in found) >= 98


class Watched(Static):
    """Notes when a frame was finished."""

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        self.times.append(now)

    times: list[float]


@pytest.mark.parametrize("name", list(SHAPES))
def test_processes_that_do_not_hinder_each_other_are_never_blamed(name: str) -> None:
    """Whatever the frames cost: the last ones of a range may be cheap, and be rendered by a few processes
    alone.
    """
    for seed in range(10):
        costs = dict(enumerate(shape(name, 200, 4.0, Random(f"{name} {seed}"))))
        strategy = Watched(FrameSet.of(costs), 8)
        strategy.times = []
        outcome = simulate(strategy, 8, SimulatedCosts(costs, 20.0))
        throughput = Throughput()
        for now in range(int(outcome.makespan) + 1):
            rendering = sum(stint.began <= now < stint.ended for stint in outcome.stints)
            throughput.observe(now, rendering, sum(time <= now for time in strategy.times))
        assert throughput.too_many() is None, seed


BEFORE = {frame: (2, 1.0 + frame % 7) for frame in range(100)}


def test_an_earlier_run_with_fewer_processes_that_was_faster_is_noticed() -> None:
    """The same frames, four times the processes, each five times as slow: together they are slower."""
    found = fewer_were_faster(BEFORE, {frame: 8 * cost for frame, (_, cost) in BEFORE.items()}, 8)
    assert found is not None
    best, most = found
    assert (best.processes, most.processes) == (2, 8)
    assert best.frames_per_second == pytest.approx(2 * most.frames_per_second)


def test_an_earlier_run_that_was_slower_or_had_more_or_other_frames_is_no_finding() -> None:
    same = {frame: cost for frame, (_, cost) in BEFORE.items()}
    assert fewer_were_faster(BEFORE, same, 8) is None
    assert fewer_were_faster(BEFORE, {frame: 8 * cost for frame, cost in same.items()}, 2) is None
    assert fewer_were_faster(BEFORE, {frame + 100: 8 * cost for frame, cost in same.items()}, 8) is None


@given(st.integers(0, 1 << 30), st.floats(0.0, 0.7))
def test_noise_in_the_costs_of_frames_is_no_finding(seed: int, sigma: float) -> None:
    """Twice the processes, each frame as dear as before but for chance."""
    random = Random(seed)
    now = {frame: cost * random.lognormvariate(0, sigma) for frame, (_, cost) in BEFORE.items()}
    assert fewer_were_faster(BEFORE, now, 4) is None
