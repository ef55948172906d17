"""What every strategy promises, under any order of starts, deaths, finishes and speeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.registry import make_strategy
from stmpo.scheduling.simulate import SimulatedCosts, simulate

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Lease, Strategy

FRAME_SETS = st.sets(st.integers(-20, 90), min_size=1, max_size=70).map(FrameSet.of)
RECORDS = st.dictionaries(st.integers(-20, 90), st.floats(0, 1e4), max_size=40)


@dataclass
class Process:
    """A renderer: what its command line says, what is still its own, what it has done."""

    lease: Lease
    asked: Span
    done: set[int] = field(default_factory=set)
    together: int = 1


@dataclass
class World:
    """An orchestrator without processes, whose every step is chance. Asserts the promises at each step."""

    strategy: Strategy
    frames: FrameSet
    slots: int
    random: Random
    living: dict[int, Process] = field(default_factory=dict)
    rendered: set[int] = field(default_factory=set)
    ids: set[int] = field(default_factory=set)
    now: float = 0.0
    deaths: int = 0
    overlap: int = 0

    def run(self, deaths: int) -> World:
        self.deaths = deaths
        for _ in range(400 * (len(self.frames) + self.slots + deaths)):
            self.now += self.random.choice([0.0, 0.01, 1.0, 100.0])
            self._fill()
            self._nothing_is_lost()
            if not self.living:
                assert not self.strategy.waiting, "frames wait and nobody is given them"
                return self
            self._step(self.random.choice(sorted(self.living)))
        raise AssertionError("the run does not end")

    def _fill(self) -> None:
        idle = [slot for slot in range(self.slots) if slot not in self.living]
        self.random.shuffle(idle)
        for slot in idle:
            if self.living and self.random.random() < 0.2:
                continue  # a start that is held up
            grant = self.strategy.grant(slot, self.now)
            if grant is None:
                continue
            lease = grant.lease
            assert lease.id not in self.ids
            self.ids.add(lease.id)
            if grant.victim is not None:
                self._cut(grant.victim, lease)
            for other in self.living.values():
                assert not set(lease.span) & set(other.lease.span), "in two living leases"
            assert set(lease.span) <= set(self.frames)
            assert not set(lease.span) & self.rendered
            self.living[slot] = Process(lease, lease.span, together=self.random.choice([1, 1, 4]))

    def _cut(self, front: Lease, lease: Lease) -> None:
        victim = self.living[front.slot]
        assert victim.lease.id == front.id
        assert Span(front.span.first, lease.span.last) == victim.lease.span
        assert front.span.last + 1 == lease.span.first
        assert victim.done <= set(front.span), "a finished frame was taken"
        victim.lease = front
        self.overlap += 1

    def _step(self, slot: int) -> None:
        process = self.living[slot]
        kind = self.random.random()
        if kind < 0.1:
            self.strategy.started(process.lease, self.now)
        elif kind < 0.2:
            self.strategy.began(process.lease, self.now)
        elif kind < 0.25 and self.deaths:
            self.deaths -= 1
            self._end(slot)
        else:
            self._finish(slot, process)

    def _finish(self, slot: int, process: Process) -> None:
        left = [frame for frame in process.lease.span if frame not in process.done]
        frame = self.random.choice(left[: process.together])
        process.done.add(frame)
        assert frame not in self.rendered
        self.rendered.add(frame)
        for _ in range(self.random.choice([1, 1, 2])):
            self.strategy.finished(process.lease, frame, self.now)
        if len(left) == 1:
            self._end(slot)

    def _end(self, slot: int) -> None:
        process = self.living.pop(slot)
        self.strategy.retire(process.lease)
        missing = FrameSet(tuple(frame for frame in process.lease.span if frame not in process.done))
        if missing.frames and self.random.random() < 0.5:
            self.strategy.give_back([Span(missing.frames[0], missing.frames[0])], last=True)
            missing = FrameSet(missing.frames[1:])
        self.strategy.give_back(missing.runs())

    def _nothing_is_lost(self) -> None:
        leased = sum(len(set(p.lease.span) - p.done) for p in self.living.values())
        assert leased + self.strategy.waiting + len(self.rendered) == len(self.frames)


@pytest.mark.parametrize("name", ["static", "steal"])
@given(
    frames=FRAME_SETS,
    slots=st.integers(1, 9),
    record=RECORDS,
    start_up=st.sampled_from([None, 0.0, 20.0]),
    delay=st.sampled_from([0.0, 2.0]),
    deaths=st.integers(0, 6),
    seed=st.integers(0, 1 << 30),
)
def test_each_frame_is_leased_once_at_a_time_and_none_is_lost_and_the_run_ends(  # noqa: PLR0917 - what hypothesis draws
    name: str,
    frames: FrameSet,
    slots: int,
    record: dict[int, float],
    start_up: float | None,
    delay: float,
    deaths: int,
    seed: int,
) -> None:
    strategy = make_strategy(name, frames, slots, record=record, start_up=start_up, spawn_delay=delay)
    world = World(strategy, frames, slots, Random(seed)).run(deaths)
    assert world.rendered == set(frames)


@pytest.mark.parametrize("name", ["static", "steal", "shared"])
@given(
    costs=st.dictionaries(st.integers(0, 60), st.sampled_from([0.0, 0.1, 1.0, 13.0]), min_size=1),
    slots=st.integers(1, 8),
    start_up=st.sampled_from([0.0, 1.0, 20.0]),
    delay=st.sampled_from([0.0, 2.0]),
    slow=st.dictionaries(st.integers(0, 7), st.sampled_from([0.25, 1.0, 3.0]), max_size=4),
    killers=st.sets(st.integers(0, 60), max_size=3),
    crashes=st.sets(st.tuples(st.integers(1, 12), st.integers(0, 60)), max_size=4),
    stillborn=st.sets(st.integers(1, 12), max_size=3),
)
def test_a_simulated_run_ends_with_every_frame_rendered_or_failed_by_its_own_fault(  # noqa: PLR0917 - as above
    name: str,
    costs: dict[int, float],
    slots: int,
    start_up: float,
    delay: float,
    slow: dict[int, float],
    killers: set[int],
    crashes: set[tuple[int, int]],
    stillborn: set[int],
) -> None:
    """Frames that kill whoever renders them, processes that crash once, processes that never begin."""

    def dies(start: int, frame: int | None) -> bool:
        return start in stillborn if frame is None else frame in killers or (start, frame) in crashes

    frames = FrameSet.of(costs)
    strategy = make_strategy(name, frames, slots, spawn_delay=delay)
    outcome = simulate(
        strategy,
        slots,
        SimulatedCosts(costs, start_up, spawn_delay=delay, speeds=slow, dies=dies, max_retries=6),
    )
    done = sum(stint.frames for stint in outcome.stints)
    if done:  # otherwise the retry policy has given the run up
        assert done + len(outcome.failed) == len(frames) or len(killers & set(costs)) > 0
    assert set(outcome.failed) <= killers
    assert strategy.waiting == 0 or not done or killers & set(costs)


@given(
    costs=st.lists(st.floats(0.1, 30), min_size=1, max_size=200),
    slots=st.integers(1, 12),
    start_up=st.floats(0, 40),
    stop_after=st.floats(0, 3),
)
def test_frames_are_rendered_twice_only_while_a_renderer_is_being_stopped(
    costs: list[float], slots: int, start_up: float, stop_after: float
) -> None:
    frames = FrameSet.between(0, len(costs) - 1)
    strategy = make_strategy("steal", frames, slots)
    outcome = simulate(
        strategy, slots, SimulatedCosts(dict(enumerate(costs)), start_up, stop_after=stop_after)
    )
    cut = sum(stint.cut for stint in outcome.stints)
    assert outcome.twice <= cut * (stop_after / min(costs) + 1)
    assert sum(stint.frames for stint in outcome.stints) == len(costs)
