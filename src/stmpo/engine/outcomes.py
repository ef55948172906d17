"""What an attempt's end means: for the ledger, for the strategy, for the run.

all its frames whole ─► nothing to do
no retry can help, and nothing was ever rendered ─► the run ends
the scratch disk is full ─► the run ends; it was no frame's fault
anything else ─► the retry book decides: again, set aside, exhausted
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.delivery.disk_space import free_bytes
from stmpo.engine.attempt import StopReason
from stmpo.engine.ledger import FrameState
from stmpo.model.errors import ExitCode, NoSpace
from stmpo.model.events import Level
from stmpo.model.frames import FrameSet, Span
from stmpo.renderers.protocol import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from stmpo.engine.attempt import Attempt
    from stmpo.engine.collector import Collector
    from stmpo.engine.ledger import Ledger
    from stmpo.engine.reporter import Reporter
    from stmpo.history.journal import Journal
    from stmpo.model.options import RunOptions
    from stmpo.model.render_job import RenderJob
    from stmpo.scheduling.protocol import Lease, Strategy
    from stmpo.scheduling.retries import RetryPolicy

SCRATCH_PAUSE = 2.5
"""Seconds after which the pulse has seen that scratch is full, and holds further starts."""

LOWEST_SCRATCH = 16 << 20
"""Bytes of scratch below which a failed frame is the disk's fault, not the frame's."""


_OWN_ENDS = frozenset((StopReason.STALLED, StopReason.MEMORY, StopReason.RUNAWAY))
"""Why a single renderer was stopped, where the run goes on without it."""


class Outcomes:
    """Accounts for ended attempts. `end` ends the run: exit code and reason."""

    def __init__(
        self,
        job: RenderJob,
        options: RunOptions,
        *,
        ledger: Ledger,
        strategy: Strategy,
        journal: Journal,
        collector: Collector,
        book: RetryPolicy,
        reporter: Reporter,
        end: Callable[[ExitCode, str], None],
    ) -> None:
        self._job = job
        self._options = options
        self._ledger = ledger
        self._strategy = strategy
        self._journal = journal
        self._collector = collector
        self._book = book
        self._reporter = reporter
        self._end = end
        self._taken_when_full = -1
        self._in_vain = 0
        """Attempts that scratch was too small for since a frame was rendered whole."""

        self.failed: dict[int, str] = {}
        """Frames that failed for good, with the renderer's words."""

    def frames_of(self, lease: Lease) -> list[int]:
        """The ledger's frames of a lease: a single file has one entry, whatever its span."""
        return [frame for frame in lease.span if frame in self._ledger]

    async def conclude(self, attempt: Attempt) -> float:
        """Account for an attempt's end. Returns the seconds that its slot should pause.

        Raises:
            NoSpace: the scratch disk is full.
        """
        frames = self.frames_of(attempt.lease)
        missing = self._ledger.missing(frames)
        scratch_free = free_bytes(attempt.folder)  # now: what it left behind goes in a moment
        if attempt.untrusted and not missing.frames:
            # The words came after everything had been delivered: they cannot be pinned to a frame.
            await self._collector.attempt_delivered(attempt)
            missing = self._collector.revoke(attempt)
        attempt.concluded = True
        if len(missing) < len(frames) and not attempt.untrusted:
            self._book.rendered()
        self._write(attempt, missing)
        self._collector.settle(attempt)
        if missing.frames:
            return self._lost(attempt, missing, scratch_free)
        self._doubt_short_movie(attempt)
        return 0.0

    def _doubt_short_movie(self, attempt: Attempt) -> None:
        """A movie may hold fewer frames than were asked for: at another frame rate, or because its end is missing.

        Its index counts them; where it tells nothing, the renderer's own count is a hint, for lines may be missing.
        """
        wanted = len(self._job.frames) if self._job.single_file and self._job.frames is not None else 0
        holds = (
            f"it holds {attempt.pictures}" if attempt.pictures else f"its renderer told of {attempt.counted}"
        )
        if 0 < (attempt.pictures or attempt.counted) < wanted:
            text = f"{self._job.output.name(0)}: {holds} frames, and {wanted} were asked for; look at its end"
            self._reporter.say(Level.WARNING, text, attempt)

    def left(self, attempt: Attempt) -> None:
        """A renderer that shared a folder has gone; what is missing there is concluded once the last one has."""
        self._write(attempt, FrameSet(()))
        if attempt.stopped in _OWN_ENDS or (attempt.code != 0 and attempt.stopped is None):
            words, ending = self._reporter.words(attempt), attempt.ending()
            why = _why(ending, words)
            self._reporter.say(Level.WARNING, f"{why}; the others go on with its frames", attempt)

    def untouched(self, attempt: Attempt) -> None:
        """A lease that was never started goes back as it is."""
        self._collector.settle(attempt)
        self._give_back(self._ledger.missing(self.frames_of(attempt.lease)))

    def changed_in_scratch(self, frame: int) -> None:
        """A frame that was verified changed before it was delivered, and is whole no more; it is pending again."""
        name = self._job.output.name(frame)
        self._reporter.say(
            Level.WARNING, f"{name} was changed in scratch after it was read: it will be rendered again"
        )
        self._strategy.give_back([Span(frame, frame)])

    def revoked(self, frames: FrameSet) -> None:
        """Frames that were taken or delivered do not count any more; they are pending again."""
        self._strategy.give_back(frames.runs())

    def failure(self) -> str:
        """Which frames failed and why, in one line."""
        frames = FrameSet.of(self.failed)
        words = next(iter(self.failed.values()), "see the log above")
        if self._job.single_file:
            return f"{self._job.output.name(0)} failed: {words}"
        return f"{'frame' if len(frames) == 1 else 'frames'} {frames} failed: {words}"

    def _write(self, attempt: Attempt, missing: FrameSet) -> None:
        self._journal.write(
            "ended",
            attempt=attempt.number,
            code=attempt.code,
            stopped=attempt.stopped.name.lower() if attempt.stopped else None,
            missing=str(missing),
            start_up=None if attempt.start_up is None else round(attempt.start_up, 3),
            peak_memory=attempt.peak_memory,
            words=self._reporter.words(attempt) if missing.frames else None,
        )

    def _lost(self, attempt: Attempt, missing: FrameSet, scratch_free: int) -> float:
        """Decide about the frames that an attempt left missing."""
        words = self._reporter.words(attempt)
        if self._hopeless(attempt):
            self._give_back(missing)
            self._end(ExitCode.FRAMES_FAILED, f"no retry can help: {words}")
            return 0.0
        if attempt.stopped is not StopReason.RUN_ENDS and scratch_free < LOWEST_SCRATCH:
            self._give_back(missing)
            return self._scratch_full(attempt, missing)
        self._book.anything_rendered |= self._collector.taken > 0
        decision = self._book.ended(attempt.end_of(), missing)
        exhausted = FrameSet(decision.exhausted)
        self._back_to(FrameState.FAILED, exhausted)
        self._back_to(FrameState.PENDING, FrameSet(tuple(f for f in missing if f not in exhausted)))
        self._strategy.give_back(decision.again)
        self._strategy.give_back(decision.set_aside, last=True)
        if attempt.stopped is not StopReason.RUN_ENDS:
            self._report(attempt, missing, words)
        for frame in exhausted:
            self._exhausted(frame, attempt, words)
        if decision.hopeless:
            which = "no further frame" if self._collector.taken else "no frame"
            self._end(ExitCode.FRAMES_FAILED, f"{which} could be rendered, attempt after attempt: {words}")
        return decision.pause

    def _scratch_full(self, attempt: Attempt, missing: FrameSet) -> float:
        """The disk's fault, and no frame's: they wait for room, unless room has not helped before.

        Raises:
            NoSpace: the run may not wait, or attempt after attempt fills the disk without rendering a frame.
        """
        folder = attempt.folder.parent
        self._in_vain = self._in_vain + 1 if self._collector.taken == self._taken_when_full else 0
        self._taken_when_full = self._collector.taken
        if not self._options.space_timeout or self._in_vain > 2 * self._book.slots:
            raise NoSpace(f"the scratch disk is full ({folder}); free some space, then run again to go on")
        text = f"{attempt.ending()}: the scratch disk is full ({folder}); missing, until there is room: {missing}"
        self._reporter.say(Level.WARNING, text, attempt)
        return SCRATCH_PAUSE

    def _hopeless(self, attempt: Attempt) -> bool:
        """A finding that no retry mends, and no frame of this run that speaks against it."""
        finding = attempt.gravest
        hopeless = finding is not None and finding.meaning is Meaning.HOPELESS
        return hopeless and not self._collector.taken

    def _report(self, attempt: Attempt, missing: FrameSet, words: str) -> None:
        ending = attempt.ending()
        why = _why(ending, words)
        done = len(self.frames_of(attempt.lease)) - len(missing)
        self._reporter.say(Level.WARNING, f"{why}. {done} done; missing: {missing}", attempt)

    def _exhausted(self, frame: int, attempt: Attempt, words: str) -> None:
        self.failed[frame] = words
        self._journal.write("failed", frame=frame, words=words)
        tries = self._options.max_frame_retries + 1
        times = "once" if tries == 1 else f"{tries} times"
        self._reporter.say(Level.ERROR, f"{self._job.output.name(frame)} failed {times}: {words}", attempt)
        if self._options.kill_on_fail:
            self._end(ExitCode.FRAMES_FAILED, self.failure())

    def _give_back(self, missing: FrameSet) -> None:
        self._back_to(FrameState.PENDING, missing)
        self._strategy.give_back(missing.runs())

    def _back_to(self, state: FrameState, frames: FrameSet) -> None:
        for frame in frames:
            if self._ledger[frame].state is not state:
                self._ledger.move(frame, state)


def _why(ending: str, words: str) -> str:
    """How a renderer ended and what it said, neither of them twice."""
    if words in ending:
        return ending
    return words if ending in words else f"{ending}: {words}"
