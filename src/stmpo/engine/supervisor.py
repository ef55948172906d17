"""Start renderers, read their output, and stop them.

    spawn ─► read lines until the output ends ─► exit code ─► end what the launcher left behind ─► ended

The supervisor decides nothing about frames: lines go to the `Attempt`, files to the collector. Every renderer
that this program stops is stopped by `Supervisor.stop`.
"""

from __future__ import annotations

import asyncio
import errno
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stmpo.engine.attempt import BEFORE_ITS_START, StopReason
from stmpo.engine.run_context import FramesFailed
from stmpo.engine.warning_policy import Reaction, refusal
from stmpo.model.errors import NoRenderer
from stmpo.model.events import Level, SlotState
from stmpo.processes import SpawnRequest, spawn, stop
from stmpo.renderers.blank_frames import blank_frames, frame_rate
from stmpo.renderers.line_decoder import LineSplitter, decode, system_code_pages
from stmpo.renderers.output_kind import OutputKindCheck
from stmpo.renderers.output_limit import OutputLimit
from stmpo.renderers.protocol import Finding, FindingKind, LineKind, Meaning, ReadLine, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stmpo.engine.attempt import Attempt
    from stmpo.engine.run_context import RunContext
    from stmpo.planning import Slot
    from stmpo.processes import ProcessTree
    from stmpo.renderers.protocol import Renderer

_MACHINE_IS_SHORT = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
"""Errors of a start that a later start may not meet: the machine is short of something."""


@dataclass(slots=True)
class _Reading:
    """The state of reading one renderer's output."""

    attempt: Attempt
    work: Work
    limit: OutputLimit
    kind_check: OutputKindCheck
    splitter: LineSplitter = field(default_factory=LineSplitter)
    blank: Finding | None = None
    """The warning that frames lie outside the comp; the frame rate that it needs comes later."""


class Supervisor:
    """Starts, reads and stops renderers. `on_progress` is called when a renderer's lines show progress."""

    def __init__(
        self,
        context: RunContext,
        renderer: Renderer,
        environment: Mapping[str, str],
        on_progress: Callable[[Attempt], None],
    ) -> None:
        self._job, self._options, self._journal = context.job, context.options, context.journal
        self._reporter, self._run_end = context.reporter, context.run_end
        self._renderer = renderer
        self._environment = environment
        self._on_progress = on_progress
        self._code_pages = system_code_pages()
        self._stopping: set[asyncio.Task[object]] = set()
        self._survivors: dict[int, asyncio.Future[None]] = {}
        """Per renderer: set once it has survived SIGKILL (it is stuck in a system call)."""

        self._trees: dict[int, ProcessTree] = {}
        """Trees under supervision, by attempt."""

        self.grace = context.options.child_grace_sec
        """Seconds that a stopped renderer has to end by itself; a cancel may shorten them."""

        self.starts = 0

    async def supervise(self, slot: Slot, attempt: Attempt) -> None:
        """Start the attempt's renderer and stay with it until its whole tree is gone.

        Raises:
            NoRenderer: the program cannot be started, now or later.
        """
        work = self._work(slot, attempt)
        tree = attempt.tree = await self._start(slot, attempt, work)
        if tree is None:
            attempt.exit.ended_at = time.monotonic()
            return
        self._trees[attempt.number] = tree
        self.starts += 1
        self._reporter.containment(attempt)
        self._reporter.slot(attempt)
        try:
            if attempt.exit.stopped is not None:  # while the process was being made
                self._end_tree(attempt.number, tree, self.grace)
            await self._until_exit(attempt, tree, work)
        finally:
            leftovers = await stop([tree], 0)
            tree.close()
            attempt.exit.ended_at = time.monotonic()
            del self._trees[attempt.number]
        for process in leftovers:
            text = f"process {process.pid} ({process.name}) could not be ended"
            self._reporter.say(Level.WARNING, text, attempt)

    def stop(
        self, attempt: Attempt, reason: StopReason, note: str = "", *, grace: float | None = None
    ) -> None:
        """Stop one renderer. Returns at once; `supervise` sees the end.

        `grace` is in seconds, at most the run's own. The first reason counts. A run that ends without any
        grace also kills renderers that are already ending. An attempt whose renderer is not started yet is
        stopped only for one of `BEFORE_ITS_START`.
        """
        tree = self._trees.get(attempt.number)
        if tree is None and reason not in BEFORE_ITS_START:
            return
        seconds = self.grace if grace is None else min(grace, self.grace)
        first = attempt.exit.stopped is None
        if first:
            attempt.exit.stopped, attempt.exit.note = reason, note
            self._reporter.slot(attempt, SlotState.STOPPING)
        if tree is not None and (first or (reason is StopReason.RUN_ENDS and not seconds)):
            self._end_tree(attempt.number, tree, seconds)

    def was_ended_by_system(self, attempt: Attempt, reason: StopReason, note: str) -> None:
        """Note why the system ended a renderer that is gone."""
        attempt.exit.stopped, attempt.exit.note = reason, note

    def never_started(self, attempt: Attempt) -> None:
        """End an attempt whose renderer was not started."""
        attempt.exit.ended_at = time.monotonic()

    async def close(self) -> None:
        """Wait until all stopped renderers are gone. Kill the rest, which lives only after a defect."""
        await asyncio.gather(*self._stopping, return_exceptions=True)
        await stop(list(self._trees.values()), 0)

    def _end_tree(self, number: int, tree: ProcessTree, grace: float) -> None:
        task: asyncio.Task[object] = asyncio.create_task(self._stop_and_check(number, tree, grace))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _stop_and_check(self, number: int, tree: ProcessTree, grace: float) -> None:
        await stop([tree], grace)
        survived = self._survivors.get(number)
        if survived is not None and not survived.done() and tree.processes():
            survived.set_result(None)

    async def _start(self, slot: Slot, attempt: Attempt, work: Work) -> ProcessTree | None:
        """Return the started tree; None if the machine could not start anything just now."""
        argv = tuple(self._renderer.command(self._job, work, mfr=self._options.mfr))
        cpus = slot.cpus if self._options.affinity else ()
        folder, span = attempt.folder.path, attempt.lease.span
        # Before the start: if this run is killed right after it, the next run must find this folder's frames.
        self._journal.write(
            "started", attempt=attempt.number, slot=slot.index, frames=str(span), folder=str(folder)
        )
        attempt.asked, attempt.started_at = span, time.monotonic()
        try:
            return await spawn(
                SpawnRequest(argv, self._environment, folder, label=f"{slot.index:02}", cpus=cpus)
            )
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno not in _MACHINE_IS_SHORT:
                raise NoRenderer(f"cannot start {argv[0]}: {why}; check --aerender-path") from error
            attempt.exit.not_started = True
            attempt.exit.note = (
                f"no renderer could be started just now: {why} (a limit on processes, memory or open files)"
            )
            return None

    def _work(self, slot: Slot, attempt: Attempt) -> Work:
        folder, extension = attempt.folder, self._job.output.extension
        if not self._job.single_file:
            output = folder.path / f"frame_[#####]{extension}"
            return Work(attempt.lease.span, str(output), slot.mfr_percent, skip_existing=folder.is_shared)
        runs = self._job.frames.runs() if self._job.frames is not None else [None]
        return Work(runs[0], str(folder.path / f"movie{extension}"), slot.mfr_percent)

    async def _until_exit(self, attempt: Attempt, tree: ProcessTree, work: Work) -> None:
        """Read the output until the renderer exits, or until the system turns out to be unable to end it."""
        limit, kind_check = OutputLimit(time.monotonic()), OutputKindCheck(work.output)
        exited = asyncio.ensure_future(self._read_to_exit(_Reading(attempt, work, limit, kind_check), tree))
        survived = self._survivors[attempt.number] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({exited, survived}, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                exited.result()
        finally:
            exited.cancel()
            del self._survivors[attempt.number]

    async def _read_to_exit(self, reading: _Reading, tree: ProcessTree) -> None:
        attempt, limit = reading.attempt, reading.limit
        while data := await tree.read():
            for raw in reading.splitter.feed(data):
                self._on_line(reading, raw)
            # There may always be more to read: let the other renderers have their turn.
            await asyncio.sleep(0)
        for raw in reading.splitter.close():
            self._on_line(reading, raw)
        for text in limit.rest():
            self._reporter.line(attempt, text)
        attempt.exit.code = await tree.wait()

    def _on_line(self, reading: _Reading, raw: bytes) -> None:
        attempt, line = reading.attempt, self._renderer.read(decode(raw, self._code_pages))
        if line.finding is None and (finding := reading.kind_check.read(line.text)) is not None:
            line = replace(line, finding=finding)
        before, was_trusted = (attempt.began, attempt.output.counted), not attempt.output.untrusted
        now = time.monotonic()
        attempt.on_line(line, now, time.time())
        masked = self._reporter.mask_bytes(raw)
        shown = line.text if masked is raw else decode(masked, self._code_pages)
        for text in reading.limit.admit(shown, now):
            self._reporter.line(attempt, text)
        self._note_blank_frames(reading, line)
        if line.finding is not None:
            self._on_finding(attempt, line.finding)
        if was_trusted and attempt.output.untrusted:
            self._journal.write("untrusted", attempt=attempt.number)
        if (attempt.began, attempt.output.counted) != before and line.kind is not LineKind.OTHER:
            self._reporter.slot(attempt)
            self._on_progress(attempt)

    def _on_finding(self, attempt: Attempt, finding: Finding) -> None:
        reaction = self._reporter.on_finding(attempt, finding)
        if reaction is Reaction.FAIL:
            attempt.output.condemn(time.time())
            why = self._reporter.redact(refusal(finding))
            self._condemned(attempt, StopReason.REFUSED, why)
            self._run_end.end(FramesFailed(why))
        elif finding.meaning is Meaning.UNTRUSTED:
            self._condemned(attempt, StopReason.UNTRUSTED, self._reporter.words(attempt))
        elif finding.kind is FindingKind.WRONG_OUTPUT_KIND:  # it would render on, for nothing
            self.stop(attempt, StopReason.HOPELESS, self._reporter.words(attempt))

    def _condemned(self, attempt: Attempt, reason: StopReason, note: str) -> None:
        """Stop a renderer whose pictures do not count from here on."""
        self.stop(attempt, reason, note)
        self._on_progress(attempt)

    def _note_blank_frames(self, reading: _Reading, line: ReadLine) -> None:
        """Work out which frames lie outside the comp: the warning comes first, the frame rate later."""
        if line.finding is not None and line.finding.kind is FindingKind.BLANK_FRAMES:
            reading.blank = line.finding
        elif reading.blank is not None and (rate := frame_rate(line.text)) is not None:
            span = reading.work.span
            outside = None if span is None else blank_frames(span, reading.blank.words, rate)
            self._reporter.blank |= set(outside or ())
            reading.blank = None
