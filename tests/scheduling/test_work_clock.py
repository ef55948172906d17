"""The clock that stands still while all renderers do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.scheduling.work_clock import WorkClock


def test_a_pause_is_no_time() -> None:
    clock = WorkClock()
    assert clock.reading(10.0) == 10.0
    clock.hold(14.0, held=True)
    clock.hold(20.0, held=True)
    assert clock.reading(900.0) == 14.0
    clock.hold(914.0, held=False)
    clock.hold(920.0, held=False)
    assert clock.reading(935.0) == 35.0


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans())))
def test_it_never_goes_back_and_counts_every_other_second(steps: list[tuple[int, bool]]) -> None:
    clock, now, worked, holding = WorkClock(), 0, 0, False
    for seconds, held in steps:
        now += seconds
        worked += 0 if holding else seconds
        assert clock.reading(now) == worked
        clock.hold(now, held=held)
        assert clock.reading(now) == worked
        holding = held
