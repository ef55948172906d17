"""A run played in short: what first ranges lead to, if one knew what every frame costs."""

from __future__ import annotations

from itertools import accumulate, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet
from stmpo.scheduling.cost_shapes import SHAPES, shape
from stmpo.scheduling.makespan import makespan
from stmpo.scheduling.simulate import SimulatedCosts, simulate
from stmpo.scheduling.steal import Steal
from stmpo.scheduling.water_level import water_level

COSTS = st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=40)


@pytest.mark.parametrize("truth", list(SHAPES))
@pytest.mark.parametrize("believed", list(SHAPES))
def test_it_is_about_what_the_simulation_takes(truth: str, believed: str) -> None:
    costs, record = (shape(name, 600, 8.0, Random(4)) for name in (truth, believed))
    ends = parted(record, 16)
    frames = FrameSet.between(0, 599)
    parts = [FrameSet(frames.frames[start:end]) for start, end in pairwise([0, *ends])]
    steal = Steal(frames, 16, ranges=parts, start_up=20.0)
    outcome = simulate(steal, 16, SimulatedCosts(dict(enumerate(costs)), 20.0))
    told = makespan(ends, [0.0, *accumulate(costs)], [0.0] * 16, 20.0)
    assert told == pytest.approx(outcome.makespan, rel=0.12)


def parted(costs: list[float], slots: int) -> list[int]:
    """Ends of ranges that weigh the same."""
    done = list(accumulate(costs))
    return [sum(so_far <= done[-1] * slot / slots for so_far in done) for slot in range(1, slots)] + [
        len(costs)
    ]


@given(COSTS, st.data(), st.floats(0, 1e3), st.floats(0, 50))
def test_it_ends_for_any_ranges_within_what_is_possible(
    costs: list[float], data: st.DataObject, start_up: float, delay: float
) -> None:
    slots = data.draw(st.integers(1, 50))
    inner = data.draw(st.lists(st.integers(0, len(costs)), min_size=slots - 1, max_size=slots - 1))
    ends = [*sorted(inner), len(costs)]
    done = [0.0, *accumulate(costs)]
    delays = [delay * slot for slot in range(slots)]
    told = makespan(ends, done, delays, start_up)
    longest = max(
        late + start_up + done[end] - done[start]
        for late, (start, end) in zip(delays, pairwise([0, *ends]), strict=True)
    )
    assert told <= longest + 1e-6


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.lists(st.floats(0, 1e6), min_size=1, max_size=40)
)
def test_the_water_level_holds_what_lies_beyond_it(ends: list[float], begins: list[float]) -> None:
    level = water_level(ends, begins)
    assert level <= max(ends)
    beyond = sum(end - level for end in ends if end > level)
    assert beyond <= sum(level - begin for begin in begins if begin < level) + 1e-6
