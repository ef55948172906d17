"""Noticing that more processes rendered fewer frames than an earlier run."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.scheduling.throughput import fewer_were_faster

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
