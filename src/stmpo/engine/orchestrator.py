"""The loop that joins the rooms: slots take leases, renderers are attended, frames collected, ends concluded.

One asyncio loop, one coroutine a slot:

    grant a lease ─► wait for the start gate ─► attend the renderer ─► look at its last files ─► conclude ─► again

It owns no policy: who gets which frames is the strategy's, what a failure costs is the retry book's, what a line means
is the renderer's, when a silent renderer is stuck is the watchdog's, and whether a frame counts is the ledger's.
Every way out (done, failed, cancelled, no space) is one call of `_end`, the first of which decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.engine.attempt import Attempt
from stmpo.engine.collector import Collector
from stmpo.engine.dispatcher import Dispatcher
from stmpo.engine.ledger import FrameState
from stmpo.engine.memory_control import MemoryControl
from stmpo.engine.monitor import TICK, Monitor
from stmpo.engine.outcomes import Outcomes
from stmpo.engine.reporter import Reporter
from stmpo.engine.shared_folder import SharedFolder
from stmpo.engine.supervisor import Supervisor
from stmpo.engine.surroundings import circumstances
from stmpo.engine.watchdog import Budgets, Pace, Watchdog
from stmpo.model.errors import BadInput, ExitCode, NoSpace, StmpoError
from stmpo.model.events import Level, RunFailed, SlotState
from stmpo.processes import stop
from stmpo.scheduling.retries import RetryPolicy
from stmpo.system.files import is_full

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stmpo.delivery.scratch import Scratch
    from stmpo.delivery.size_consensus import SizeConsensus
    from stmpo.engine.ledger import Ledger
    from stmpo.history.journal import Journal
    from stmpo.model.events import Event
    from stmpo.model.frames import FrameSet
    from stmpo.model.options import RunOptions
    from stmpo.model.render_job import RenderJob
    from stmpo.planning import Plan, Slot
    from stmpo.renderers.protocol import Renderer
    from stmpo.scheduling.protocol import Lease, Strategy

DRAIN_STEP = 0.5
"""Seconds between two looks at whether the last deliveries may still take their time."""

DELIVERY_AFTER_CANCEL = 10.0
"""Seconds that a cancelled run still delivers what is whole; the rest stays in scratch for the next run."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a run needs, checked and planned."""

    job: RenderJob
    options: RunOptions
    renderer: Renderer
    environment: Mapping[str, str]
    redact: Callable[[str], str]
    """Masks secret values in renderers' lines."""

    plan: Plan
    strategy: Strategy
    ledger: Ledger
    journal: Journal
    scratch: Scratch
    run: str
    """This run's id: part of temporary names and of the journal."""

    written: frozenset[str]
    """Extensions, with their dots, that frames of earlier runs have."""

    size_consensus: SizeConsensus
    """The sizes of frames that are there already."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ends."""

    exit_code: ExitCode
    reason: str = ""


class Run:
    """One run. `go` returns how it ended; `cancel` may be called from the loop at any time, and again to hurry."""

    def __init__(self, assignment: Assignment, emit: Callable[[Event], None]) -> None:
        a = assignment
        self._a = a
        self._ledger, self._strategy, self._options = a.ledger, a.strategy, a.options
        self._living: dict[int, Attempt] = {}
        self._wake = asyncio.Event()
        self._gate = asyncio.Lock()
        self._next_start = 0.0
        self._attempts = 0
        self._delivery_limit: float | None = None
        self._delivery_deadline = math.inf
        """Monotonic seconds at which a cancelled run ends, whatever is still being delivered."""

        self._budgets, self._pace = Budgets.of(a.options), Pace()
        self._circumstances = circumstances(a.job.project)
        self.ending: Ending | None = None
        self.start_ups: list[float] = []
        """Seconds from start to rendering, of every attempt that rendered something."""

        self.slots_used: set[int] = set()
        self.book = RetryPolicy(len(a.plan.slots), a.options.max_frame_retries)
        self._reporter = Reporter(emit, a.redact)
        self.supervisor = Supervisor(
            a.job,
            a.options,
            a.renderer,
            a.environment,
            journal=a.journal,
            reporter=self._reporter,
            heard=self._heard,
        )
        self.collector = Collector(
            a.job,
            a.ledger,
            a.journal,
            a.scratch,
            run=a.run,
            minimum_bytes=a.options.min_frame_bytes,
            patience=a.options.space_timeout,
            emit=emit,
            failed=lambda error: self._end(error.exit_code, str(error)),
            lost=self._changed_in_scratch,
            revoked=self._frames_revoked,
            size_consensus=a.size_consensus,
        )
        self._shared_folder = SharedFolder(a.job, a.ledger, self.supervisor, self._folder, a.written)
        self.dispatcher = Dispatcher(
            a.strategy,
            self._living,
            ledger=a.ledger,
            journal=a.journal,
            collector=self.collector,
            supervisor=self.supervisor,
            shared_folder=self._shared_folder,
        )
        self.outcomes = Outcomes(
            a.job,
            a.options,
            ledger=a.ledger,
            strategy=a.strategy,
            journal=a.journal,
            collector=self.collector,
            book=self.book,
            reporter=self._reporter,
            end=self._end,
        )
        self.memory = MemoryControl(
            len(a.plan.slots), self._living, supervisor=self.supervisor, reporter=self._reporter
        )
        self.monitor = Monitor(
            a.job,
            a.options,
            self._living,
            ledger=a.ledger,
            collector=self.collector,
            supervisor=self.supervisor,
            dispatcher=self.dispatcher,
            shared_folder=self._shared_folder,
            scratch=a.scratch.path,
            memory=self.memory,
            reporter=self._reporter,
        )

    async def go(self) -> Ending:
        """Render until everything is delivered, or something ends the run."""
        monitor = asyncio.create_task(self.monitor.beat())
        try:
            while self.ending is None and self._strategy.waiting:  # again only for a frame that delivery lost
                await self._render(monitor)
                await self._delivered()
            await self._delivered()
        finally:
            monitor.cancel()
            with contextlib.suppress(asyncio.CancelledError, StmpoError):  # told already; a defect is raised
                await monitor
        self.collector.close()
        if self.ending is None:
            failed = Ending(ExitCode.FRAMES_FAILED, self.outcomes.failure())
            self.ending = Ending(ExitCode.OK) if self._ledger.complete else failed
        if self.ending.exit_code is not ExitCode.OK:
            frames = (
                tuple(self.outcomes.failed) or self._ledger.missing(self._ledger.frames(*FrameState)).frames
            )
            self._reporter.emit(RunFailed(frames, self.ending.reason))
        return self.ending

    @property
    def strategy_name(self) -> str:
        """As the option spells it."""
        return self._strategy.name

    def cancel(
        self,
        why: str,
        next_time: str = "run the same command again to go on where it stopped",
        *,
        grace: float | None = None,
        delivery: float = DELIVERY_AFTER_CANCEL,
    ) -> None:
        """End the run because a signal or the farm says so.

        `next_time` says how it goes on. `grace` (default: the run's own) and `delivery` are seconds. A second call
        hurries: no grace, no delivery.
        """
        if self.ending is not None and self.ending.exit_code is ExitCode.CANCELLED:
            grace = delivery = 0.0
            for attempt in self._living.values():
                if attempt.tree is not None:
                    attempt.tree.kill()
        if grace is not None:
            self.supervisor.grace = min(self.supervisor.grace, grace)
        self._delivery_limit = delivery
        self._end(ExitCode.CANCELLED, f"cancelled by {why}; {next_time}")

    def _end(self, exit_code: ExitCode, reason: str) -> None:
        """End the run: nothing new is started, what runs is stopped, what is whole is still delivered."""
        if self.ending is None:
            self.ending = Ending(exit_code, reason)
            self._reporter.say(Level.ERROR, reason)
        self.supervisor.stop_all(self._living.values())
        self._notify()

    def _heard(self, attempt: Attempt) -> None:
        self._shared_folder.heard(attempt)
        self.dispatcher.heard(attempt)
        self.memory.heard(attempt)
        self.monitor.heard(attempt)

    def _changed_in_scratch(self, frame: int) -> None:
        self.outcomes.changed_in_scratch(frame)
        self._notify()

    def _frames_revoked(self, frames: FrameSet) -> None:
        self.outcomes.revoked(frames)
        self._notify()

    async def _delivered(self) -> None:
        """Wait until everything is delivered; once the run is cancelled, no longer than it grants, and for no full disk."""
        while self.collector.delivery_queue.waiting and time.monotonic() < self._delivery_deadline:
            if self._delivery_limit is not None:
                if self.collector.delivery_queue.refused:
                    break
                deadline = time.monotonic() + self._delivery_limit
                self._delivery_deadline = min(self._delivery_deadline, deadline)
            left = max(0.0, self._delivery_deadline - time.monotonic())
            await self.collector.delivery_queue.some_delivered(min(DRAIN_STEP, left))

    async def _render(self, monitor: asyncio.Task[None]) -> None:
        slots = [asyncio.create_task(self._slot(slot)) for slot in self._a.plan.slots]
        try:
            await self._until_done(slots, monitor)
        finally:
            for task in slots:
                task.cancel()
            await asyncio.gather(*slots, return_exceptions=True)
            await self.supervisor.stopped()
            # Only after a defect does anything still live here; it must not outlive the run.
            await stop([a.tree for a in self._living.values() if a.tree is not None and not a.ended], 0)

    async def _until_done(self, slots: list[asyncio.Task[None]], monitor: asyncio.Task[None]) -> None:
        """Wait for the slots. An error that a user can act on ends the run in order; any other is a defect."""
        watched = {*slots, monitor}  # a pulse that ended at an earlier error is done, and says it again
        while not all(task.done() for task in slots):
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            watched -= done
            for task in done:
                error = task.exception()
                if isinstance(error, StmpoError):
                    self._end(error.exit_code, str(error))
                elif error is not None:
                    raise error

    async def _slot(self, slot: Slot) -> None:
        """One slot's life: leases, until nothing waits and nobody works."""
        idle = False
        while self.ending is None:
            wake = self._wake
            lease = None if self.memory.refuses(len(self._living)) else self.dispatcher.grant(slot.index)
            if lease is not None:
                idle = False
                await self._serve(slot, lease)
            elif not self._living and not self._strategy.waiting:
                break
            else:
                if not idle:
                    self._reporter.idle(slot.index)
                idle = True
                # What is worth stealing changes as frames are done.
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(wake.wait(), TICK)
        self._reporter.idle(slot.index)

    async def _serve(self, slot: Slot, lease: Lease) -> None:
        """One lease, from grant to conclusion."""
        attempt = self._new_attempt(lease)
        pause = 0.0
        try:
            self._reporter.slot(attempt)
            if await self._may_start():
                self.slots_used.add(slot.index)
                self.dispatcher.started(attempt)
                self.memory.started(attempt)
                await self.supervisor.attend(slot, attempt)
                self.memory.ended(attempt)
                # Whether another process is worth its start depends on what is there.
                if attempt.lease.shared:
                    await self.collector.look(self._shared_folder.of(attempt), time.monotonic())
                    self.dispatcher.news(attempt)
                self._strategy.retire(attempt.lease)
                pause = await self._conclude(attempt)
            else:
                pause = TICK  # the run ends, or there is no memory for it
                attempt.ended = True
                self._strategy.retire(attempt.lease)
                left = self._shared_folder.leave(attempt) if attempt.lease.shared else attempt
                if left is not None:
                    self.outcomes.untouched(left)
        finally:
            self._living.pop(attempt.number, None)
            self._notify()
        if pause and self.ending is None:
            self._reporter.idle(slot.index, SlotState.WAITING)
            await self._sleep(pause)

    async def _conclude(self, attempt: Attempt) -> float:
        """A renderer is gone: look at its last files and account for them. Returns the seconds that its slot pauses."""
        owner: Attempt | None = attempt
        if attempt.lease.shared:
            self.outcomes.left(attempt)
            owner = self._shared_folder.leave(attempt)
            if owner is not None and self._shared_folder.refused:
                text = "--strategy shared: the renderer refuses to leave out existing files; steal is used"
                self._reporter.say(Level.WARNING, text)
        if owner is not None:
            await self.collector.look(owner, time.monotonic())
            await self.dispatcher.ended(owner)
        if attempt.start_up is not None and (attempt.taken or attempt.lease.shared):
            self.start_ups.append(attempt.start_up)
        return 0.0 if owner is None else await self.outcomes.conclude(owner)

    def _new_attempt(self, lease: Lease) -> Attempt:
        self._attempts += 1
        if lease.shared:
            folder = self._shared_folder.join(lease, time.monotonic())
        else:
            folder = self._folder(self._attempts)
            for frame in self.outcomes.frames_of(lease):
                self._ledger.move(frame, FrameState.LEASED)
        attempt = Attempt(
            number=self._attempts,
            lease=lease,
            folder=folder,
            started=time.monotonic(),
            watchdog=Watchdog(self._budgets, self._pace, self._circumstances),
            single_file=self._a.job.single_file,
        )
        if lease.shared:
            self._shared_folder.enter(attempt)
        self._living[attempt.number] = attempt
        return attempt

    def _folder(self, number: int) -> Path:
        try:
            return self._a.scratch.attempt_folder(number)
        except OSError as error:
            kind = NoSpace if is_full(error) else BadInput
            raise kind(
                f"cannot write to scratch ({self._a.scratch.path}): {error.strerror or error}; make room there, or choose"
                " another place with --scratch-dir"
            ) from None

    async def _may_start(self) -> bool:
        """Pass the gate that keeps `--spawn-delay` between two starts, and stays shut while renderers are held.

        False when the run ends meanwhile, or when there is no memory for one more.
        """
        async with self._gate:
            while self.ending is None and (self.monitor.holding or time.monotonic() < self._next_start):
                await self._sleep(TICK if self.monitor.holding else self._next_start - time.monotonic())
            running = sum(1 for attempt in self._living.values() if attempt.tree is not None)
            if self.ending is not None or self.memory.refuses(running):
                return False
            self._next_start = time.monotonic() + self._options.spawn_delay
            return True

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        deadline = time.monotonic() + seconds
        while self.ending is None and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)

    def _notify(self) -> None:
        """Wake every slot that waits for something to change."""
        self._wake.set()
        self._wake = asyncio.Event()
