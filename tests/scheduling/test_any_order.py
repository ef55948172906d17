"""The promises of `steal`, step by step in any order: starts, frames, deaths, steals, late or repeated
events.

grant ─► start ─► begin ─► finish… ─► end            at any of them: die, be cut, be reported again
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.steal import Steal

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Lease

SLOTS = 5
AT_ONCE = 3
"""Frames that a process has in work together, at most."""


@dataclass
class Process:
    """A renderer: what it was asked for, what is still its own, what it has done of that."""

    lease: Lease
    asked: Span
    done: set[int] = field(default_factory=set)
    began: bool = False
    cuts: int = 0

    @property
    def left(self) -> list[int]:
        """What of its own it has not done yet."""
        return [frame for frame in self.lease.span if frame not in self.done]


class AnyOrder(RuleBasedStateMachine):
    """An orchestrator whose every step is drawn. `living` is by slot."""

    @initialize(
        frames=st.integers(0, 60).map(lambda last: FrameSet.between(0, last))
        | st.sets(st.integers(0, 60), min_size=1).map(FrameSet.of),
        record=st.dictionaries(st.integers(0, 60), st.floats(0, 100), max_size=20),
        sure=st.booleans(),
        start_up=st.sampled_from([None, 0.0, 20.0]),
        delay=st.sampled_from([0.0, 2.0]),
    )
    def begin_run(
        self, frames: FrameSet, record: dict[int, float], sure: bool, start_up: float | None, delay: float
    ) -> None:
        self.frames = frames
        self.strategy = Steal(frames, SLOTS, record=record, sure=sure, start_up=start_up, spawn_delay=delay)
        self.living: dict[int, Process] = {}
        self.rendered: set[int] = set()
        self.abandoned: set[int] = set()
        self.twice = self.steals = 0
        self.now = 0.0

    @rule(seconds=st.sampled_from([0.0, 0.01, 1.0, 50.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(slot=st.integers(0, SLOTS - 1))
    def ask(self, slot: int) -> None:
        if slot in self.living:
            return
        grant = self.strategy.grant(slot, self.now)
        if grant is None:
            return
        assert grant.lease.slot == slot
        if grant.victim is not None:
            self._cut(grant.victim, grant.lease)
        self.living[slot] = Process(grant.lease, grant.lease.span)

    @precondition(lambda self: any(p.cuts and p.began and not p.left for p in self.living.values()))
    @rule(data=st.data())
    def reclaim(self, data: st.DataObject) -> None:
        """The process of a cut lease has done its own: it may have the next frames back."""
        process = data.draw(
            st.sampled_from([p for p in self.living.values() if p.cuts and p.began and not p.left])
        )
        reclaim = self.strategy.reclaim(process.lease, self.now)
        if reclaim is None:
            return
        beaten = self.living.pop(reclaim.cancelled.slot)
        assert beaten.lease == reclaim.cancelled
        assert not beaten.began
        assert not beaten.done
        assert reclaim.lease.span == Span(process.lease.span.first, beaten.lease.span.last)
        assert reclaim.lease.span.last <= process.asked.last
        process.lease = reclaim.lease

    def _cut(self, front: Lease, back: Lease) -> None:
        """The front stays with its process and is not empty; nothing that is finished or in work was
        taken.
        """
        victim = self.living[front.slot]
        assert Span(front.span.first, back.span.last) == victim.lease.span
        assert front.span.last + 1 == back.span.first
        assert victim.done <= set(front.span)
        assert any(frame not in victim.done for frame in front.span), "the frame in work stays"
        victim.lease = front
        victim.cuts += 1
        self.steals += 1

    @precondition(lambda self: self.living)
    @rule(data=st.data(), again=st.booleans())
    def hear(self, data: st.DataObject, again: bool) -> None:
        process = self._any(data)
        self.strategy.started(process.lease, self.now)
        for _ in range(1 + again):
            self.strategy.began(process.lease, self.now)
        process.began = True

    @precondition(lambda self: self.living)
    @rule(data=st.data(), which=st.integers(0, AT_ONCE - 1), again=st.booleans())
    def finish(self, data: st.DataObject, which: int, again: bool) -> None:
        process = self._any(data)
        if not process.left:
            return
        process.began = True
        frame = process.left[min(which, len(process.left) - 1)]
        assert frame not in self.rendered, "rendered by two"
        process.done.add(frame)
        self.rendered.add(frame)
        for _ in range(1 + again):
            self.strategy.finished(process.lease, frame, self.now)

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def be_done(self, data: st.DataObject) -> None:
        """One is done with all of its own, a second a frame: its slot steals next."""
        slot = data.draw(st.sampled_from(sorted(self.living)))
        process = self.living[slot]
        self.strategy.started(process.lease, self.now)
        for frame in process.left:
            self.now += 1.0
            process.done.add(frame)
            self.rendered.add(frame)
            self.strategy.finished(process.lease, frame, self.now)
        self.strategy.retire(self.living.pop(slot).lease)
        self.ask(slot)

    @rule()
    def ask_for_all(self) -> None:
        for slot in range(SLOTS):
            self.ask(slot)

    @precondition(lambda self: any(p.cuts and not p.left for p in self.living.values()))
    @rule(data=st.data())
    def go_on_after_the_own_frames(self, data: st.DataObject) -> None:
        """A renderer whose lease was cut goes on until it is stopped: the strategy must make nothing of
        it.
        """
        process = data.draw(st.sampled_from([p for p in self.living.values() if p.cuts and not p.left]))
        beyond = [frame for frame in process.asked if frame not in process.lease.span]
        if beyond:
            self.strategy.finished(process.lease, data.draw(st.sampled_from(beyond)), self.now)
            self.twice += 1

    @precondition(lambda self: any(not p.left for p in self.living.values()))
    @rule()
    def end(self) -> None:
        for slot in [slot for slot, process in self.living.items() if not process.left]:
            self.strategy.retire(self.living.pop(slot).lease)

    @precondition(lambda self: self.living)
    @rule(data=st.data(), fate=st.sampled_from(["again", "aside", "abandoned"]))
    def die(self, data: st.DataObject, fate: str) -> None:
        """What it had not done comes back: the frame it died on alone and last, or never; the rest at
        once.
        """
        slot = data.draw(st.sampled_from(sorted(self.living)))
        process = self.living.pop(slot)
        self.strategy.retire(process.lease)
        left = process.left
        if left and fate != "again":
            if fate == "aside":
                self.strategy.give_back([Span(left[0], left[0])], last=True)
            else:
                self.abandoned.add(left[0])
            left = left[1:]
        self.strategy.give_back(FrameSet(tuple(left)).runs())

    def _any(self, data: st.DataObject) -> Process:
        return self.living[data.draw(st.sampled_from(sorted(self.living)))]

    @invariant()
    def each_frame_is_in_one_place(self) -> None:
        if not hasattr(self, "living"):
            return
        leased = [frame for process in self.living.values() for frame in process.left]
        assert len(leased) == len(set(leased)), "in two living leases"
        assert set(leased) <= set(self.frames) - self.rendered - self.abandoned
        known = len(leased) + len(self.rendered) + len(self.abandoned)
        assert known + self.strategy.waiting == len(self.frames), "lost, or there twice"

    def teardown(self) -> None:
        """Left alone, every run ends with every frame rendered or given up, after no more steals than
        frames.
        """
        if not hasattr(self, "living"):
            return
        for _ in range(20 * (len(self.frames) + SLOTS)):
            for slot in range(SLOTS):
                self.ask(slot)
            if not self.living:
                break
            slot = min(self.living, key=lambda each: len(self.living[each].left))
            process = self.living[slot]
            self.now += 1.0
            for frame in process.left[:1]:
                process.done.add(frame)
                self.rendered.add(frame)
                self.strategy.finished(process.lease, frame, self.now)
            self.end() if not process.left else None
        assert not self.living, "the run does not end"
        assert not self.strategy.waiting
        assert self.rendered | self.abandoned == set(self.frames)


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestAnyOrder = AnyOrder.TestCase
