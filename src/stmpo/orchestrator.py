"""The loop that joins the rooms: slots take leases, attempts render them, the collector delivers, sinks are told.

One asyncio loop, one coroutine a slot:

    slot:     grant a lease ─► wait for the start gate ─► attempt ─► conclude ─► again, until nothing is left
    attempt:  spawn ─► read lines until the tree ends ─► sweep the tree ─► look at the last files
    tick:     once a second: look at folders, sample trees, watch for stalls, hold renderers when the disk is short

It owns no policy: who gets which frames is the strategy's, what a failure costs is the retry book's, what a line means
is the renderer's, when a silent renderer is stuck is the watchdog's, and whether a frame counts is the ledger's.
Every way out (done, failed, cancelled, no space) is one call of `_end`, the first of which decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stmpo.attempt import Attempt, StopReason
from stmpo.collector import Collector
from stmpo.delivery.backlog import Action, Limits, backlog_action
from stmpo.delivery.space import free_bytes
from stmpo.errors import BadInput, ExitCode, NoRenderer, NoSpace, StmpoError
from stmpo.events import Event, Level, Message, Progress, RendererOutput, RunFailed, SlotChanged, SlotState
from stmpo.frames import FrameSet, Span
from stmpo.ledger import FrameState, Ledger
from stmpo.processes import SpawnRequest, sample_all, spawn, stop
from stmpo.renderers.protocol import Finding, LineKind, Meaning, Renderer, Work
from stmpo.renderers.text import LineSplitter, decode, system_code_pages
from stmpo.scheduling.retries import RetryBook
from stmpo.watchdog import Life, Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from stmpo.delivery.scratch import Scratch
    from stmpo.job import RenderJob, RunOptions
    from stmpo.journal import Journal
    from stmpo.machine.model import Cpu
    from stmpo.planning import Plan, Slot
    from stmpo.scheduling.protocol import Lease, Strategy

TICK = 1.0
"""Seconds between two looks at everything. Lines and ends of processes are not waited for: they wake the loop."""

SAMPLE_EVERY = 5.0
"""Seconds between two samples of CPU and memory."""

DELIVERY_AFTER_CANCEL = 10.0
"""Seconds that a cancelled run still delivers what is whole; the rest stays in scratch for the next run."""

MOST_TOLD = 100
"""Explanations of renderers' lines in one run, at most; the lines themselves are always in the log."""

LOWEST_SCRATCH = 64 << 20
"""Bytes of scratch below which a failed frame is the disk's fault, not the frame's."""


_NO_FAULT_OF_THE_PROGRAM = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
"""Errors of a start that a later start may not meet: the machine is short of something."""


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


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ends."""

    exit_code: ExitCode
    reason: str = ""


@dataclass(slots=True)
class Tally:
    """What the summary wants to know about attempts."""

    starts: int = 0
    start_ups: list[float] = field(default_factory=list)
    peak_memory: int = 0
    slots_used: set[int] = field(default_factory=set)


class Run:
    """One run. `go` returns how it ended; `cancel` may be called from the loop at any time, and again to hurry."""

    def __init__(self, assignment: Assignment, emit: Callable[[Event], None]) -> None:
        self._a = assignment
        self._job, self._options = assignment.job, assignment.options
        self._ledger, self._strategy, self._journal = (
            assignment.ledger,
            assignment.strategy,
            assignment.journal,
        )
        self._emit = emit
        self._book = RetryBook(len(assignment.plan.slots), self._options.max_frame_retries)
        self._living: dict[int, Attempt] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wake = asyncio.Event()
        self._code_pages = system_code_pages()
        self._gate = asyncio.Lock()
        self._pinned_slots: set[int] = set()
        self._told_refusal = False
        self._next_start = 0.0
        self._attempts = 0
        self._told: set[tuple[str, str]] = set()
        self._sampled = 0.0
        limit = self._options.stall_timeout
        self._sample_every = min(SAMPLE_EVERY, limit / 3) if limit else SAMPLE_EVERY
        self._holding = False
        self._limits = Limits.for_disk(free_bytes(assignment.scratch.path))
        self._recent: list[tuple[float, int]] = []
        self._began = time.monotonic()
        self._grace = self._options.child_grace_sec
        self._delivery_limit: float | None = None
        self.ending: Ending | None = None
        self.tally = Tally()
        self.failed: dict[int, str] = {}
        """Frames that failed for good, with the renderer's words."""

        self.collector = Collector(
            self._job,
            self._ledger,
            self._journal,
            assignment.scratch,
            run=assignment.run,
            minimum_bytes=self._options.min_frame_bytes,
            emit=emit,
            failed=lambda error: self._end(error.exit_code, str(error)),
            lost=self._lost_after_all,
        )

    @property
    def retries(self) -> int:
        """Attempts that failures made necessary."""
        return self._book.retried

    async def go(self) -> Ending:
        """Render until everything is delivered, or something ends the run."""
        while self.ending is None and self._strategy.waiting:  # again only for a frame that delivery lost
            await self._render()
            await self.collector.drain(self._delivery_limit)
        await self.collector.drain(self._delivery_limit)
        self.collector.close()
        if self.ending is None:
            self.ending = Ending(ExitCode.OK) if self._ledger.complete else self._not_complete()
        if self.ending.exit_code is not ExitCode.OK:
            frames = tuple(self.failed) or self._ledger.missing(self._ledger.frames(*FrameState)).frames
            self._emit(RunFailed(frames, self.ending.reason))
        return self.ending

    def cancel(
        self, why: str, *, grace: float | None = None, delivery: float = DELIVERY_AFTER_CANCEL
    ) -> None:
        """End the run because a signal or the farm says so. `grace` and `delivery` are seconds; a second call hurries."""
        if self.ending is not None and self.ending.exit_code is ExitCode.CANCELLED:
            grace = delivery = 0.0
        if grace is not None:
            self._grace = min(self._grace, grace)
        self._delivery_limit = delivery
        if grace == 0.0:
            for attempt in self._living.values():
                if attempt.tree is not None:
                    attempt.tree.kill()
        self._end(
            ExitCode.CANCELLED, f"cancelled by {why}; run the same command again to go on where it stopped"
        )

    async def _render(self) -> None:
        slots = [asyncio.create_task(self._slot(slot)) for slot in self._a.plan.slots]
        tick = asyncio.create_task(self._ticking())
        try:
            await self._first_error([*slots, tick], slots)
        finally:
            tick.cancel()
            for task in slots:
                task.cancel()
            await asyncio.gather(*slots, tick, *self._tasks, return_exceptions=True)
            await self._stop_everything()

    async def _first_error(self, watched: list[asyncio.Task[None]], wanted: list[asyncio.Task[None]]) -> None:
        """Wait for the slots; an error that a user can act on ends the run in order, any other is a defect."""
        while not all(task.done() for task in wanted):
            done, _ = await asyncio.wait(
                {task for task in watched if not task.done()}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if isinstance(error, StmpoError):
                    self._end(error.exit_code, str(error))
                elif error is not None:
                    raise error

    async def _stop_everything(self) -> None:
        """What still lives when the slots are gone (only after a defect) must not outlive the run."""
        trees = [attempt.tree for attempt in self._living.values() if attempt.tree is not None]
        if trees:
            await stop(trees, 0)

    # ------------------------------------------------------------------------------------------------ slots

    async def _slot(self, slot: Slot) -> None:
        while self.ending is None:
            wake = self._wake
            lease = self._strategy.grant(slot.index)
            if lease is not None:
                await self._serve(slot, lease)
            elif not self._living and not self._strategy.waiting:
                return
            else:
                self._slot_changed(slot.index, SlotState.IDLE)
                await wake.wait()
        self._slot_changed(slot.index, SlotState.IDLE)

    async def _serve(self, slot: Slot, lease: Lease) -> None:
        """One lease, from grant to conclusion."""
        attempt = self._new_attempt(lease)
        pause = 0.0
        try:
            self._slot_changed(slot.index, SlotState.WAITING, attempt)
            if await self._may_start():
                await self._attempt(slot, attempt)
                pause = await self._conclude(attempt)
            else:
                self._return(attempt)
        finally:
            self._living.pop(attempt.number, None)
            self._notify()
        if pause and self.ending is None:
            self._slot_changed(slot.index, SlotState.WAITING)
            await self._sleep(pause)

    def _new_attempt(self, lease: Lease) -> Attempt:
        self._attempts += 1
        for frame in self._frames_of(lease):
            self._ledger.move(frame, FrameState.LEASED)
        attempt = Attempt(
            number=self._attempts,
            lease=lease,
            folder=self._a.scratch.attempt(self._attempts),
            started=time.monotonic(),
            watchdog=Watchdog(self._options.stall_timeout),
        )
        self._living[attempt.number] = attempt
        return attempt

    def _frames_of(self, lease: Lease) -> list[int]:
        """The ledger's frames of a lease: a single file has one entry, whatever its span."""
        return [frame for frame in lease.span if frame in self._ledger]

    async def _may_start(self) -> bool:
        """Pass the gate that keeps `--spawn-delay` between two starts, and stays shut while the disk is short."""
        async with self._gate:
            while self.ending is None and (self._holding or time.monotonic() < self._next_start):
                await self._sleep(max(self._next_start - time.monotonic(), TICK if self._holding else 0.0))
            self._next_start = time.monotonic() + self._options.spawn_delay
            return self.ending is None

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the run."""
        deadline = time.monotonic() + seconds
        while self.ending is None and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)

    def _notify(self) -> None:
        self._wake.set()
        self._wake = asyncio.Event()

    # ---------------------------------------------------------------------------------------------- attempts

    async def _attempt(self, slot: Slot, attempt: Attempt) -> None:
        """Start the renderer and see it to its end, tree and files included."""
        work = self._work(slot, attempt)
        argv = tuple(self._a.renderer.command(self._job, work, mfr=self._options.mfr))
        request = SpawnRequest(
            argv, self._a.environment, attempt.folder, label=f"{slot.index + 1:02}", cpus=self._pinned(slot)
        )
        attempt.started = time.monotonic()
        # Before the start: a run that is killed right after it must find the frames in this folder again.
        self._journal.write(
            "started",
            attempt=attempt.number,
            slot=slot.index,
            frames=str(attempt.lease.span),
            folder=str(attempt.folder),
        )
        try:
            attempt.tree = await spawn(request)
        except OSError as error:
            if error.errno not in _NO_FAULT_OF_THE_PROGRAM:
                why = error.strerror or error
                raise NoRenderer(f"cannot start {argv[0]}: {why}; check --aerender-path") from error
            attempt.ended, attempt.stop_note = True, f"could not be started: {error.strerror or error}"
            return
        self.tally.starts += 1
        self.tally.slots_used.add(slot.index)
        self._tell_pinning(attempt)
        self._slot_changed(slot.index, SlotState.STARTING, attempt)
        try:
            if self.ending is not None:  # it ended while the process was being made
                self._stop_attempt(attempt, StopReason.RUN_ENDS)
            await self._read(attempt)
            attempt.code = await attempt.tree.wait()
        finally:
            leftovers = await stop([attempt.tree], 0)
            attempt.tree.close()
            attempt.ended = True
        for member in leftovers:
            self._say(Level.WARNING, f"process {member.pid} ({member.name}) could not be ended", attempt)
        await self.collector.look(attempt, time.monotonic())

    def _tell_pinning(self, attempt: Attempt) -> None:
        """What was asked of the system and what was obtained; a refusal is one warning a run."""
        pinning = attempt.tree.pinning if attempt.tree is not None else None
        if pinning is None or not pinning.asked or attempt.lease.slot in self._pinned_slots:
            return
        self._pinned_slots.add(attempt.lease.slot)
        if pinning.refused is None:
            self._say(Level.INFO, f"pinned: asked for {pinning.asked}, obtained {pinning.obtained}", attempt)
        elif not self._told_refusal:
            self._told_refusal = True
            self._say(Level.WARNING, f"{pinning.refused}; the render goes on", attempt)

    def _work(self, slot: Slot, attempt: Attempt) -> Work:
        single = self._job.single_file
        name = (
            f"movie{self._job.output.extension}" if single else f"frame_[#####]{self._job.output.extension}"
        )
        span = attempt.lease.span
        if single:
            runs = self._job.frames.runs() if self._job.frames is not None else []
            return Work(runs[0] if runs else None, str(attempt.folder / name), slot.mfr_percent)
        return Work(span, str(attempt.folder / name), slot.mfr_percent)

    def _pinned(self, slot: Slot) -> tuple[Cpu, ...]:
        return slot.cpus if self._options.affinity else ()

    async def _read(self, attempt: Attempt) -> None:
        assert attempt.tree is not None
        splitter = LineSplitter()
        while data := await attempt.tree.read():
            attempt.output_bytes += len(data)
            for raw in splitter.feed(data):
                self._line(attempt, raw)
        for raw in splitter.close():
            self._line(attempt, raw)

    def _line(self, attempt: Attempt, raw: bytes) -> None:
        line = self._a.renderer.read(decode(raw, self._code_pages))
        began, trusted = attempt.began, not attempt.untrusted
        attempt.heard(line, time.monotonic(), time.time())
        if attempt.began and not began:
            self._slot_changed(attempt.lease.slot, SlotState.RENDERING, attempt)
        self._emit(RendererOutput(attempt.lease.slot, attempt.lease.span, self._a.redact(line.text)))
        if line.finding is not None:
            self._tell(attempt, line.finding)
        if trusted and attempt.untrusted:
            self._journal.write("untrusted", attempt=attempt.number)
            self._stop_attempt(attempt, StopReason.UNTRUSTED, self._a.redact(attempt.words()))
        elif line.kind is LineKind.FRAME and line.count == attempt.counted:
            self._slot_changed(attempt.lease.slot, SlotState.RENDERING, attempt)

    def _tell(self, attempt: Attempt, finding: Finding) -> None:
        """Say what a known line means: once a run for the same words, and not without end."""
        key = (finding.name, finding.words)
        if (
            finding.meaning is Meaning.HARMLESS
            or not finding.advice
            or key in self._told
            or len(self._told) > MOST_TOLD
        ):
            return
        self._told.add(key)
        level = Level.WARNING if finding.meaning in {Meaning.WARNING, Meaning.LATER} else Level.ERROR
        self._say(level, f"{self._a.redact(finding.words.strip())}: {finding.advice}", attempt)

    def _stop_attempt(
        self, attempt: Attempt, reason: StopReason, note: str = "", grace: float | None = None
    ) -> None:
        """The one way a renderer is stopped while the run goes on, or because it ends."""
        if attempt.stopped is not None or attempt.tree is None:
            return
        attempt.stopped, attempt.stop_note = reason, note
        self._slot_changed(attempt.lease.slot, SlotState.STOPPING, attempt)
        self._background(stop([attempt.tree], self._grace if grace is None else grace))

    def _background(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -------------------------------------------------------------------------------------------- conclusion

    async def _conclude(self, attempt: Attempt) -> float:
        """Account for an attempt's end. Returns the seconds that its slot should pause."""
        self._strategy.retire(attempt.lease)
        frames = self._frames_of(attempt.lease)
        if attempt.start_up is not None and attempt.taken:
            self.tally.start_ups.append(attempt.start_up)
        self.tally.peak_memory = max(self.tally.peak_memory, attempt.peak_memory)
        missing = self._ledger.missing(frames)
        if attempt.untrusted and not missing.frames:
            # The words came after everything had been delivered: they cannot be pinned to a frame.
            await self.collector.attempt_delivered(attempt)
            missing = self.collector.revoke(attempt)
        if len(missing) < len(frames) and not attempt.untrusted:
            self._book.rendered()
        self._journal_end(attempt, missing)
        self.collector.settle(attempt)
        if not missing.frames:
            return 0.0
        return self._lost(attempt, missing)

    def _journal_end(self, attempt: Attempt, missing: FrameSet) -> None:
        self._journal.write(
            "ended",
            attempt=attempt.number,
            code=attempt.code,
            stopped=attempt.stopped.name.lower() if attempt.stopped else None,
            missing=str(missing),
            start_up=None if attempt.start_up is None else round(attempt.start_up, 3),
            peak_memory=attempt.peak_memory,
            words=self._a.redact(attempt.words()) if missing.frames else None,
        )

    def _lost(self, attempt: Attempt, missing: FrameSet) -> float:
        """Decide about the frames that an attempt left missing."""
        words = self._a.redact(attempt.words())
        if self._hopeless(attempt):
            self._return(attempt, retire=False)
            self._end(ExitCode.FRAMES_FAILED, f"no retry can help: {words}")
            return 0.0
        if attempt.stopped is not StopReason.RUN_ENDS and free_bytes(attempt.folder) < LOWEST_SCRATCH:
            self._return(attempt, retire=False)
            raise NoSpace(
                f"the scratch disk of {attempt.folder.parent} is full; free some space, then run again"
            )
        decision = self._book.ended(attempt.end_of(), missing)
        for frame in missing:
            state = FrameState.FAILED if frame in decision.exhausted else FrameState.PENDING
            if self._ledger[frame].state is not state:
                self._ledger.move(frame, state)
        self._strategy.give_back(decision.again)
        self._strategy.give_back(decision.set_aside, last=True)
        if self.ending is None:
            self._report_loss(attempt, missing, words)
        for frame in decision.exhausted:
            self._exhausted(frame, attempt, words)
        if decision.hopeless:
            self._end(
                ExitCode.FRAMES_FAILED, f"no frame could be rendered in {self._attempts} attempts: {words}"
            )
        return decision.pause

    def _lost_after_all(self, frame: int) -> None:
        """A frame that was verified changed before it was delivered, and is whole no more."""
        self._say(
            Level.WARNING, f"{self._job.output.name(frame)} was changed in scratch: it will be rendered again"
        )
        self._strategy.give_back([Span(frame, frame)])
        self._notify()

    def _hopeless(self, attempt: Attempt) -> bool:
        """A finding that no retry mends, on a job of which nothing has been rendered: no evidence speaks against it."""
        finding = attempt.gravest
        hopeless = finding is not None and finding.meaning is Meaning.HOPELESS
        return hopeless and not attempt.taken and not self._book.anything_rendered

    def _report_loss(self, attempt: Attempt, missing: FrameSet, words: str) -> None:
        why = f"{attempt.ending()}; {words}" if words not in attempt.ending() else attempt.ending()
        broken = next(((f, r) for f, r in attempt.broken.items() if f in missing), None)
        if broken is not None:
            why += f"; frame {broken[0]} {broken[1]}"
        done = len(self._frames_of(attempt.lease)) - len(missing)
        self._say(Level.WARNING, f"{why}. {done} done, frames {missing} will be rendered again", attempt)

    def _exhausted(self, frame: int, attempt: Attempt, words: str) -> None:
        self.failed[frame] = words
        self._journal.write("failed", frame=frame, words=words)
        what = self._job.output.name(frame)
        tries = self._options.max_frame_retries + 1
        self._say(Level.ERROR, f"{what} failed {tries} times: {words}", attempt)
        if self._options.kill_on_fail:
            self._end(ExitCode.FRAMES_FAILED, self._failure_text())

    def _return(self, attempt: Attempt, *, retire: bool = True) -> None:
        """A lease that was not rendered goes back untouched."""
        if retire:
            self._strategy.retire(attempt.lease)
        missing = self._ledger.missing(self._frames_of(attempt.lease))
        for frame in missing:
            if self._ledger[frame].state is not FrameState.PENDING:
                self._ledger.move(frame, FrameState.PENDING)
        self._strategy.give_back(missing.runs())

    # ------------------------------------------------------------------------------------------------ ending

    def _end(self, exit_code: ExitCode, reason: str) -> None:
        """End the run: nothing new is started, what runs is stopped, what is whole is still delivered."""
        if self.ending is None:
            self.ending = Ending(exit_code, reason)
            self._say(Level.ERROR, reason)
        trees = [
            attempt
            for attempt in self._living.values()
            if attempt.tree is not None and attempt.stopped is None
        ]
        for attempt in trees:
            attempt.stopped, attempt.stop_note = StopReason.RUN_ENDS, ""
            self._slot_changed(attempt.lease.slot, SlotState.STOPPING, attempt)
        if trees:  # all at once: they share one grace
            self._background(
                stop([attempt.tree for attempt in trees if attempt.tree is not None], self._grace)
            )
        self._notify()

    def _not_complete(self) -> Ending:
        return Ending(ExitCode.FRAMES_FAILED, self._failure_text())

    def _failure_text(self) -> str:
        """Which frames failed and why, in one line."""
        frames = FrameSet.of(self.failed)
        words = next(iter(self.failed.values()), "see the log above")
        if self._job.single_file:
            return f"{self._job.output.name(0)} failed: {words}"
        return f"{'frame' if len(frames) == 1 else 'frames'} {frames} failed: {words}"

    # -------------------------------------------------------------------------------------------------- tick

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for attempt in list(self._living.values()):
                if attempt.tree is not None and not attempt.ended:
                    await self.collector.look(attempt, now)
                    self._completed(attempt, now)
            if now - self._sampled >= self._sample_every:
                self._sampled = now
                self._sample(now)
            self._hold_or_go()
            self._emit(self._progress(now))

    def _completed(self, attempt: Attempt, now: float) -> None:
        """All its frames are there: give it its grace to exit, then stop it. That is a good end."""
        done = len(attempt.taken) == len(self._frames_of(attempt.lease))
        if self._job.single_file:
            done = attempt.finished
        if not done:
            return
        if attempt.complete_since is None:
            attempt.complete_since = now
            self._slot_changed(attempt.lease.slot, SlotState.FINISHING, attempt)
        elif now - attempt.complete_since >= self._options.child_grace_sec:
            self._stop_attempt(attempt, StopReason.COMPLETE, grace=min(self._grace, 2.0))

    def _sample(self, now: float) -> None:
        attempts = [a for a in self._living.values() if a.tree is not None and not a.ended]
        samples = sample_all([a.tree for a in attempts if a.tree is not None])
        for attempt, sample in zip(attempts, samples, strict=True):
            if attempt.sampled is not None and now > attempt.sampled:
                used = max(0.0, sample.cpu_seconds - attempt.cpu_seconds)
                attempt.cpu_percent = 100 * used / (now - attempt.sampled)
            attempt.sampled, attempt.cpu_seconds = now, sample.cpu_seconds
            attempt.memory_bytes = sample.memory_bytes
            attempt.peak_memory = max(attempt.peak_memory, sample.memory_bytes)
            self._watch(
                attempt, Life(now, sample.cpu_seconds, sample.io_bytes, attempt.output_bytes, attempt.changes)
            )
            self._slot_changed(attempt.lease.slot, self._state_of(attempt), attempt)

    def _watch(self, attempt: Attempt, life: Life) -> None:
        if attempt.paused or attempt.complete_since is not None:
            attempt.watchdog.forgive()
            return
        stall = attempt.watchdog.observe(life, attempt.phase)
        if stall is not None:
            self._stop_attempt(attempt, StopReason.STALLED, stall.text)

    def _hold_or_go(self) -> None:
        """Back-pressure: suspend the renderers when scratch fills faster than the destination takes."""
        action = backlog_action(
            waiting_bytes=self.collector.waiting_bytes,
            waiting_frames=self.collector.waiting,
            scratch_free=free_bytes(self._a.scratch.path),
            holding=self._holding,
            limits=self._limits,
        )
        if action is Action.PAUSE and not self._holding:
            self._holding = True
            self._say(
                Level.WARNING,
                "the destination is slower than the renderers: they are paused until it catches up",
            )
        elif action is Action.GO and self._holding:
            self._holding = False
            self._say(Level.INFO, "the destination has caught up: the renderers go on")
        for attempt in self._living.values():
            if attempt.tree is not None and not attempt.ended and attempt.stopped is None:
                self._pause(attempt, paused=self._holding)

    def _pause(self, attempt: Attempt, *, paused: bool) -> None:
        if attempt.tree is None or attempt.paused is paused:
            return
        attempt.paused = paused
        (attempt.tree.suspend if paused else attempt.tree.resume)()
        self._slot_changed(attempt.lease.slot, self._state_of(attempt), attempt)

    def _progress(self, now: float) -> Progress:
        delivered = self._ledger.count(FrameState.DELIVERED)
        self._recent.append((now, delivered))
        while len(self._recent) > 2 and now - self._recent[0][0] > 60:
            self._recent.pop(0)
        (then, before), total = self._recent[0], len(self._ledger)
        rate = (delivered - before) / (now - then) if now > then else 0.0
        return Progress(
            delivered=delivered,
            total=total,
            elapsed=now - self._began,
            rate=rate,
            eta=(total - delivered) / rate if rate else None,
            waiting=self.collector.waiting,
            running=sum(1 for a in self._living.values() if a.tree is not None),
            fraction=self._fraction(delivered),
        )

    def _fraction(self, delivered: int) -> float:
        """Delivered share of the job; for a single file the share of frames that its renderer told of."""
        frames = self._job.frames
        if not self._job.single_file or self._ledger.complete or frames is None:
            return delivered / len(self._ledger)
        counted = max((attempt.counted for attempt in self._living.values()), default=0)
        return min(counted / len(frames), 0.99)

    # ------------------------------------------------------------------------------------------------- words

    def _state_of(self, attempt: Attempt) -> SlotState:
        if attempt.stopped is not None:
            return SlotState.STOPPING
        if attempt.paused:
            return SlotState.PAUSED
        if attempt.complete_since is not None:
            return SlotState.FINISHING
        return SlotState.RENDERING if attempt.began else SlotState.STARTING

    def _slot_changed(self, slot: int, state: SlotState, attempt: Attempt | None = None) -> None:
        if attempt is None:
            self._emit(SlotChanged(slot, state))
            return
        self._emit(
            SlotChanged(
                slot,
                state,
                attempt.lease.span,
                attempt.tree.pid if attempt.tree is not None else None,
                max(len(attempt.seen), attempt.counted),
                attempt.memory_bytes,
                attempt.cpu_percent,
            )
        )

    def _say(self, level: Level, text: str, attempt: Attempt | None = None) -> None:
        where = "" if attempt is None else f"{attempt.lease.slot + 1:02} {attempt.lease.span}"
        self._emit(Message(level, text, where))


__all__ = ["Assignment", "BadInput", "Ending", "Run", "Tally"]
