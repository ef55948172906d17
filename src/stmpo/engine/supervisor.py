"""Sees one renderer through: starts it, reads its lines, sweeps its tree. And stops it, when somebody decides so.

    spawn ─► read lines until the tree's output ends ─► exit code ─► sweep what the launcher left ─► ended

Decides nothing about frames: lines go to the `Attempt`, files are the collector's.
"""

from __future__ import annotations

import asyncio
import errno
import time
from typing import TYPE_CHECKING

from stmpo.engine.attempt import StopReason
from stmpo.model.errors import NoRenderer
from stmpo.model.events import Level, SlotState
from stmpo.processes import SpawnRequest, spawn, stop
from stmpo.renderers.line_decoder import LineSplitter, decode, system_code_pages
from stmpo.renderers.output_limit import OutputLimit
from stmpo.renderers.protocol import LineKind, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stmpo.engine.attempt import Attempt
    from stmpo.engine.run_context import RunContext
    from stmpo.planning import Slot
    from stmpo.processes import ProcessTree
    from stmpo.renderers.protocol import Renderer

_NO_FAULT_OF_THE_PROGRAM = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
"""Errors of a start that a later start may not meet: the machine is short of something."""


class Supervisor:
    """Starts, reads and stops renderers. `grace` is the time in seconds that a stopped renderer is given.

    `on_progress` is called when a renderer's lines say that it goes forward.
    """

    def __init__(
        self,
        context: RunContext,
        renderer: Renderer,
        environment: Mapping[str, str],
        on_progress: Callable[[Attempt], None],
    ) -> None:
        self._job, self._options, self._journal = context.job, context.options, context.journal
        self._reporter = context.reporter
        self._renderer = renderer
        self._environment = environment
        self._on_progress = on_progress
        self._code_pages = system_code_pages()
        self._stopping: set[asyncio.Task[object]] = set()
        self._undead: dict[int, asyncio.Future[None]] = {}
        """For each renderer that is seen through, what is set when it was killed and lives on: it hangs in the system."""

        self.grace = context.options.child_grace_sec
        """Seconds that a renderer has to end by itself; a cancel may shorten them."""

        self.starts = 0
        self._trees: dict[int, ProcessTree] = {}
        """Trees that are attended, by attempt."""

    async def attend(self, slot: Slot, attempt: Attempt) -> None:
        """From start to end of the whole tree.

        Raises:
            NoRenderer: the program cannot be started, now or later.
        """
        attempt.tree = await self._start(slot, attempt)
        if attempt.tree is None:
            attempt.ended = True
            return
        self.starts += 1
        self._trees[attempt.number] = attempt.tree
        self._reporter.containment(attempt)
        self._reporter.slot(attempt)
        try:
            if attempt.stopped is not None:  # the run ended while the process was being made
                self._end_tree(attempt.tree, self.grace)
            await self._see_through(attempt, attempt.tree)
        finally:
            leftovers = await stop([attempt.tree], 0)
            attempt.tree.close()
            attempt.ended = True
            del self._trees[attempt.number]
        for member in leftovers:
            self._reporter.say(
                Level.WARNING, f"process {member.pid} ({member.name}) could not be ended", attempt
            )

    async def _see_through(self, attempt: Attempt, tree: ProcessTree) -> None:
        """Hear it out, to its exit code; or until it turns out that the system cannot end it."""
        over = asyncio.ensure_future(self._hear_out(attempt, tree))
        undead = self._undead[id(tree)] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({over, undead}, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                over.result()
        finally:
            over.cancel()
            del self._undead[id(tree)]

    async def _hear_out(self, attempt: Attempt, tree: ProcessTree) -> None:
        await self._read(attempt, tree)
        attempt.code = await tree.wait()

    def stop(
        self, attempt: Attempt, reason: StopReason, note: str = "", *, grace: float | None = None
    ) -> None:
        """Stop one renderer. Returns at once; `attend` sees the end.

        `grace` is in seconds, at most the run's own. The first reason counts. A second stop with a grace of 0 kills a
        renderer that is still ending. An attempt whose renderer is not started yet is stopped only if the run ends.
        """
        tree = self._trees.get(attempt.number)
        if tree is None and reason is not StopReason.RUN_ENDS:
            return
        seconds = self.grace if grace is None else min(grace, self.grace)
        first = attempt.stopped is None
        if first:
            attempt.stopped, attempt.stop_note = reason, note
            self._reporter.slot(attempt, SlotState.STOPPING)
        if tree is not None and (first or not seconds):
            self._end_tree(tree, seconds)

    def was_ended_by_system(self, attempt: Attempt, reason: StopReason, note: str) -> None:
        """Remember that the system ended a renderer that is gone, and why."""
        attempt.stopped, attempt.stop_note = reason, note

    async def close(self) -> None:
        """Wait until all stopped renderers are gone. End what still lives, which only happens after a defect."""
        await asyncio.gather(*self._stopping, return_exceptions=True)
        await stop(list(self._trees.values()), 0)

    def _end_tree(self, tree: ProcessTree, grace: float) -> None:
        task: asyncio.Task[object] = asyncio.create_task(self._stop_and_check(tree, grace))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _stop_and_check(self, tree: ProcessTree, grace: float) -> None:
        await stop([tree], grace)
        undead = self._undead.get(id(tree))
        if undead is not None and not undead.done() and tree.processes():
            undead.set_result(None)

    async def _start(self, slot: Slot, attempt: Attempt) -> ProcessTree | None:
        """The started tree; None when the machine could not start anything just now."""
        argv = tuple(self._renderer.command(self._job, self._work(slot, attempt), mfr=self._options.mfr))
        cpus = slot.cpus if self._options.affinity else ()
        attempt.asked = attempt.lease.span
        # Before the start: a run that is killed right after it must find the frames in this folder again.
        self._journal.write(
            "started",
            attempt=attempt.number,
            slot=slot.index,
            frames=str(attempt.lease.span),
            folder=str(attempt.folder),
        )
        attempt.started = time.monotonic()
        try:
            return await spawn(
                SpawnRequest(argv, self._environment, attempt.folder, label=f"{slot.index:02}", cpus=cpus)
            )
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno not in _NO_FAULT_OF_THE_PROGRAM:
                raise NoRenderer(f"cannot start {argv[0]}: {why}; check --aerender-path") from error
            attempt.not_started = True
            attempt.stop_note = (
                f"no renderer could be started just now: {why} (a limit on processes, memory or open files)"
            )
            return None

    def _work(self, slot: Slot, attempt: Attempt) -> Work:
        extension = self._job.output.extension
        if not self._job.single_file:
            output = attempt.folder / f"frame_[#####]{extension}"
            return Work(attempt.lease.span, str(output), slot.mfr_percent, attempt.lease.shared)
        runs = self._job.frames.runs() if self._job.frames is not None else [None]
        return Work(runs[0], str(attempt.folder / f"movie{extension}"), slot.mfr_percent)

    async def _read(self, attempt: Attempt, tree: ProcessTree) -> None:
        splitter, flood = LineSplitter(), OutputLimit(time.monotonic())
        while data := await tree.read():
            attempt.output_bytes += len(data)
            for raw in splitter.feed(data):
                self._line(attempt, raw, flood)
            # There may always be more to read: the others have their turn all the same.
            await asyncio.sleep(0)
        for raw in splitter.close():
            self._line(attempt, raw, flood)
        for text in flood.rest():
            self._reporter.line(attempt, text)

    def _line(self, attempt: Attempt, raw: bytes, flood: OutputLimit) -> None:
        line = self._renderer.read(decode(raw, self._code_pages))
        before = (attempt.began, attempt.counted)
        trusted = not attempt.untrusted
        now = time.monotonic()
        attempt.heard(line, now, time.time())
        for text in flood.admit(line.text, now):
            self._reporter.line(attempt, text)
        if line.finding is not None:
            self._reporter.explain(attempt, line.finding)
        if trusted and attempt.untrusted:
            self._journal.write("untrusted", attempt=attempt.number)
            self.stop(attempt, StopReason.UNTRUSTED, self._reporter.words(attempt))
            self._on_progress(attempt)
        elif (attempt.began, attempt.counted) != before and line.kind is not LineKind.OTHER:
            self._reporter.slot(attempt)
            self._on_progress(attempt)
