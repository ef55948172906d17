"""The memory policy: never below one renderer, never to and fro, and always to an end."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stmpo.engine.memory_policy import (
    FIRST_WAIT,
    GB,
    HOLD,
    MemoryAction,
    MemoryDecision,
    MemoryPolicy,
    MemoryThresholds,
    Resident,
)
from stmpo.machine.model import MemoryRoom

MB = 2**20


def room(available: float, total: float = 64) -> MemoryRoom:
    return MemoryRoom(int(total * GB), int(available * GB))


def residents(*sizes: float) -> list[Resident]:
    return [Resident(number, int(size * GB)) for number, size in enumerate(sizes, start=1)]


def pressed(
    policy: MemoryPolicy, where: MemoryRoom, who: list[Resident], now: float = 0.0
) -> MemoryDecision | None:
    """What is decided once a shortage has lasted."""
    first = policy.decide(now, where, who)
    return first or policy.decide(now + HOLD, where, who)


@given(st.integers(2**20, 2**45))
def test_the_marks_stand_in_their_order(total: int) -> None:
    marks = MemoryThresholds.of(total)
    assert 0 < marks.last < marks.kill < marks.retire < marks.start < total


def test_the_first_renderer_always_starts() -> None:
    assert MemoryPolicy(4).refusal(room(0), [], 0) == ""


def test_a_further_one_needs_room_for_the_peak_of_its_siblings_while_they_grow_to_theirs() -> None:
    policy = MemoryPolicy(4)
    policy.decide(0.0, room(50), residents(10))
    young = [*residents(10)[:1], Resident(2, GB)]
    assert policy.refusal(room(30), residents(10), 1) == ""
    assert policy.refusal(room(27.5), young, 2) == ""
    told = policy.refusal(room(26.5), young, 2)  # 9 to come, 10 for itself, 8 in reserve
    assert told == (
        "26.5 GB of 64.0 GB of memory available, and a renderer needs up to 10.0 GB:"
        " no further one is started until there is room"
    )
    assert policy.refusal(room(27.5), residents(10), 2) != "", (
        "a sibling that was not measured yet counts whole"
    )


def test_what_is_not_known_refuses_nothing_and_decides_nothing() -> None:
    policy = MemoryPolicy(4)
    assert policy.refusal(None, residents(1, 1), 2) == ""
    assert policy.decide(0.0, None, residents(1, 1)) is None


def test_a_passing_peak_is_no_pressure() -> None:
    policy = MemoryPolicy(4)
    for now in range(0, 60, 4):
        assert policy.decide(now, room(4 if now % 8 else 30), residents(10, 10)) is None


def test_the_newest_is_retired_first_and_killed_last_of_all() -> None:
    policy = MemoryPolicy(4)
    who = residents(10, 11, 9)
    found = pressed(policy, room(4), who)
    assert found is not None
    assert (found.action, found.number, policy.allowed) == (MemoryAction.RETIRE, 3, 2)
    assert "memory is short (4.0 GB of 64.0 GB of memory available): the newest renderer ends" in found.text
    who[2] = Resident(3, 9 * GB, retiring=True)
    assert policy.decide(20.0, room(4), who) is None, "one at a time"
    found = policy.decide(21.0, room(2), who)
    assert found is not None
    assert (found.action, found.number, policy.allowed) == (MemoryAction.KILL, 3, 2)
    who[2] = Resident(3, 9 * GB, stopping=True)
    assert policy.decide(22.0, room(2), who) is None, "its memory comes back first"


def test_the_one_that_eats_goes_however_old_it_is() -> None:
    policy = MemoryPolicy(4)
    found = pressed(policy, room(4), residents(9, 40, 8))
    assert found is not None
    assert (found.action, found.number, policy.allowed) == (MemoryAction.RUNAWAY, 2, 4)
    policy.decide(20.0, room(30), [*residents(9, 41, 8)[::2], Resident(2, 41 * GB, stopping=True)])
    assert policy.need == 9 * GB, "what it took is no measure for the others"
    assert found.text == (
        "it has taken 40.0 GB of memory, where no other has needed more than 9.0 GB, and 4.0 GB of 64.0 GB are left"
    )


def test_the_last_one_goes_on_unless_it_holds_most_of_what_there_is_and_nothing_is_left() -> None:
    policy = MemoryPolicy(4)
    assert pressed(policy, room(0.1), residents(20)) is None, "somebody else has the rest"
    assert pressed(policy, room(2), residents(60), 100.0) is None, "there is still something"
    found = pressed(policy, room(0.5), residents(62), 200.0)
    assert found is not None
    assert found.action is MemoryAction.RUNAWAY
    assert found.text == "it has taken 62.0 GB of memory, and 512 MB of 64.0 GB are left"


def test_after_a_retreat_one_more_may_run_after_a_calm_wait_that_doubles() -> None:
    policy, now = MemoryPolicy(3), 0.0
    for expected in (FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT):
        found = pressed(policy, room(4), residents(10, 11, 9), now)
        assert found is not None
        assert policy.allowed == 2
        assert policy.refusal(room(60), residents(10, 11), 2) == "memory allows 2 renderers at present"
        now += 10
        calm = now
        while policy.allowed == 2:
            policy.decide(now, room(30), residents(10, 11))
            now += 1
        assert now - calm == pytest.approx(expected + 1, abs=1)


def test_what_the_system_ended_is_a_retreat_as_well() -> None:
    policy = MemoryPolicy(4)
    policy.on_system_kill(2)
    assert policy.allowed == 2
    policy.on_system_kill(0)
    assert (policy.allowed, policy.wait) == (1, 2 * FIRST_WAIT)


@dataclass
class Machine:
    """A machine that renders: each renderer grows to a peak of its own, and works through frames of ten
    seconds.
    """

    total: int
    slots: int
    peaks: list[int]
    """Of the renderers in the order of their start, again from the beginning when there are more."""

    work: int
    """Seconds of rendering to be done, by all together."""

    others: list[int]
    """What everyone else has, by the minute."""

    living: dict[int, int] = field(default_factory=dict)
    """Seconds that each has run."""

    leaving: dict[int, int] = field(default_factory=dict)
    """Seconds until they are gone."""

    started: int = 0
    retreats: int = 0
    lowest: int = 99

    def run(self, policy: MemoryPolicy, limit: int) -> int:
        """Until all work is done; the seconds that it took."""
        for now in range(limit):
            if self.work <= 0:
                return now
            self._second(policy, now)
        raise AssertionError(f"{self.work} s of work left after {limit} s, with {self.living}")

    def memory(self, number: int) -> int:
        return min(self.peaks[number % len(self.peaks)], (1 + self.living[number]) * GB // 4)

    def _second(self, policy: MemoryPolicy, now: int) -> None:
        for number in [each for each, left in self.leaving.items() if left <= now]:
            del self.leaving[number], self.living[number]
        there = [Resident(n, self.memory(n), stopping=n in self.leaving) for n in sorted(self.living)]
        used = sum(each.memory for each in there) + self.others[now // 60 % len(self.others)]
        seen = MemoryRoom(self.total, max(0, self.total - used))
        found = policy.decide(now, seen, there)
        if found is not None:
            self._obey(found, now)
        assert 1 <= policy.allowed <= self.slots
        while len(self.living) < self.slots and not policy.refusal(seen, there, len(self.living)):
            self.started += 1
            self.living[self.started] = 0
        assert self.living, "there is always one"
        for number in self.living:
            self.living[number] += 1
            self.work -= number not in self.leaving

    def _obey(self, found: MemoryDecision, now: int) -> None:
        staying = [number for number in self.living if number not in self.leaving]
        if found.action is not MemoryAction.RUNAWAY:
            assert len(staying) > 1, "the last one is never sent away for lack of room"
            self.retreats += 1
        self.leaving[found.number] = now + (10 if found.action is MemoryAction.RETIRE else 1)


SIZES = st.integers(64 * MB, 40 * GB)


@settings(max_examples=60, deadline=None)
@given(
    total=st.integers(8 * GB, 128 * GB),
    slots=st.integers(1, 12),
    peaks=st.lists(SIZES, min_size=1, max_size=5),
    others=st.lists(st.integers(0, 16 * GB), min_size=1, max_size=4),
)
def test_whatever_renderers_take_there_is_always_one_and_the_work_gets_done(
    total: int, slots: int, peaks: list[int], others: list[int]
) -> None:
    machine = Machine(total, slots, peaks, 5_000, others)
    machine.run(MemoryPolicy(slots), 20_000)


@pytest.mark.parametrize(("fit", "peak"), [(1, 6), (3, 4), (7, 2)])
def test_a_machine_that_holds_fewer_than_planned_is_not_tried_again_and_again(fit: int, peak: int) -> None:
    """Eight are planned, `fit` fit: in three hours they retreat from eight to what fits, and then a few times
    more.
    """
    total = fit * peak * GB + 16 * GB
    machine = Machine(total, 8, [peak * GB], 10**9, [0])
    with pytest.raises(AssertionError, match="of work left"):
        machine.run(MemoryPolicy(8), 10_800)
    assert machine.retreats <= 8 + math.log2(10_800 / FIRST_WAIT)
