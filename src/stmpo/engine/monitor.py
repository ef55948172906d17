"""Once a second: scan folders, measure process trees, find stalled renderers, suspend all while a disk is
full.

The monitor does not wait for lines and for ends of processes: they wake the loop themselves. The decisions
are made by `stmpo.engine.watchdog`, `stmpo.delivery.disk_policy` and `stmpo.delivery.backpressure`; the
monitor carries them out.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from stmpo.delivery.backpressure import BackpressureLimits, Pressure, backlog_action
from stmpo.delivery.disk_policy import DiskAction, DiskPolicy, DiskState
from stmpo.delivery.disk_space import FreeSpacePoller, free_bytes
from stmpo.delivery.file_stability import scan
from stmpo.engine.attempt import StopReason
from stmpo.engine.ledger import FrameState
from stmpo.engine.project_watch import ProjectWatch
from stmpo.engine.run_context import FramesFailed
from stmpo.engine.watchdog import Budgets, Life, Overdue, Stall
from stmpo.model.errors import NoSpace
from stmpo.model.events import Level, Progress
from stmpo.processes import sample_all
from stmpo.scheduling.contention import Contention
from stmpo.system.daemon_threads import Threads

if TYPE_CHECKING:
    from stmpo.engine.attempt import Attempt, Samples
    from stmpo.engine.backup_tasks import BackupTasks
    from stmpo.engine.collector import Collector
    from stmpo.engine.dispatcher import Dispatcher
    from stmpo.engine.memory_control import MemoryControl
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.supervisor import Supervisor
    from stmpo.processes import TreeSample

TICK = 1.0
"""Seconds between two ticks."""

SAMPLE_EVERY = 5.0
"""Seconds between two samples of CPU and memory, at most; a short stall limit needs them more often."""

RATE_WINDOW = 60.0
"""Seconds over which the rate of delivered frames is taken."""

STANDSTILL = 2.5
"""Seconds between two ticks that show that this process was stopped, or had no CPU."""

PROJECT_TIMEOUT = 10.0
"""Seconds that the end of a run waits for the project's file system to answer."""

LAST_GRACE = 2.0
"""Seconds for a renderer that finished, had its grace, and did not exit."""


class Monitor:
    """Watches all attempts under way. It is the only part of the engine that runs by the clock."""

    def __init__(
        self,
        context: RunContext,
        collector: Collector,
        supervisor: Supervisor,
        *,
        dispatcher: Dispatcher,
        memory: MemoryControl,
        backups: BackupTasks,
    ) -> None:
        self._job, self._options, self._ledger = context.job, context.options, context.ledger
        self._attempts, self._reporter = context.attempts, context.reporter
        self._scratch, self._journal = context.scratch.path, context.journal
        self._collector, self._deliveries = collector, collector.delivery_queue
        self._supervisor = supervisor
        self._dispatcher = dispatcher
        self._memory = memory
        self._backups = backups
        free = free_bytes(self._scratch)
        self._limits = BackpressureLimits.for_disk(free)
        self._space = DiskPolicy(self._options.space_timeout, free, self._deliveries.sizes)
        self._destination = FreeSpacePoller(self._job.output.directory)
        self._project = ProjectWatch(self._job.project, context.version)
        self._project_reader = Threads(1, "project")
        self._looking: asyncio.Future[None] | None = None
        self._project_warned = False
        self._run_end = context.run_end
        self._behind = self._full = False
        self._began = time.monotonic()
        self._sampled = 0.0
        self._last_tick = self._began
        limit = Budgets.of(self._options).smallest
        self._sample_every = min(SAMPLE_EVERY, limit / 3) if limit else SAMPLE_EVERY
        self._recent: deque[tuple[float, int]] = deque()
        self.contention = Contention()
        """How much the renderers slow each other down."""

        self._counted: dict[int, int] = {}
        """Frames that each renderer's lines have reported."""

        self.peak_memory = 0
        """Largest memory of one renderer's tree so far, in bytes."""

    @property
    def holding(self) -> bool:
        """Return whether renderers are suspended: the destination has to catch up, or a disk is full."""
        return self._behind or self._full

    async def watch(self) -> None:
        """Watch until cancelled.

        Raises:
            NoSpace: a disk was full for as long as the run may wait.
        """
        self._destination.start()
        try:
            while True:
                await asyncio.sleep(TICK)
                await self._tick(time.monotonic())
        finally:
            self._destination.stop()
            self._project_reader.close(0.0)

    def on_progress(self, attempt: Attempt) -> None:
        """Note that a renderer has begun, or that one of its frames is done at this moment."""
        counted = attempt.output.counted
        if attempt.began and counted > self._counted.get(attempt.number, -1):
            self._counted[attempt.number] = counted
            self._observe_contention(time.monotonic())

    async def _tick(self, now: float) -> None:
        if now - self._last_tick > STANDSTILL:  # this process stood still, and the renderers may have, too
            self._collector.restart_waits(now)
        self._last_tick = now
        attempts = [a for a in self._attempts.values() if a.tree is not None and not a.ended]
        owners = {owner.number: owner for owner in (a.folder.owner(a) for a in attempts)}
        await asyncio.gather(*(self._collector.scan(owner, now) for owner in owners.values()))
        self._check_project()
        self._backups.check()
        for attempt in attempts:
            if not attempt.ended:
                self._dispatcher.on_progress(attempt)
                self._stop_if_complete(attempt, now)
        if self._memory.short or now - self._sampled >= self._sample_every:
            self._sampled = now
            self._sample_all(now)
        self._memory.check(now)
        self._hold_or_resume(now)
        self._observe_contention(now)
        if notice := self._journal.take_notice():
            self._reporter.say(Level.WARNING, notice)
        self._reporter.emit(self.progress(now))

    async def look_at_project(self) -> None:
        """Look at the project file once more, before the run reports success."""
        self._check_project()
        if self._looking is not None:
            await asyncio.wait({self._looking}, timeout=PROJECT_TIMEOUT)
        self._check_project()

    def _check_project(self) -> None:
        """Look at the project file, in a thread. End the run if another version was saved."""
        if self._project.changed:
            self._project_changed()
        elif self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._project_reader.run(self._project.look))

    def _project_changed(self) -> None:
        """End the run, or warn. Renderers that may have opened the new version do not count."""
        if self._project_warned:
            return
        self._project_warned = True
        name = self._job.project.name
        if self._options.on_project_change == "warn":
            text = f"{name} was saved while it is rendered: frames of both versions may be mixed"
            self._reporter.say(Level.WARNING, text)
            return
        for attempt in self._attempts.values():
            began = attempt.output.began_at
            if began is None or began >= self._project.unchanged_at:
                attempt.output.condemn(time.time())
                self._journal.write("untrusted", attempt=attempt.number)
                attempt.folder.on_line(attempt)
        why = (
            f"{name} was saved while it was rendered, and frames of two versions do not belong together: run again to"
            " render the new version, or give --on-project-change warn"
        )
        self._run_end.end(FramesFailed(why))

    def _rendering(self) -> list[Attempt]:
        running = (a for a in self._attempts.values() if a.tree is not None and not a.ended)
        return [attempt for attempt in running if attempt.began and not attempt.samples.paused]

    def _observe_contention(self, now: float) -> None:
        rendering = self._rendering()
        own = {a.number: a.output.counted or len(a.files.seen) for a in rendering if not a.folder.is_shared}
        self.contention.observe(now, len(rendering), own)

    def progress(self, now: float) -> Progress:
        """Return where the run stands. `now` is in monotonic seconds."""
        delivered, total = self._ledger.count(FrameState.DELIVERED), len(self._ledger)
        self._recent.append((now, delivered))
        while len(self._recent) > 2 and now - self._recent[0][0] > RATE_WINDOW:
            self._recent.popleft()
        then, before = self._recent[0]
        rate = (delivered - before) / (now - then) if now > then else 0.0
        return Progress(
            delivered=delivered,
            total=total,
            elapsed=now - self._began,
            rate=rate,
            eta=(total - delivered) / rate if rate else None,
            waiting=self._deliveries.waiting,
            running=sum(1 for attempt in self._attempts.values() if attempt.tree is not None),
            fraction=self._fraction(delivered),
        )

    def _fraction(self, delivered: int) -> float:
        """Return the delivered share of the job; for a single file the share that lines have reported."""
        frames = self._job.frames
        if not self._job.single_file or self._ledger.complete or frames is None:
            return delivered / len(self._ledger)
        counted = max((attempt.output.counted for attempt in self._attempts.values()), default=0)
        return min(counted / len(frames), 0.99)

    def _stop_if_complete(self, attempt: Attempt, now: float) -> None:
        """Stop a renderer that has not exited some time after its last frame. That is a good end."""
        samples, owner = attempt.samples, attempt.folder.owner(attempt)
        if not (attempt.output.finished if self._job.single_file else self._collector.has_all(owner)):
            return
        if samples.complete_since is None:
            samples.complete_since = now
            self._reporter.slot(attempt)
        elif self._job.single_file and self._still_closes(attempt):
            samples.complete_since = now
        elif now - samples.complete_since >= self._options.child_grace_sec:
            self._supervisor.stop(attempt, StopReason.COMPLETE, grace=LAST_GRACE)

    @staticmethod
    def _still_closes(attempt: Attempt) -> bool:
        """Return whether its movie has changed since the last tick: closing a long one takes time."""
        state = tuple((found.size, found.mtime_ns) for found in scan(attempt.folder.path))
        changed, attempt.samples.movie_state = state != attempt.samples.movie_state, state
        return changed

    def _sample_all(self, now: float) -> None:
        attempts = [a for a in self._attempts.values() if a.tree is not None and not a.ended]
        samples = sample_all([a.tree for a in attempts if a.tree is not None])
        for attempt, sample in zip(attempts, samples, strict=True):
            self._record(attempt.samples, sample, now)
            self._watch(attempt, sample, now)
            self._reporter.slot(attempt)

    def _record(self, samples: Samples, sample: TreeSample, now: float) -> None:
        if samples.at is not None and now > samples.at:
            used = max(0.0, sample.cpu_seconds - samples.cpu_seconds)
            samples.cpu_percent = 100 * used / (now - samples.at)
        samples.at, samples.cpu_seconds = now, sample.cpu_seconds
        samples.memory_bytes = sample.memory_bytes
        samples.peak_memory = max(samples.peak_memory, sample.memory_bytes)
        self.peak_memory = max(self.peak_memory, sample.memory_bytes)

    def _watch(self, attempt: Attempt, sample: TreeSample, now: float) -> None:
        if attempt.samples.paused or attempt.samples.complete_since is not None:
            attempt.watchdog.forgive()
            return
        life = Life(now, sample.cpu_seconds, sample.io_bytes, attempt.output.progress, attempt.files.changes)
        quiet = attempt.watchdog.observe(life, attempt.phase)
        if isinstance(quiet, Stall | Overdue):
            self._supervisor.stop(attempt, StopReason.STALLED, quiet.text)
        elif quiet is not None:
            self._reporter.say(Level.WARNING, quiet.text, attempt)

    def _hold_or_resume(self, now: float) -> None:
        """Suspend the renderers while there is no room for their frames."""
        scratch_free = free_bytes(self._scratch)
        self._check_room(now, scratch_free)
        self._check_backlog(scratch_free)
        self._dispatcher.set_paused(paused=self.holding)
        for attempt in self._attempts.values():
            self._pause_or_resume(attempt)

    def _check_backlog(self, scratch_free: int) -> None:
        """Hold the renderers if they are faster than the destination."""
        action = backlog_action(
            waiting_bytes=self._deliveries.waiting_bytes,
            waiting_frames=self._deliveries.waiting,
            scratch_free=scratch_free,
            holding=self._behind,
            limits=self._limits,
        )
        if action is Pressure.PAUSE and not self._behind:
            self._behind = True
            if not self._full:  # otherwise the user knows the reason already
                text = "the destination is slower than the renderers: they are paused until it catches up"
                self._reporter.say(Level.WARNING, text)
        elif action is Pressure.GO and self._behind:
            self._behind = False
            self._reporter.say(Level.INFO, "the destination has caught up: the renderers go on")

    def _check_room(self, now: float, scratch_free: int) -> None:
        """Hold the renderers if a disk is full; warn if it will be.

        Raises:
            NoSpace: it was full for as long as the run may wait.
        """
        disks = DiskState(
            now,
            scratch_free,
            self._destination.bytes,
            waiting=self._deliveries.waiting,
            refusal=self._deliveries.no_room,
            remaining=len(self._ledger) - self._ledger.count(FrameState.DELIVERED),
        )
        action = self._space.decide(disks)
        if action is DiskAction.GIVE_UP:
            seconds = self._options.space_timeout
            raise NoSpace(
                f"{self._space.full}, for {seconds:.0f} s now (--space-timeout); free some space, then run again to go on"
            )
        if (action is DiskAction.PAUSE) is not self._full:
            self._full = not self._full
            self._report_room()
        short = self._space.shortfall(disks)
        if short is not None:
            free, wanted = short
            text = f"the destination has {free >> 20:,} MB free, and the {disks.remaining} frames to come take about"
            self._reporter.say(Level.WARNING, f"{text} {wanted >> 20:,} MB: it will be full before the end")

    def _report_room(self) -> None:
        if not self._full:
            self._reporter.say(Level.INFO, "there is room again: the run goes on")
            return
        seconds = self._options.space_timeout
        self._reporter.say(
            Level.WARNING,
            f"{self._space.full}: the run is paused until there is room, for {seconds:.0f} s at most",
        )

    def _pause_or_resume(self, attempt: Attempt) -> None:
        """Suspend or resume a renderer, as the run is held or not."""
        if attempt.tree is None or attempt.ended or attempt.exit.stopped is not None:
            return
        if attempt.samples.paused is self.holding:
            return
        attempt.samples.paused = self.holding
        attempt.watchdog.skip_interval()
        if attempt.samples.paused:
            attempt.tree.suspend()
            attempt.costs.pause(time.time())
        else:
            attempt.tree.resume()
            self._collector.restart_waits(time.monotonic(), attempt)
            attempt.costs.resume(time.time())
        self._reporter.slot(attempt)
