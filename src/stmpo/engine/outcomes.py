"""Decide what the end of an attempt means: for the ledger, for the strategy, for the run.

all frames are whole                           ─► nothing to do
no retry can help, and nothing was rendered    ─► the run ends
the scratch disk is full                       ─► the frames wait for room; no frame is to blame
a shared resource fits fewer renderers         ─► fewer run at once; no retry is counted
anything else                                  ─► the retry book decides: again, set aside, exhausted
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stmpo.delivery.disk_space import free_bytes
from stmpo.engine.attempt import StopReason
from stmpo.engine.backup_tasks import partner
from stmpo.engine.doubtful_frames import frame_to_blame
from stmpo.engine.ledger import FrameState
from stmpo.engine.run_context import FramesFailed
from stmpo.engine.shared_folder import REFUSES_TO_SHARE, SHARED_ATTEMPT
from stmpo.model.errors import NoSpace
from stmpo.model.events import Level
from stmpo.model.frames import FrameSet
from stmpo.renderers.protocol import Meaning
from stmpo.scheduling.launch_limits import EndReason
from stmpo.scheduling.process_limit import ProcessLimit, Verdict
from stmpo.scheduling.retries import AttemptEnd

if TYPE_CHECKING:
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.collector import Collector
    from stmpo.engine.run_context import RunContext
    from stmpo.scheduling.retries import RetryPolicy

SCRATCH_PAUSE = 2.5
"""Seconds that a slot waits after it found scratch full. By then the monitor has seen it and holds further
starts."""

LOWEST_SCRATCH = 16 << 20
"""Bytes of scratch below which a failed frame is the disk's fault, not the frame's."""

SILENT_LAUNCHES = 2
"""Renderers that may end in a row without a word after their launch, before any frame is whole."""

RESOURCE_PAUSE = 2.0
"""Seconds without a start after a renderer has failed for want of a shared resource: what it held may be
released late."""

CONFIRMATION_TIMEOUT = 60.0
"""Seconds after a renderer's start in which others wait for it to confirm what the one before it has
shown.
"""

_WORTH_A_WARNING = frozenset((StopReason.STALLED, StopReason.MEMORY, StopReason.RUNAWAY))
"""Reasons for which a single renderer is stopped and the run goes on without it."""


class Outcomes:
    """Accounts for ended attempts and counts retries."""

    def __init__(self, context: RunContext, collector: Collector, retries: RetryPolicy) -> None:
        self._context = context
        self._job, self._options, self._ledger = context.job, context.options, context.ledger
        self._strategy, self._reporter = context.strategy, context.reporter
        self._collector = collector
        self._retries = retries
        self._taken_when_full = -1
        self._attempts_in_vain = 0
        """Attempts that found scratch full since a frame was rendered whole."""

        self.process_limit = ProcessLimit(retries.slots)
        """How many renderers may run at once."""

        self.no_start_before = 0.0
        """Monotonic seconds until which no renderer should start."""

        self.failed: dict[int, str] = {}
        """Frames that failed for good, with the renderer's words."""

    async def settle_attempt(self, attempt: Attempt) -> float:
        """Account for an attempt's end. Return the seconds that its slot should pause.

        Raises:
            NoSpace: the scratch disk is full.
        """
        frames = self._ledger.frames_in(attempt.lease.span)
        left, missing = self._ledger.missing(frames), self._missing(attempt)
        scratch_free = free_bytes(
            attempt.folder.path
        )  # now, since what it left behind is removed in a moment
        if attempt.output.untrusted and not missing.frames:
            # The words came after everything was delivered: they cannot be assigned to a frame.
            await self._collector.delivery_queue.attempt_delivered(attempt)
            missing = self._collector.delivery_queue.revoke(attempt)
        attempt.settled = True
        if len(left) < len(frames) and (attempt.files.taken or not attempt.output.untrusted):
            self._retries.rendered()
        self._write(attempt, missing)
        self._collector.release(attempt)
        if missing.frames:
            return self._frames_missing(attempt, missing, scratch_free)
        self._warn_of_short_movie(attempt)
        return 0.0

    def left_shared_folder(self, attempt: Attempt) -> bool:
        """Report the end of one of several renderers. Missing frames are settled after the last one.

        Return whether fewer renderers are to run at once since it has failed.
        """
        self._write(attempt, FrameSet(()))
        if attempt.exit.stopped in _WORTH_A_WARNING or (
            attempt.exit.code != 0 and attempt.exit.stopped is None
        ):
            why = _why(attempt.exit_summary(), self._reporter.words(attempt))
            self._reporter.say(Level.WARNING, f"{why}; the other renderers take its frames", attempt)
        before = self.process_limit.processes
        self._lacks_resource(attempt, FrameSet(()))
        self._end_if_certain(attempt)
        return self.process_limit.processes < before

    def never_started(self, attempt: Attempt) -> None:
        """Give a lease back whose renderer was never started."""
        attempt.settled = True
        self._collector.release(attempt)
        self._give_back(self._missing(attempt))

    def failure(self) -> FramesFailed:
        """Return which frames failed and why, in one line."""
        frames = FrameSet.of(self.failed)
        words = next(iter(self.failed.values()), "see the log above")
        if self._job.single_file:
            return FramesFailed(f"{self._job.output.name(0)} failed: {words}")
        return FramesFailed(f"{'frame' if len(frames) == 1 else 'frames'} {frames} failed: {words}")

    def _write(self, attempt: Attempt, missing: FrameSet) -> None:
        self._context.journal.write(
            "ended",
            attempt=attempt.number,
            code=attempt.exit.code,
            stopped=attempt.exit.stopped.name.lower() if attempt.exit.stopped else None,
            missing=missing,
            start_up=None if attempt.start_up is None else round(attempt.start_up, 3),
            peak_memory=attempt.samples.peak_memory,
            words=self._reporter.words(attempt) if missing.frames else None,
        )

    def _warn_of_short_movie(self, attempt: Attempt) -> None:
        """Warn if a movie holds fewer frames than were asked for: another frame rate, or its end is missing.

        Its index counts them. Without one, the renderer's own count is a hint, since lines may be missing.
        """
        wanted = len(self._job.frames) if self._job.single_file and self._job.frames is not None else 0
        holds = (
            f"it holds {attempt.files.pictures}"
            if attempt.files.pictures
            else f"its renderer reported {attempt.output.counted}"
        )
        if 0 < (attempt.files.pictures or attempt.output.counted) < wanted:
            text = f"{self._job.output.name(0)}: {holds} frames, and {wanted} were asked for; look at its end"
            self._reporter.say(Level.WARNING, text, attempt)

    def _frames_missing(self, attempt: Attempt, missing: FrameSet, scratch_free: int) -> float:
        """Decide about the frames that an attempt left missing. Return the seconds that its slot pauses."""
        words = self._reporter.words(attempt)
        run_ends = attempt.exit.stopped in {StopReason.RUN_ENDS, StopReason.REFUSED}
        if self._is_hopeless(attempt):
            self._give_back(missing)
            self._context.run_end.end(FramesFailed(f"no retry can help: {words}"))
            return 0.0
        if not run_ends and scratch_free < LOWEST_SCRATCH:
            self._give_back(missing)
            return self._scratch_full(attempt, missing)
        self._retries.anything_rendered |= self._collector.taken > 0
        if not run_ends and self._lacks_resource(attempt, missing):
            self._give_back(missing)
            self._report(attempt, missing, words)
            return 0.0
        # A frame that another renderer has in work as well is to blame: no frame that is given back is.
        handed_over = len(self._ledger.missing(attempt.lease.span)) > len(missing)
        decision = self._retries.ended(
            AttemptEnd.STOPPED if handed_over else attempt.end_of(),
            missing,
            culprit=_frame_to_blame(attempt),
            reason=self._end_reason(attempt),
        )
        self._ledger.move_all(decision.exhausted, FrameState.FAILED)
        self._ledger.move_all((f for f in missing if f not in decision.exhausted), FrameState.PENDING)
        self._strategy.give_back(decision.again)
        self._strategy.give_back(decision.set_aside, last=True)
        if not run_ends:
            self._report(attempt, missing, words)
        for frame in decision.exhausted:
            self._frame_failed(frame, attempt, words)
        if decision.hopeless:
            which = "no further frame" if self._collector.taken else "no frame"
            text = f"{which} could be rendered, attempt after attempt: {words}"
            if self._job.single_file:
                text = f"{self._job.output.name(0)} failed: {words}"
            self._context.run_end.end(FramesFailed(text))
        return decision.pause

    def may_be_hopeless(self) -> bool:
        """Return whether a renderer that still runs may end the run, so that no other one should start.

        Either it has printed words after which no retry can help. Or the one before it ended in a way that a
        second one has to confirm, and this one has not begun to render.
        """
        return not self._collector.taken and any(map(self._may_end_run, self._context.attempts.values()))

    def _may_end_run(self, attempt: Attempt) -> bool:
        finding = attempt.output.gravest
        if finding is not None and finding.meaning is Meaning.HOPELESS:
            return True
        young = attempt.tree is not None and time.monotonic() - attempt.started_at < CONFIRMATION_TIMEOUT
        return self._retries.limits.is_suspicious and young and not (attempt.began or attempt.ended)

    def _missing(self, attempt: Attempt) -> FrameSet:
        """Return the frames that an attempt leaves missing and that no other renderer has in work."""
        if attempt.withdrawn:
            return FrameSet(())
        missing = self._ledger.missing(attempt.lease.span)
        other = partner(attempt, self._context.attempts)
        if other is None:
            return missing
        both = other.lease.span if attempt.request.backup_of is None else attempt.lease.span
        return FrameSet.of(frame for frame in missing if frame not in both)

    def _end_if_certain(self, member: Attempt) -> None:
        """End the run after a renderer of a shared folder, if no further one can render anything."""
        finding = member.output.gravest
        if self._collector.taken or (finding is not None and finding.name in REFUSES_TO_SHARE):
            return
        certain = member.end_of() in {AttemptEnd.NEVER_BEGAN, AttemptEnd.DIED} and self._retries.limits.ended(
            self._end_reason(member)
        )
        if self._is_hopeless(member) or certain:
            self._context.run_end.end(
                FramesFailed(f"no frame could be rendered: {self._reporter.words(member)}")
            )

    def _lacks_resource(self, attempt: Attempt, missing: FrameSet) -> bool:
        """Return whether it failed beside others for want of a shared resource, so that no retry is counted.

        If several have failed so, fewer renderers run at once from now on.
        """
        finding = attempt.output.gravest
        if finding is None or not finding.kind.limits_processes or finding.meaning is Meaning.WARNING:
            return False
        if attempt.alone or attempt.exit.stopped is StopReason.RUN_ENDS:
            return False
        if attempt.number == SHARED_ATTEMPT:
            return True  # its members were counted when they left
        self.no_start_before = time.monotonic() + RESOURCE_PAUSE
        frame = None
        if attempt.began and missing.frames:
            culprit = _frame_to_blame(attempt)
            frame = culprit if culprit in missing.frames else missing.frames[0]
        verdict = self.process_limit.failed(attempt.number, frame, self._collector.taken)
        if verdict is Verdict.FEWER:
            left = self.process_limit.processes
            text = (
                f"{self._reporter.words(attempt)}: so many renderers at once are too many for this machine;"
                f" {left} {'runs' if left == 1 else 'run'} at once from now on, and no retry is counted"
            )
            self._reporter.say(Level.WARNING, text)
            self._context.journal.write("limited", processes=left, name=finding.name)
            self._retries.forgive(self.process_limit.forgiven)
        if verdict is Verdict.FIRST:
            return not self._options.max_frame_retries  # otherwise it is forgiven if another one fails so
        return verdict is not Verdict.COUNTS

    def _end_reason(self, attempt: Attempt) -> EndReason | None:
        """Return the reason that the limits on launches count, if there is one."""
        slot = attempt.lease.slot
        if attempt.ended_silently:
            return EndReason("silent", SILENT_LAUNCHES, slot)
        finding = attempt.output.gravest
        if finding is None or finding.launches is None or finding.meaning is Meaning.WARNING:
            return None
        return EndReason(
            finding.name, finding.launches, slot, counts=attempt.alone or not finding.kind.limits_processes
        )

    def _is_hopeless(self, attempt: Attempt) -> bool:
        """Return whether no retry can help: the renderer said so, and no frame of this run contradicts it."""
        finding = attempt.output.gravest
        return finding is not None and finding.meaning is Meaning.HOPELESS and not self._collector.taken

    def _scratch_full(self, attempt: Attempt, missing: FrameSet) -> float:
        """Let the frames wait for room. Return the seconds that the slot should pause.

        Raises:
            NoSpace: the run may not wait, or attempt after attempt fills the disk without rendering a frame.
        """
        folder = attempt.folder.path.parent
        self._attempts_in_vain = (
            self._attempts_in_vain + 1 if self._collector.taken == self._taken_when_full else 0
        )
        self._taken_when_full = self._collector.taken
        if not self._options.space_timeout or self._attempts_in_vain > 2 * self._retries.slots:
            raise NoSpace(f"the scratch disk is full ({folder}); free some space, then run again to go on")
        text = f"{attempt.exit_summary()}: the scratch disk is full ({folder}); missing, until there is room: {missing}"
        self._reporter.say(Level.WARNING, text, attempt)
        return SCRATCH_PAUSE

    def _report(self, attempt: Attempt, missing: FrameSet, words: str) -> None:
        done = len(self._ledger.frames_in(attempt.lease.span)) - len(missing)
        text = f"{_why(attempt.exit_summary(), words)}. {done} done; missing: {missing}"
        self._reporter.say(Level.WARNING, text, attempt)

    def _frame_failed(self, frame: int, attempt: Attempt, words: str) -> None:
        self.failed[frame] = words
        self._context.journal.write("failed", frame=frame, words=words)
        tries = self._options.max_frame_retries + 1
        times = "once" if tries == 1 else f"{tries} times"
        self._reporter.say(Level.ERROR, f"{self._job.output.name(frame)} failed {times}: {words}", attempt)
        if self._options.kill_on_fail:
            self._context.run_end.end(self.failure())

    def _give_back(self, missing: FrameSet) -> None:
        self._ledger.move_all(missing, FrameState.PENDING)
        self._strategy.give_back(missing.runs())


def _frame_to_blame(attempt: Attempt) -> int | None:
    if attempt.asked is None or attempt.request.single_file or attempt.folder.is_shared:
        return None
    return frame_to_blame(attempt.words(), attempt.asked, attempt.output.condemned, list(attempt.files.seen))


def _why(ending: str, words: str) -> str:
    """Return how a renderer ended and what it printed, neither of them twice."""
    if words in ending:
        return ending
    return words if ending in words else f"{ending}: {words}"
