"""Once a second: look at folders, sample trees, watch for stalls, hold the renderers when the disk is short.

Lines and ends of processes are not waited for here: they wake the loop by themselves. What a sample or a backlog means
is decided by `stmpo.engine.watchdog` and `stmpo.delivery.backpressure`; this carries it out.
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
from stmpo.engine.watchdog import Budgets, Life, Stall
from stmpo.model.errors import NoSpace
from stmpo.model.events import Level, Progress
from stmpo.processes import sample_all
from stmpo.scheduling.contention import Contention
from stmpo.scheduling.throughput import Throughput

if TYPE_CHECKING:
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.collector import Collector
    from stmpo.engine.dispatcher import Dispatcher
    from stmpo.engine.memory_control import MemoryControl
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.shared_folder import SharedFolder
    from stmpo.engine.supervisor import Supervisor
    from stmpo.processes import TreeSample

TICK = 1.0
"""Seconds between two looks at everything."""

SAMPLE_EVERY = 5.0
"""Seconds between two samples of CPU and memory, at most; a short stall limit needs them more often."""

RATE_WINDOW = 60.0
"""Seconds over which the rate of delivered frames is taken."""

LAST_GRACE = 2.0
"""Seconds for a renderer that finished, had its grace, and did not exit."""


class Monitor:
    """The run's heartbeat. `living` are the attempts under way, by number; the orchestrator changes it."""

    def __init__(
        self,
        context: RunContext,
        collector: Collector,
        supervisor: Supervisor,
        *,
        dispatcher: Dispatcher,
        shared_folder: SharedFolder,
        memory: MemoryControl,
    ) -> None:
        self._job, self._options, self._ledger = context.job, context.options, context.ledger
        self._attempts, self._reporter = context.attempts, context.reporter
        self._scratch = context.scratch.path
        self._collector, self._deliveries = collector, collector.delivery_queue
        self._supervisor = supervisor
        self._dispatcher = dispatcher
        self._shared_folder = shared_folder
        self._memory = memory
        free = free_bytes(self._scratch)
        self._limits = BackpressureLimits.for_disk(free)
        self._space = DiskPolicy(self._options.space_timeout, free, self._deliveries.sizes)
        self._destination = FreeSpacePoller(self._job.output.directory)
        self._behind = self._full = False
        self._began = time.monotonic()
        self._sampled = 0.0
        limit = Budgets.of(self._options).smallest
        self._sample_every = min(SAMPLE_EVERY, limit / 3) if limit else SAMPLE_EVERY
        self._recent: deque[tuple[float, int]] = deque()
        self.throughput = Throughput()
        """What so many renderers did together."""

        self.contention = Contention()
        """What each cost the others."""

        self._told: dict[int, int] = {}
        """Frames that each renderer's lines have told of."""

        self.peak_memory = 0
        """Largest memory of one renderer's tree so far, in bytes."""

    @property
    def holding(self) -> bool:
        """Renderers are suspended until the destination catches up, or a full disk has room again."""
        return self._behind or self._full

    async def watch(self) -> None:
        """Until it is cancelled.

        Raises:
            NoSpace: a disk was full for as long as the run may wait.
        """
        self._destination.start()
        try:
            await self._tick_forever()
        finally:
            self._destination.stop()

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            attempts = [a for a in self._attempts.values() if a.tree is not None and not a.ended]
            folders = {owner.number: owner for owner in map(self._shared_folder.of, attempts)}
            await asyncio.gather(*(self._collector.scan(owner, now) for owner in folders.values()))
            for attempt in attempts:
                if not attempt.ended:
                    self._dispatcher.heard(attempt)
                    self._completed(attempt, now)
            if self._memory.short or now - self._sampled >= self._sample_every:
                self._sampled = now
                self._sample(now)
            self._memory.look(now)
            self._hold_or_go(now)
            self.throughput.observe(now, len(self._rendering()), self._collector.taken)
            self._weigh(now)
            self._reporter.emit(self.progress(now))

    def heard(self, attempt: Attempt) -> None:
        """Its renderer has said something: that it begins, or that a frame is done, which is so at this very moment."""
        if attempt.began and attempt.counted > self._told.get(attempt.number, -1):
            self._told[attempt.number] = attempt.counted
            self._weigh(time.monotonic())

    def _rendering(self) -> list[Attempt]:
        return [
            a
            for a in self._attempts.values()
            if a.tree is not None and a.began and not a.ended and not a.paused
        ]

    def _weigh(self, now: float) -> None:
        rendering = self._rendering()
        own = {a.number: a.counted or len(a.seen) for a in rendering if not a.lease.shared}
        self.contention.observe(now, len(rendering), own)

    def progress(self, now: float) -> Progress:
        """Where the run stands. `now` is monotonic seconds."""
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
        """Delivered share of the job; for a single file the share of frames that its renderer told of."""
        frames = self._job.frames
        if not self._job.single_file or self._ledger.complete or frames is None:
            return delivered / len(self._ledger)
        counted = max((attempt.counted for attempt in self._attempts.values()), default=0)
        return min(counted / len(frames), 0.99)

    def _completed(self, attempt: Attempt, now: float) -> None:
        """All its frames are there: give it its grace to exit, then stop it. That is a good end."""
        whole = self._shared_folder.of(attempt)
        if not (attempt.finished if self._job.single_file else self._collector.has_all(whole)):
            return
        if attempt.complete_since is None:
            attempt.complete_since = now
            self._reporter.slot(attempt)
        elif self._job.single_file and self._still_closes(attempt):
            attempt.complete_since = now
        elif now - attempt.complete_since >= self._options.child_grace_sec:
            self._supervisor.stop(attempt, StopReason.COMPLETE, grace=LAST_GRACE)

    @staticmethod
    def _still_closes(attempt: Attempt) -> bool:
        """Whether its movie has changed since the last look: a long one takes its time to be closed."""
        state = tuple((found.size, found.mtime_ns) for found in scan(attempt.folder))
        changed, attempt.movie_state = state != attempt.movie_state, state
        return changed

    def _sample(self, now: float) -> None:
        attempts = [a for a in self._attempts.values() if a.tree is not None and not a.ended]
        samples = sample_all([a.tree for a in attempts if a.tree is not None])
        for attempt, sample in zip(attempts, samples, strict=True):
            self._take_in(attempt, sample, now)
            self._watch(attempt, sample, now)
            self._reporter.slot(attempt)

    def _take_in(self, attempt: Attempt, sample: TreeSample, now: float) -> None:
        if attempt.sampled is not None and now > attempt.sampled:
            used = max(0.0, sample.cpu_seconds - attempt.cpu_seconds)
            attempt.cpu_percent = 100 * used / (now - attempt.sampled)
        attempt.sampled, attempt.cpu_seconds = now, sample.cpu_seconds
        attempt.memory_bytes = sample.memory_bytes
        attempt.peak_memory = max(attempt.peak_memory, sample.memory_bytes)
        self.peak_memory = max(self.peak_memory, sample.memory_bytes)

    def _watch(self, attempt: Attempt, sample: TreeSample, now: float) -> None:
        if attempt.paused or attempt.complete_since is not None:
            attempt.watchdog.forgive()
            return
        life = Life(now, sample.cpu_seconds, sample.io_bytes, attempt.output_bytes, attempt.changes)
        quiet = attempt.watchdog.observe(life, attempt.phase)
        if isinstance(quiet, Stall):
            self._supervisor.stop(attempt, StopReason.STALLED, quiet.text)
        elif quiet is not None:
            self._reporter.say(Level.WARNING, quiet.text, attempt)

    def _hold_or_go(self, now: float) -> None:
        """Suspend the renderers while there is no room for what they write."""
        scratch_free = free_bytes(self._scratch)
        self._room(now, scratch_free)
        self._back_pressure(scratch_free)
        self._dispatcher.hold(held=self.holding)
        for attempt in self._attempts.values():
            self._pause(attempt)

    def _back_pressure(self, scratch_free: int) -> None:
        """Scratch fills faster than the destination takes."""
        action = backlog_action(
            waiting_bytes=self._deliveries.waiting_bytes,
            waiting_frames=self._deliveries.waiting,
            scratch_free=scratch_free,
            holding=self._behind,
            limits=self._limits,
        )
        if action is Pressure.PAUSE and not self._behind:
            self._behind = True
            if not self._full:  # else the reason was told
                text = "the destination is slower than the renderers: they are paused until it catches up"
                self._reporter.say(Level.WARNING, text)
        elif action is Pressure.GO and self._behind:
            self._behind = False
            self._reporter.say(Level.INFO, "the destination has caught up: the renderers go on")

    def _room(self, now: float, scratch_free: int) -> None:
        """A disk is full, or will be."""
        disks = DiskState(
            now,
            scratch_free,
            self._destination.bytes,
            waiting=self._deliveries.waiting,
            refusal=self._deliveries.no_room,
            remaining=len(self._ledger) - self._ledger.count(FrameState.DELIVERED),
        )
        action_ = self._space.decide(disks)
        if action_ is DiskAction.GIVE_UP:
            seconds = self._options.space_timeout
            raise NoSpace(
                f"{self._space.full}, for {seconds:.0f} s now (--space-timeout); free some space, then run again to go on"
            )
        if (action_ is DiskAction.PAUSE) is not self._full:
            self._full = not self._full
            self._tell_room()
        short = self._space.shortfall(disks)
        if short is not None:
            free, wanted = short
            text = f"the destination has {free >> 20:,} MB free, and the {disks.remaining} frames to come take about"
            self._reporter.say(Level.WARNING, f"{text} {wanted >> 20:,} MB: it will be full before the end")

    def _tell_room(self) -> None:
        if not self._full:
            self._reporter.say(Level.INFO, "there is room again: the run goes on")
            return
        seconds = self._options.space_timeout
        self._reporter.say(
            Level.WARNING,
            f"{self._space.full}: the run is paused until there is room, for {seconds:.0f} s at most",
        )

    def _pause(self, attempt: Attempt) -> None:
        """Suspend or resume, as the run is held or not."""
        stoppable = attempt.tree is not None and not attempt.ended and attempt.stopped is None
        if attempt.tree is None or not stoppable or attempt.paused is self.holding:
            return
        attempt.paused = self.holding
        attempt.latest_frame = None  # the pause is no frame's cost
        if attempt.paused:
            attempt.tree.suspend()
            attempt.costs.pause(time.time())
        else:
            attempt.tree.resume()
            attempt.costs.resume(time.time())
        self._reporter.slot(attempt)
