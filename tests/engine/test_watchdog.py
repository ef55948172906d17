"""The stall watchdog: silence alone is no fault, and a tree that does nothing at all is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.engine.watchdog import (
    BLIND,
    BUSY_CPU,
    BUSY_IO,
    FINISHING_MOST,
    FRAME_FACTOR,
    FRAME_FLOOR,
    FRAME_UNKNOWN,
    IDLE_CPU,
    IDLE_IO,
    LAUNCHING_MOST,
    PACE_FACTOR,
    PACE_FLOOR,
    PACE_FRAMES,
    Budgets,
    Life,
    Overdue,
    Pace,
    Phase,
    Stall,
    Suspicion,
    Watchdog,
)
from stmpo.model.options import RunOptions

LIMIT = 600.0


def life(now: float, cpu: float = 0.0, io: int = 0, progress: int = 0, files: int = 0) -> Life:
    return Life(now, cpu, io, progress, files)


def watching(limit: float) -> Watchdog:
    """The same budget in every phase."""
    return Watchdog(Budgets(limit, limit, limit, limit, limit, limit))


STEPS = st.lists(st.floats(0.01, BLIND), min_size=1, max_size=60)


@given(STEPS, st.floats(0.5, 1000.0))
def test_what_computes_never_stalls(steps: list[float], limit: float) -> None:
    dog, now, cpu = watching(limit), 0.0, 0.0
    for step in steps:
        now, cpu = now + step, cpu + 0.06 * max(step, 1.0)
        assert dog.observe(life(now, cpu), Phase.RENDERING) is None


@given(STEPS, st.sampled_from(["progress", "files"]), st.booleans())
def test_any_change_of_a_counter_is_life_a_falling_one_too(
    steps: list[float], counter: str, falling: bool
) -> None:
    dog, now = watching(0.5), 0.0
    for number, step in enumerate(steps):
        now += step
        value = 1000 - number if falling else number
        assert dog.observe(life(now, **{counter: value}), Phase.RENDERING) is None


@given(STEPS)
def test_what_moves_data_never_stalls(steps: list[float]) -> None:
    dog, now, moved = watching(0.5), 0.0, 0.0
    for step in steps:
        now, moved = now + step, moved + 1.1 * IDLE_IO * max(step, 1.0)
        assert dog.observe(life(now, io=round(moved)), Phase.RENDERING) is None


def test_less_io_than_before_is_life_for_a_child_has_gone() -> None:
    dog = watching(10.0)
    dog.observe(life(0.0, io=5000), Phase.RENDERING)
    dog.observe(life(9.0, io=5000), Phase.RENDERING)
    assert dog.observe(life(12.0, io=100), Phase.RENDERING) is None


def test_the_trickle_of_a_helpers_log_is_no_life() -> None:
    dog = watching(LIMIT)
    found = [dog.observe(life(now, io=5 * now), Phase.LAUNCHING) for now in range(0, int(LIMIT) + 1, 2)]
    assert isinstance(found[-1], Stall)


def test_what_reads_footage_after_a_long_wait_is_not_given_up() -> None:
    dog = watching(LIMIT)
    samples = [life(now, io=0 if now < 590 else 10 * BUSY_IO) for now in range(0, 1190, 10)]
    assert not any(isinstance(dog.observe(sample, Phase.OPENING), Stall) for sample in samples)


def test_a_start_has_a_limit_that_life_does_not_extend() -> None:
    dog = Watchdog(Budgets(LIMIT, start=900.0))
    found = [
        dog.observe(life(now, cpu=float(now), progress=now), Phase.LAUNCHING if now < 100 else Phase.OPENING)
        for now in range(0, 901, 10)
    ]
    assert found[:-1] == [None] * 90
    assert isinstance(found[-1], Overdue)
    assert "has not begun to render 900 s after its start" in found[-1].text
    assert "--start-timeout" in found[-1].text


def test_a_frame_has_a_limit_that_life_does_not_extend_and_the_next_frame_has_all_of_it() -> None:
    dog = Watchdog(Budgets(LIMIT, start=900.0, frame=60.0))
    assert dog.observe(life(0.0), Phase.OPENING) is None
    for now in range(10, 500, 10):
        phase = Phase.FIRST_FRAME if now < 50 else Phase.RENDERING
        assert dog.observe(life(now, cpu=float(now)), phase) is None
        if now % 50 == 0:
            dog.on_frame(float(now))
    found = [dog.observe(life(now, cpu=float(now)), Phase.RENDERING) for now in range(500, 600, 10)]
    overdue = [each for each in found if isinstance(each, Overdue)]
    assert overdue
    assert overdue[0].seconds == 60.0
    assert "at work on one frame for 60 s" in overdue[0].text
    assert "--frame-timeout" in overdue[0].text


def test_time_in_which_it_was_suspended_is_not_the_frames() -> None:
    dog = Watchdog(Budgets(frame=60.0))
    dog.observe(life(0.0), Phase.RENDERING)
    for now in range(0, 6000, 50):
        dog.forgive()
        assert dog.observe(life(float(now), cpu=float(now)), Phase.RENDERING) is None


@given(st.lists(st.floats(0, 1000)))
def test_the_limit_of_a_frame_is_learned(times: list[float]) -> None:
    pace, budgets = Pace(), Budgets.of(RunOptions())
    for seconds in times:
        pace.observe(seconds)
    learned = max(FRAME_FLOOR, FRAME_FACTOR * max(times, default=0.0))
    expected = learned if len(times) >= PACE_FRAMES else FRAME_UNKNOWN
    for phase in (Phase.FIRST_FRAME, Phase.RENDERING):
        assert budgets.limit(phase, pace) == expected
    assert budgets.limit(Phase.LAUNCHING, pace) == 900.0
    assert budgets.limit(Phase.FINISHING, pace) == 0.0
    assert Budgets.of(RunOptions(frame_timeout=0.0)).limit(Phase.RENDERING, pace) == 0.0


@given(STEPS, st.floats(0.0, IDLE_CPU * 0.9), st.floats(0.5, 2000.0), st.sampled_from(Phase))
def test_what_idles_stalls_at_the_limit_and_not_before(
    steps: list[float], idle: float, limit: float, phase: Phase
) -> None:
    dog, now, quiet = watching(limit), 0.0, 0.0
    dog.observe(life(0.0), phase)
    for step in steps:
        quiet += min((now + step) - now, BLIND)
        now += step
        found = dog.observe(life(now, cpu=idle * now), phase)
        assert isinstance(found, Stall) is (quiet >= limit)


@given(STEPS, st.floats(1.0, 600.0))
def test_what_is_suspected_is_said_once_before_it_is_given_up(steps: list[float], limit: float) -> None:
    dog, now, said, given_up = watching(limit), 0.0, 0, False
    dog.observe(life(0.0), Phase.OPENING)
    for step in steps:
        now += step
        found = dog.observe(life(now), Phase.OPENING)
        said += isinstance(found, Suspicion)
        assert not (isinstance(found, Suspicion) and given_up)
        given_up |= isinstance(found, Stall)
    assert said <= 1
    if now >= limit and max(steps) < limit / 2:
        assert said == 1


def test_life_makes_a_second_silence_worth_a_second_word() -> None:
    dog, said = watching(20.0), 0
    for round_ in range(2):
        for second in range(0, 18, 2):
            found = dog.observe(life(round_ * 100.0 + second, progress=round_), Phase.RENDERING)
            said += isinstance(found, Suspicion)
    assert said == 2


def test_a_dialogs_rare_blink_is_no_life() -> None:
    dog = watching(LIMIT)
    found = [
        dog.observe(life(now, cpu=0.3 * (now // 60)), Phase.RENDERING) for now in range(0, int(LIMIT) + 1, 5)
    ]
    assert isinstance(found[-1], Stall)
    assert not any(isinstance(each, Stall) for each in found[:-1])


def test_what_goes_to_work_after_a_long_wait_is_not_given_up() -> None:
    """Its average over the quiet time is still that of an idler."""
    dog = watching(LIMIT)
    samples = [life(now, cpu=0.0 if now < 600 else BUSY_CPU * 10) for now in range(0, 1201, 10)]
    *before, last = [dog.observe(sample, Phase.LAUNCHING) for sample in samples]
    assert not any(isinstance(each, Stall) for each in before)
    assert isinstance(last, Stall)


def test_less_cpu_time_than_before_is_life_for_a_child_has_gone() -> None:
    dog = watching(30.0)
    dog.observe(life(0.0, cpu=100.0), Phase.RENDERING)
    dog.observe(life(20.0, cpu=100.0), Phase.RENDERING)
    assert dog.observe(life(29.0, cpu=3.0), Phase.RENDERING) is None
    assert dog.observe(life(40.0, cpu=3.0), Phase.RENDERING) is None


def test_a_budget_of_zero_watches_nothing() -> None:
    dog = watching(0)
    assert not any(dog.observe(life(now), Phase.RENDERING) for now in (0.0, 1.0, 1e9))


def test_the_time_in_which_it_was_suspended_is_forgiven() -> None:
    dog = watching(20.0)
    dog.observe(life(0.0), Phase.RENDERING)
    dog.forgive()
    assert dog.observe(life(5000.0), Phase.RENDERING) is None
    assert not isinstance(dog.observe(life(5019.0), Phase.RENDERING), Stall)
    assert isinstance(dog.observe(life(5020.0), Phase.RENDERING), Stall)


@given(st.floats(BLIND, 1e6))
def test_time_in_which_nobody_watched_is_no_quiet_time(away: float) -> None:
    """This process was stopped, or the machine slept: the renderer had no more time than we had."""
    dog = watching(2 * BLIND)
    dog.observe(life(0.0), Phase.RENDERING)
    assert not isinstance(dog.observe(life(away), Phase.RENDERING), Stall)


@pytest.mark.parametrize("phase", Phase)
def test_a_stall_says_how_long_what_is_suspected_and_what_gives_more_time(phase: Phase) -> None:
    dog = Watchdog(Budgets(20.0), circumstances=("this is session 0",))
    dog.observe(life(0.0), phase)
    suspicion, stall = dog.observe(life(15.0), phase), dog.observe(life(25.0), phase)
    assert isinstance(suspicion, Suspicion)
    assert isinstance(stall, Stall)
    assert f"no sign of life for 15 s while {phase.value}; suspected: " in suspicion.text
    assert suspicion.text.endswith("it will be stopped at 20 s and its frames retried")
    assert f"no sign of life for 25 s while {phase.value}; suspected: " in stall.text
    assert "(this is session 0)" in stall.text
    assert "--stall-" in stall.text
    assert "\n" not in suspicion.text + stall.text


OPTIONS = st.none() | st.floats(0, 5000)


@given(
    st.floats(0, 5000), st.tuples(OPTIONS, OPTIONS, OPTIONS, OPTIONS, OPTIONS), st.lists(st.floats(0, 1000))
)
def test_what_is_given_holds_and_what_is_not_is_never_more_than_the_common_budget(
    common: float,
    given_: tuple[float | None, float | None, float | None, float | None, float | None],
    times: list[float],
) -> None:
    pace = Pace()
    for seconds in times:
        pace.observe(seconds)
    budgets = Budgets(common, *given_)
    for phase, value in zip(Phase, given_, strict=True):
        found = budgets.of_phase(phase, pace)
        assert found == value if value is not None else found <= common
        assert found > 0 or not common or value == 0


def test_the_defaults_of_the_phases() -> None:
    budgets = Budgets.of(RunOptions())
    found = [budgets.of_phase(phase, Pace()) for phase in Phase]
    assert found == [LAUNCHING_MOST, 600.0, 600.0, 600.0, FINISHING_MOST]
    assert budgets.smallest == FINISHING_MOST
    assert Budgets().smallest is None


@given(st.lists(st.floats(0, 100), min_size=PACE_FRAMES))
def test_the_budget_of_rendering_is_learned_from_the_slowest_frame(times: list[float]) -> None:
    pace, budgets = Pace(), Budgets(LIMIT)
    for number, seconds in enumerate(times):
        if number < PACE_FRAMES:
            assert budgets.of_phase(Phase.RENDERING, pace) == LIMIT
        pace.observe(seconds)
    found = budgets.of_phase(Phase.RENDERING, pace)
    assert found == min(LIMIT, max(PACE_FLOOR, PACE_FACTOR * max(times)))


def test_a_file_that_grows_without_lines_keeps_a_movie_alive() -> None:
    dog = Watchdog(Budgets(frame=60.0))
    for now in range(0, 600, 10):
        dog.restart_frame()
        assert dog.observe(life(float(now), cpu=float(now)), Phase.FIRST_FRAME) is None
