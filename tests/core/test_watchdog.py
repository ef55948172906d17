"""The stall watchdog: silence alone is no fault, and a tree that does nothing at all is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.watchdog import BUSY_CPU, IDLE_CPU, Life, Phase, Watchdog

LIMIT = 600.0


def life(now: float, cpu: float = 0.0, io: int = 0, output: int = 0, files: int = 0) -> Life:
    return Life(now, cpu, io, output, files)


STEPS = st.lists(st.floats(0.01, 120), min_size=1, max_size=60)


@given(STEPS, st.floats(0.5, 1000.0))
def test_what_computes_never_stalls(steps: list[float], limit: float) -> None:
    dog, now, cpu = Watchdog(limit), 0.0, 0.0
    for step in steps:
        now, cpu = now + step, cpu + 0.06 * max(step, 1.0)
        assert dog.observe(life(now, cpu), Phase.RENDERING) is None


@given(STEPS, st.sampled_from(["io", "output", "files"]), st.booleans())
def test_any_change_of_a_counter_is_life_a_falling_one_too(
    steps: list[float], counter: str, falling: bool
) -> None:
    dog, now = Watchdog(0.5), 0.0
    for number, step in enumerate(steps):
        now += step
        value = 1000 - number if falling else number
        assert dog.observe(life(now, **{counter: value}), Phase.RENDERING) is None


@given(STEPS, st.floats(0.0, IDLE_CPU * 0.9), st.floats(0.5, 2000.0))
def test_what_idles_stalls_at_the_limit_and_not_before(steps: list[float], idle: float, limit: float) -> None:
    dog, now = Watchdog(limit), 0.0
    dog.observe(life(0.0), Phase.LAUNCHING)
    for step in steps:
        now += step
        stall = dog.observe(life(now, cpu=idle * now), Phase.LAUNCHING)
        assert (stall is not None) is (now >= limit)


def test_a_dialogs_rare_blink_is_no_life() -> None:
    dog = Watchdog(LIMIT)
    stalls = [
        dog.observe(life(now, cpu=0.3 * (now // 60)), Phase.RENDERING) for now in range(0, int(LIMIT) + 1, 5)
    ]
    assert stalls[-1] is not None
    assert not any(stalls[:-1])


def test_what_goes_to_work_after_a_long_wait_is_not_given_up() -> None:
    """Its average over the quiet time is still that of an idler."""
    dog = Watchdog(LIMIT)
    dog.observe(life(0.0), Phase.LAUNCHING)
    dog.observe(life(590.0), Phase.LAUNCHING)
    assert dog.observe(life(600.0, cpu=BUSY_CPU * 10), Phase.LAUNCHING) is None
    assert dog.observe(life(1100.0, cpu=BUSY_CPU * 10), Phase.LAUNCHING) is None
    assert dog.observe(life(1200.0, cpu=BUSY_CPU * 10), Phase.LAUNCHING) is not None


def test_less_cpu_time_than_before_is_life_for_a_child_has_gone() -> None:
    dog = Watchdog(LIMIT)
    dog.observe(life(0.0, cpu=100.0), Phase.RENDERING)
    assert dog.observe(life(599.0, cpu=3.0), Phase.RENDERING) is None
    assert dog.observe(life(1100.0, cpu=3.0), Phase.RENDERING) is None


def test_a_limit_of_zero_watches_nothing() -> None:
    dog = Watchdog(0)
    assert not any(dog.observe(life(now), Phase.RENDERING) for now in (0.0, 1.0, 1e9))


def test_the_time_in_which_it_was_suspended_is_forgiven() -> None:
    dog = Watchdog(LIMIT)
    dog.observe(life(0.0), Phase.RENDERING)
    dog.forgive()
    assert dog.observe(life(5000.0), Phase.RENDERING) is None
    assert dog.observe(life(5599.0), Phase.RENDERING) is None
    assert dog.observe(life(5600.0), Phase.RENDERING) is not None


@pytest.mark.parametrize("phase", Phase)
def test_a_stall_says_how_long_and_what_is_suspected(phase: Phase) -> None:
    dog = Watchdog(LIMIT)
    dog.observe(life(0.0), phase)
    stall = dog.observe(life(700.0), phase)
    assert stall is not None
    assert f"no sign of life for 700 s while {phase.value}; suspected: " in stall.text
    assert "\n" not in stall.text
