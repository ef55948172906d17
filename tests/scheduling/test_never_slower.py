"""Stealing never loses to not stealing, whatever the frames cost and however long a start takes."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet
from stmpo.scheduling.cost_shapes import SHAPES, shape
from stmpo.scheduling.registry import make_strategy
from stmpo.scheduling.simulate import SimulatedCosts, simulate

LEAST = 0.97
"""Of the efficiency of `static`, on every single run."""


@given(
    names=st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=3),
    scales=st.lists(st.sampled_from([0.05, 1.0, 20.0]), min_size=3, max_size=3),
    frames=st.integers(20, 2000),
    slots=st.integers(2, 32),
    mean=st.sampled_from([0.25, 1.0, 2.0, 8.0, 20.0]),
    start_up=st.just(0.0) | st.floats(0, 60),
    delay=st.just(0.0) | st.floats(0, 5),
    seed=st.integers(0, 1 << 30),
)
@settings(max_examples=60, deadline=None)
def test_stealing_is_never_slower_than_fixed_ranges(  # noqa: PLR0917 - what hypothesis draws
    names: list[str],
    scales: list[float],
    frames: int,
    slots: int,
    mean: float,
    start_up: float,
    delay: float,
    seed: int,
) -> None:
    """The comp is made of up to three passages, each of a shape and a weight of its own."""
    costs: list[float] = []
    for number, name in enumerate(names):
        count = (frames - len(costs)) // (len(names) - number)
        if count:
            costs += shape(name, count, mean * scales[number], Random(f"{seed} {number}"))
    truth = SimulatedCosts(dict(enumerate(costs)), start_up, spawn_delay=delay)
    makespan = {
        name: simulate(
            make_strategy(name, FrameSet.between(0, len(costs) - 1), slots, spawn_delay=delay), slots, truth
        ).makespan
        for name in ("static", "steal")
    }
    assert makespan["static"] >= LEAST * makespan["steal"]
