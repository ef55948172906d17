"""A simulated run: the real strategy, the real retry policy, and a clock that jumps from event to event.

    grant ─► start gate ─► start-up ─► frame, frame, frame… ─► end ─► retire, give back ─► grant…
                                            └─ last own frame of a cut lease: stopped `stop_after` later

A renderer whose lease was cut goes on into the stolen frames until it is stopped. Frames that it finishes
there count as rendered twice.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.retries import AttemptEnd, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from stmpo.scheduling.protocol import Lease, Strategy

TICK = 1.0
"""Seconds after which an idle slot asks again although nothing has ended, as in the orchestrator."""

STOP_AFTER = 0.5
"""Seconds that the orchestrator needs to see the last own frame of a cut lease whole, and to stop its
renderer.
"""


@dataclass(frozen=True, slots=True)
class SimulatedCosts:
    """The events of a simulated run. Times are seconds."""

    frames: Mapping[int, float]
    """Cost of each frame, in any process."""

    start_up: float | Callable[[int], float]
    """Seconds from a process's start until it renders; a function of the n-th start, counted from 1, if it
    varies.
    """

    spawn_delay: float = 0.0
    stop_after: float = STOP_AFTER
    """Seconds from the last own frame of a cut lease until its renderer is gone and the slot is free."""

    speeds: Mapping[int, float] = field(default_factory=dict)
    """Speed of slots that are faster (above 1) or slower than the others."""

    slowdown: Callable[[int], float] | None = None
    """Factor on a frame's cost if so many processes render when it begins: what they take from each other."""

    dies: Callable[[int, int | None], bool] = lambda start, frame: False  # noqa: ARG005 - its parameters are the contract
    """Whether the n-th started process dies on this frame, or (None) before it begins to render."""

    max_retries: int = 2
    falls_back_at: float | None = None
    """When the run finds that its renderers cannot share a folder."""


@dataclass(frozen=True, slots=True)
class Stint:
    """One process's time in a slot. Times are seconds since the run began."""

    slot: int
    started: float
    began: float
    ended: float
    asked: Span
    frames: int
    """Number of frames that it rendered and that counted."""

    died: bool = False
    cut: bool = False


@dataclass(slots=True)
class Simulation:
    """The result of a simulated run. Times are seconds."""

    makespan: float = 0.0
    """When the last frame was done, or the last process ended in a run without frames."""

    bound: float = 0.0
    """See `lower_bound`."""

    starts: int = 0
    twice: int = 0
    """Number of frames that two processes rendered."""

    reclaimed: int = 0
    """Number of steals that were undone because the victim was faster than the new process's start."""

    failed: tuple[int, ...] = ()
    stints: list[Stint] = field(default_factory=list)

    @property
    def efficiency(self) -> float:
        """Return the bound over the makespan."""
        return self.bound / self.makespan if self.makespan else 1.0


def lower_bound(costs: Collection[float], slots: int, start_up: float, spawn_delay: float = 0.0) -> float:
    """Return seconds that no schedule of these frames can beat.

    Slot n starts after n spawn delays and a start-up. The bound is the time at which all slots together can
    have done the work, or the start-up and the longest frame if that is later.
    """
    total, bound = sum(costs), 0.0
    for count in range(1, max(1, min(slots, len(costs))) + 1):
        bound = start_up + total / count + spawn_delay * (count - 1) / 2
        if bound <= start_up + spawn_delay * count:
            break  # a further slot would begin to render after the end
    return max(bound, start_up + max(costs, default=0.0))


class _State(Enum):
    """Where a simulated process is."""

    WAITING = "waiting for the start gate"
    STARTING = "starting up"
    RENDERING = "rendering"
    STOPPING = "has done its own frames, and is being stopped"
    GONE = "gone"


@dataclass(slots=True, eq=False)
class _Process:
    """A simulated renderer. `asked` is the range of its command line, `lease` the part that is still its
    own.
    """

    lease: Lease
    asked: Span
    number: int = 0
    """Which start this is, counted from 1; 0 before it has started."""

    state: _State = _State.WAITING
    started: float = 0.0
    began: float | None = None
    frame: int = 0
    """The frame that it renders now."""

    done: int = 0
    cut: bool = False


def simulate(strategy: Strategy, slots: int, costs: SimulatedCosts) -> Simulation:
    """Run to the end.

    Raises:
        RuntimeError: frames wait and no slot gets them: a defect of the strategy.
    """
    return _Run(strategy, slots, costs).go()


class _Run:
    def __init__(self, strategy: Strategy, slots: int, costs: SimulatedCosts) -> None:
        self._strategy = strategy
        self._costs = costs
        self._slots = slots
        self._idle = set(range(slots))
        self._processes: dict[int, _Process] = {}
        """By lease id."""

        self._events: list[tuple[float, int, Callable[[_Process], None], _Process]] = []
        self._order = 0
        self._now = 0.0
        self._gate = 0.0
        self._retries = RetryPolicy(slots, costs.max_retries)
        self._rendered: set[int] = set()
        self._failed: set[int] = set()
        self._unclaimed: dict[Span, Iterator[int]] = {}
        """Frames of each shared span that no process has taken yet."""

        self._paused: dict[int, float] = {}
        self._hopeless = False
        self._freed = False
        """A slot has become idle: it asks at once."""

        self._outcome = Simulation()

    def go(self) -> Simulation:
        """Process events until none is left."""
        self._ask()
        asked = self._now
        falls_back_at = self._costs.falls_back_at
        while self._events:
            if falls_back_at is not None and falls_back_at <= self._events[0][0]:
                self._now, falls_back_at = falls_back_at, None
                self._fall_back()
                continue
            self._now, _, action, process = heapq.heappop(self._events)
            self._freed = False
            action(process)
            if self._idle and (self._freed or self._now - asked >= TICK):
                self._ask()
                asked = self._now
        if self._strategy.waiting and not self._hopeless:
            raise RuntimeError(f"{self._strategy.waiting} frames wait and nobody renders")
        outcome = self._outcome
        if not self._rendered:
            outcome.makespan = max((stint.ended for stint in outcome.stints), default=0.0)
        outcome.bound = lower_bound(
            self._costs.frames.values(), self._slots, self._start_up(1), self._costs.spawn_delay
        )
        outcome.failed = tuple(sorted(self._failed))
        return outcome

    def _start_up(self, number: int) -> float:
        given = self._costs.start_up
        return given(number) if callable(given) else given

    def _at(self, time: float, action: Callable[[_Process], None], process: _Process) -> None:
        self._order += 1
        heapq.heappush(self._events, (time, self._order, action, process))

    def _ask(self) -> None:
        for slot in sorted(self._idle):
            grant = None if self._hopeless else self._strategy.grant(slot, self._now)
            if grant is None:
                break  # a refusal holds for all idle slots
            if grant.victim is not None:
                self._cut(grant.victim)
            self._idle.discard(slot)
            process = _Process(grant.lease, grant.lease.span)
            self._processes[grant.lease.id] = process
            start = max(self._now, self._gate, self._paused.pop(slot, 0.0))
            self._gate = start + self._costs.spawn_delay
            self._at(start, self._start, process)

    def _cut(self, lease: Lease) -> None:
        victim = self._processes[lease.id]
        victim.lease = lease
        victim.cut = victim.state is not _State.WAITING
        if not victim.cut:  # its command line is not written yet: it will be asked for less
            victim.asked = lease.span

    def _start(self, process: _Process) -> None:
        if process.state in {_State.GONE, _State.STOPPING}:
            return
        self._outcome.starts += 1
        process.number = self._outcome.starts
        process.state = _State.STARTING
        process.started = self._now
        self._strategy.started(process.lease, self._now)
        self._at(self._now + self._start_up(process.number), self._begin, process)

    def _begin(self, process: _Process) -> None:
        if process.state in {_State.GONE, _State.STOPPING}:
            return
        if self._costs.dies(process.number, None):
            self._die(process, AttemptEnd.NEVER_BEGAN)
            return
        process.state = _State.RENDERING
        process.began = self._now
        process.frame = process.asked.first - 1
        self._strategy.began(process.lease, self._now)
        self._next(process)

    def _next(self, process: _Process) -> None:
        """Begin the next frame of its command line; end where there is none."""
        if process.lease.shared:
            frames = self._unclaimed.setdefault(process.asked, iter(process.asked))
            frame = next((frame for frame in frames if frame in self._costs.frames), None)
        else:
            frame = process.frame + 1 if process.frame < process.asked.last else None
        if frame is None:
            self._end(process)
            return
        process.frame = frame
        if self._costs.dies(process.number, frame):
            self._die(process, AttemptEnd.DIED)
            return
        cost = self._costs.frames[frame]
        if self._costs.speeds:
            cost /= self._costs.speeds.get(process.lease.slot, 1.0)
        if self._costs.slowdown is not None:
            rendering = sum(other.state is _State.RENDERING for other in self._processes.values())
            cost *= self._costs.slowdown(rendering)
        self._at(self._now + cost, self._finish, process)

    def _finish(self, process: _Process) -> None:
        frame, lease = process.frame, process.lease
        if process.state is not _State.RENDERING:
            return
        assert frame in lease.span, "a frame was rendered that belongs to another process"
        assert frame not in self._rendered, "rendered twice"
        process.done += 1
        self._rendered.add(frame)
        self._outcome.makespan = self._now
        self._retries.rendered()
        self._strategy.finished(lease, frame, self._now)
        if process.cut and frame == lease.span.last and not self._reclaim(process):
            process.state = _State.STOPPING
            self._overlap(process)
            self._at(self._now + self._costs.stop_after, self._end, process)
        else:
            self._next(process)

    def _reclaim(self, process: _Process) -> bool:
        """Return whether a process that has done its own frames may go on into those that were stolen from
        it.
        """
        reclaim = self._strategy.reclaim(process.lease, self._now)
        if reclaim is None:
            return False
        process.lease = reclaim.lease
        process.cut = process.lease.span.last < process.asked.last
        beaten = self._processes[reclaim.cancelled.id]
        assert beaten.state in {_State.WAITING, _State.STARTING}, "a process that renders was cancelled"
        self._outcome.reclaimed += 1
        self._close(beaten, died=False)
        self._at(self._now + (self._costs.stop_after if beaten.number else 0.0), self._free, beaten)
        return True

    def _fall_back(self) -> None:
        """Stop the processes that share a folder. The frame that each has in work is lost."""
        for lease in self._strategy.fall_back():
            process = self._processes[lease.id]
            if process.state is _State.RENDERING:
                self._outcome.twice += 1
            process.state = _State.STOPPING
            self._at(self._now + self._costs.stop_after, self._end, process)

    def _overlap(self, process: _Process) -> None:
        """Count the stolen frames that a renderer finishes before it is stopped."""
        left = self._costs.stop_after * self._costs.speeds.get(process.lease.slot, 1.0)
        for frame in range(process.lease.span.last + 1, process.asked.last + 1):
            left -= self._costs.frames[frame]
            if left < 0:
                break
            self._outcome.twice += 1

    def _die(self, process: _Process, end: AttemptEnd) -> None:
        self._close(process, died=True)
        if process.lease.shared:
            missing = self._abandoned()
        else:
            missing = FrameSet.of(frame for frame in process.lease.span if frame not in self._rendered)
        if missing.frames:
            decision = self._retries.ended(end, missing)
            self._strategy.give_back(decision.again)
            self._strategy.give_back(decision.set_aside, last=True)
            self._failed.update(decision.exhausted)
            self._hopeless |= decision.hopeless
            self._paused[process.lease.slot] = self._now + decision.pause
        self._at(self._now, self._free, process)

    def _abandoned(self) -> FrameSet:
        """Return the missing frames of a shared span, once its last process has ended."""
        if any(other.lease.shared for other in self._processes.values()):
            return FrameSet(())
        return FrameSet.of(
            frame for frame in self._costs.frames if frame not in self._rendered and frame not in self._failed
        )

    def _end(self, process: _Process) -> None:
        self._close(process, died=False)
        if process.lease.shared and (missing := self._abandoned()).frames:
            self._strategy.give_back(missing.runs())
        self._free(process)

    def _free(self, process: _Process) -> None:
        self._idle.add(process.lease.slot)
        self._freed = True

    def _close(self, process: _Process, *, died: bool) -> None:
        process.state = _State.GONE
        del self._processes[process.lease.id]
        self._strategy.retire(process.lease)
        if not process.number:
            return
        began = self._now if process.began is None else process.began
        self._outcome.stints.append(
            Stint(
                slot=process.lease.slot,
                started=process.started,
                began=began,
                ended=self._now,
                asked=process.asked,
                frames=process.done,
                died=died,
                cut=process.cut,
            )
        )
