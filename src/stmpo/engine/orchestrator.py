"""The loop that joins the parts of a run: slots take leases, renderers are supervised, frames collected.

One asyncio loop, one coroutine per slot:

    grant a lease ─► pass the start gate ─► supervise the renderer ─► scan its files ─► settle ─► again

The loop owns no policy. The strategy decides which frames a slot gets, the retry book what a failure costs,
the renderer what a line means, the watchdog when a silent renderer is stuck, and the ledger whether a frame
counts. A run that ends early (failed, cancelled, no space) ends by one call of `RunEnd.end`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo import machine
from stmpo.engine.attempt import Attempt, AttemptRequest, StopReason
from stmpo.engine.backup_tasks import BackupTasks
from stmpo.engine.collector import Collector
from stmpo.engine.delivery_queue import DeliveryQueue
from stmpo.engine.dispatcher import Dispatcher
from stmpo.engine.ledger import FrameState
from stmpo.engine.memory_control import MemoryControl
from stmpo.engine.monitor import TICK, Monitor
from stmpo.engine.outcomes import Outcomes
from stmpo.engine.output_folder import PrivateFolder
from stmpo.engine.run_context import FramesFailed
from stmpo.engine.shared_folder import SHARED_ATTEMPT, SharedFolder
from stmpo.engine.supervisor import Supervisor
from stmpo.engine.watchdog import Budgets, Pace, Watchdog
from stmpo.model.errors import BadInput, ExitCode, NoSpace, StmpoError
from stmpo.model.events import Level, RunFailed, SlotState
from stmpo.scheduling.retries import RetryPolicy
from stmpo.system import paths
from stmpo.system.files import is_full
from stmpo.system.signals import Cancelled

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path

    from stmpo.engine.output_folder import OutputFolder
    from stmpo.engine.resume import EarlierFrames
    from stmpo.engine.run_context import RunContext
    from stmpo.model.frames import FrameSet
    from stmpo.planning import Plan, Slot
    from stmpo.renderers.protocol import Renderer
    from stmpo.scheduling.protocol import Lease

LOOKS = 3
"""How often the delivered frames are looked at, at most; in between, those that are gone are rendered
again."""

DRAIN_STEP = 0.5
"""Seconds between two checks whether the last deliveries may still take their time."""

DELIVERY_AFTER_CANCEL = 10.0
"""Seconds that a cancelled run still delivers whole frames; the rest stays in scratch for the next run."""


@dataclass(frozen=True, slots=True)
class RendererSetup:
    """The program to render with and its whole environment."""

    renderer: Renderer
    environment: Mapping[str, str]

    launch_hints: tuple[str, ...] = ()
    """What in the project can stop After Effects silently while it starts, in short phrases."""


class Run:
    """One run. `go` renders; `cancel` may be called from the loop at any time, and again to hurry."""

    def __init__(self, context: RunContext, plan: Plan, setup: RendererSetup, earlier: EarlierFrames) -> None:
        self.context = context
        self._plan = plan
        self._ledger, self._strategy, self._attempts = context.ledger, context.strategy, context.attempts
        self._reporter, self._run_end = context.reporter, context.run_end
        self._run_end.stop_all = self._stop_all
        self._wake = asyncio.Event()
        self._gate = asyncio.Lock()
        self._next_start = 0.0
        self._number = 0
        """The latest attempt's number."""

        self._delivery_limit: float | None = None
        self._delivery_deadline = math.inf
        """Monotonic seconds at which a cancelled run ends, whatever is still being delivered."""

        self._budgets, self._pace = Budgets.of(context.options), Pace()
        self._circumstances = stall_circumstances(context.job.project, setup.launch_hints)
        self.start_ups: list[float] = []
        """Seconds from start to rendering, of every attempt that rendered something."""

        self.slots_used: set[int] = set()
        slots = len(plan.slots)
        self.retries = RetryPolicy(slots, context.options.max_frame_retries)
        self.supervisor = Supervisor(context, setup.renderer, setup.environment, self._on_progress)
        self.deliveries = DeliveryQueue(context)
        self.collector = Collector(context, self.deliveries, earlier.size_consensus)
        self._extensions = earlier.extensions
        self._has_work = not self._ledger.complete
        self._shared_folder: SharedFolder | None = None
        self.dispatcher = Dispatcher(context, self.collector, self.supervisor)
        self.outcomes = Outcomes(context, self.collector, self.retries)
        self.memory = MemoryControl(context, slots, self.supervisor)
        self.backups = BackupTasks(context, self.supervisor, self.retries.failures)
        self.monitor = Monitor(
            context,
            self.collector,
            self.supervisor,
            dispatcher=self.dispatcher,
            memory=self.memory,
            backups=self.backups,
        )

    async def go(self) -> StmpoError | None:
        """Render until all is delivered, or something ends the run early. Return the reason then."""
        monitor = asyncio.create_task(self._until_error(self.monitor.watch()))
        try:
            for left in reversed(range(LOOKS if self._has_work else 0)):
                while self._goes_on and self._strategy.waiting:  # again only for a frame that delivery lost
                    await self._render(monitor)
                    await self._delivered()
                await self._delivered()
                if not self._goes_on or not self._ledger.complete or await self._all_is_there(last=not left):
                    break
        finally:
            monitor.cancel()
            with contextlib.suppress(asyncio.CancelledError):  # a defect is raised
                await monitor
        self.collector.close()
        reason = self._run_end.stop_reason
        if reason is None and not self._ledger.complete:
            reason = self.outcomes.failure()
        if reason is not None:
            missing = self._ledger.missing(self._ledger.frames(*FrameState)).frames
            self._reporter.emit(RunFailed(tuple(self.outcomes.failed) or missing, str(reason)))
        return reason

    def cancel(
        self,
        why: str,
        next_time: str = "run the same command again to go on where it stopped",
        *,
        grace: float | None = None,
        delivery: float = DELIVERY_AFTER_CANCEL,
    ) -> None:
        """End the run because a signal or the farm says so.

        `next_time` says how it goes on. `grace` (default: the run's own) and `delivery` are seconds. A second
        call hurries: no grace, no delivery.
        """
        reason = self._run_end.stop_reason
        if reason is not None and reason.exit_code is ExitCode.CANCELLED:
            grace = delivery = 0.0
        if grace is not None:
            self.supervisor.grace = min(self.supervisor.grace, grace)
        self._delivery_limit = delivery
        self._run_end.end(Cancelled(f"cancelled by {why}; {next_time}"))

    @property
    def _goes_on(self) -> bool:
        return self._run_end.stop_reason is None

    def _stop_all(self) -> None:
        for attempt in self._attempts.values():
            self.supervisor.stop(attempt, StopReason.RUN_ENDS)
        self._notify()

    def _on_progress(self, attempt: Attempt) -> None:
        attempt.folder.on_line(attempt)
        self.dispatcher.on_progress(attempt)
        self.memory.on_progress(attempt)
        self.monitor.on_progress(attempt)
        self.backups.on_progress(attempt)

    async def _delivered(self) -> None:
        """Wait until everything is delivered; in a cancelled run for a limited time, and for no full disk."""
        while self.deliveries.waiting and time.monotonic() < self._delivery_deadline:
            if self._delivery_limit is not None:
                if self.deliveries.no_room:
                    break
                deadline = time.monotonic() + self._delivery_limit
                self._delivery_deadline = min(self._delivery_deadline, deadline)
            left = max(0.0, self._delivery_deadline - time.monotonic())
            await self.deliveries.some_delivered(min(DRAIN_STEP, left))

    async def _changed_frames(self) -> FrameSet:
        await self.monitor.look_at_project()
        return await self.deliveries.take_back_changed()

    async def _all_is_there(self, *, last: bool) -> bool:
        """Look at the delivered frames once more. Return False if some of them have to be rendered again."""
        looking = asyncio.create_task(self._changed_frames())
        while self._goes_on and not looking.done():  # a destination that hangs keeps no cancel waiting
            await asyncio.wait({looking}, timeout=DRAIN_STEP)
        if not looking.done():
            looking.cancel()
            return True
        gone = looking.result()
        if not gone.frames:
            return True
        frames = f"{'frame' if len(gone) == 1 else 'frames'} {gone}"
        text = f"{frames}: not at {self.context.job.output.directory} any more as delivered, since something else"
        if last:
            why = f"{text} removes or changes files there; stop that, then run again"
            self._run_end.end(FramesFailed(why))
        else:
            why = f"{text} has removed or changed files there; rendered again"
            self._reporter.say(Level.WARNING, why)
        return False

    async def _render(self, monitor: asyncio.Task[None]) -> None:
        slots = [asyncio.create_task(self._until_error(self._slot(slot))) for slot in self._plan.slots]
        try:
            tasks = {*slots, monitor}
            while not all(task.done() for task in slots):
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks -= done
                for task in done:
                    task.result()  # raises a defect
        finally:
            for task in slots:
                task.cancel()
            await asyncio.gather(*slots, return_exceptions=True)
            await self.supervisor.close()

    async def _until_error(self, work: Coroutine[None, None, None]) -> None:
        """Do the work of a task. A `StmpoError` ends the run; any other error is a defect and is raised."""
        try:
            await work
        except StmpoError as error:
            self._run_end.end(error)

    async def _slot(self, slot: Slot) -> None:
        """Take leases, one after the other, until no frame waits and no attempt is under way."""
        idle = False
        while self._goes_on:
            wake = self._wake
            lease = None if self._refuses(len(self._attempts)) else self._grant(slot.index)
            if lease is not None:
                idle = False
                await self._serve(slot, lease)
            elif not self._attempts and not self._strategy.waiting:
                break
            else:
                if not idle:
                    self._reporter.idle(slot.index)
                idle = True
                # What is worth stealing changes as frames are done.
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(wake.wait(), TICK)
        self._reporter.idle(slot.index)

    def _grant(self, slot: int) -> Lease | None:
        """Return the next lease for an idle slot, or a backup of a frame that takes too long."""
        lease = self.dispatcher.grant(slot)
        return self.backups.grant(slot, self.start_ups_known()) if lease is None else lease

    def start_ups_known(self) -> list[float]:
        """Return the seconds from start to rendering of all attempts so far, those under way included."""
        under_way = (attempt.start_up for attempt in self._attempts.values())
        return [*self.start_ups, *(seconds for seconds in under_way if seconds is not None)]

    async def _serve(self, slot: Slot, lease: Lease) -> None:
        """Serve one lease, from its grant until it is settled."""
        attempt = self._new_attempt(lease)
        pause = 0.0
        try:
            self._reporter.slot(attempt)
            if await self._may_start(attempt):
                self.slots_used.add(slot.index)
                self.dispatcher.on_start(attempt)
                self.memory.on_start(attempt)
                self._note_company(attempt)
                await self.supervisor.supervise(slot, attempt)
                self.memory.on_end(attempt)
                await self.dispatcher.retire(attempt)
                pause = await self._settle(attempt)
            else:
                # The run ends, or there is no memory for it, or it was stopped before its start.
                pause = TICK if attempt.exit.stopped is None else 0.0
                self.supervisor.never_started(attempt)
                if attempt.request.backup_of is None:
                    self._strategy.retire(attempt.lease)
                if (owner := attempt.folder.leave(attempt)) is not None:
                    self.outcomes.never_started(owner)
        finally:
            self._attempts.pop(attempt.number, None)
            self._notify()
        if pause and self._goes_on:
            self._reporter.idle(slot.index, SlotState.WAITING)
            await self._sleep(pause)

    def _refuses(self, running: int) -> bool:
        """Return whether no further renderer may run beside so many: memory or another resource is short."""
        return self.outcomes.process_limit.refuses(running) or self.memory.refuses(running)

    def _stop_surplus(self) -> None:
        """Stop the newest renderers if more run than may run at once."""
        running = [a for a in self._attempts.values() if a.tree is not None and not a.ended]
        going = sorted((a for a in running if a.exit.stopped is None), key=lambda each: each.number)
        for attempt in going[self.outcomes.process_limit.processes :]:
            self.supervisor.stop(attempt, StopReason.TOO_MANY)

    def _note_company(self, attempt: Attempt) -> None:
        """Note which renderers run beside each other."""
        others = [
            a for a in self._attempts.values() if a is not attempt and a.asked is not None and not a.ended
        ]
        attempt.alone = not others
        for other in others:
            other.alone = False
        self.outcomes.process_limit.started(attempt.number, len(others) + 1)

    async def _settle(self, attempt: Attempt) -> float:
        """Account for an ended attempt's files and frames. Return the seconds that its slot pauses."""
        owner = attempt.folder.leave(attempt)
        if owner is not attempt:
            fewer = self.outcomes.left_shared_folder(attempt) and attempt.began
            self.dispatcher.end_sharing(attempt.folder, "fewer renderers run at once" if fewer else "")
        if owner is not None:
            await self.collector.scan(owner, time.monotonic())
            if owner.request.backup_of is not None:
                self.backups.settle(owner)
            await self.dispatcher.count_twice(owner)
        if attempt.start_up is not None and (attempt.files.taken or attempt.folder.is_shared):
            self.start_ups.append(attempt.start_up)
        pause = 0.0 if owner is None else await self.outcomes.settle_attempt(owner)
        self._stop_surplus()
        return pause

    def _new_attempt(self, lease: Lease) -> Attempt:
        self._number += 1
        attempt = Attempt(
            AttemptRequest(
                self._number,
                lease,
                self._open_folder(lease),
                single_file=self.context.job.single_file,
                backup_of=self.backups.originals.get(lease.id),
            ),
            Watchdog(self._budgets, self._pace, self._circumstances),
            started_at=time.monotonic(),
        )
        attempt.folder.join(attempt)
        self._attempts[attempt.number] = attempt
        return attempt

    def _open_folder(self, lease: Lease) -> OutputFolder:
        """Return the folder for a lease, with its frames leased in the ledger."""
        if not lease.shared:
            folder = PrivateFolder(self._make_folder(self._number))
            if lease.id not in self.backups.originals:
                self._ledger.move_all(self._ledger.frames_in(lease.span), FrameState.LEASED)
            return folder
        if self._shared_folder is None:
            path = self._make_folder(SHARED_ATTEMPT)
            self._shared_folder = SharedFolder(
                self.context,
                self.supervisor,
                path,
                lease,
                extensions=self._extensions,
                processes=len(self._plan.slots),
            )
        return self._shared_folder

    def _make_folder(self, number: int) -> Path:
        scratch = self.context.scratch
        try:
            return scratch.attempt_folder(number)
        except OSError as error:
            kind = NoSpace if is_full(error) else BadInput
            raise kind(
                f"cannot write to scratch ({scratch.path}): {error.strerror or error}; make room there, or choose"
                " another place with --scratch-dir"
            ) from None

    async def _may_start(self, attempt: Attempt) -> bool:
        """Pass the gate, which keeps `--spawn-delay` between starts and is shut while renderers are held.

        Returns False if the run ends or the attempt is stopped meanwhile, or if there is no memory for one
        more.
        """
        async with self._gate:
            while (
                self._goes_on
                and attempt.exit.stopped is None
                and (self._is_held() or time.monotonic() < self._next_start)
            ):
                await self._sleep(TICK if self._is_held() else self._next_start - time.monotonic())
            running = sum(1 for attempt in self._attempts.values() if attempt.tree is not None)
            if not self._goes_on or attempt.exit.stopped is not None or self._refuses(running):
                return False
            self._next_start = time.monotonic() + self.context.options.spawn_delay
            return True

    def _is_held(self) -> bool:
        """Return whether starts wait: for room, a shared resource, or a renderer that may end the run."""
        resting = time.monotonic() < self.outcomes.no_start_before
        return resting or self.monitor.holding or self.outcomes.may_be_hopeless()

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        deadline = time.monotonic() + seconds
        while self._goes_on and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)

    def _notify(self) -> None:
        """Wake every slot that waits for something to change."""
        self._wake.set()
        self._wake = asyncio.Event()


def stall_circumstances(project: Path, hints: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what makes some causes of a stall likelier on this machine, one phrase each. It decides nothing.

    `hints` are what in the project can stop After Effects while it starts.

    A Windows service runs in session 0: nobody sees a dialog there, and nobody answers one. A project on a
    network path opens only when the network answers.
    """
    found = []
    if machine.in_session_zero():
        found.append("this worker runs in session 0, which has no desktop")
    if paths.is_remote(str(project)):
        found.append(f"{project.name} lies on a network path")
    if hints:
        found.append(f"the project uses {', '.join(hints)}")
    return tuple(found)
