"""One scratch folder for several renderers: under `shared`, each takes the next frame that has no file there.

Nobody can tell which renderer wrote which file. So one attempt stands for the whole folder
(`SHARED_ATTEMPT`): its files are scanned and settled. The renderers that write here are its members. They
have lines, ends and memory of their own, but no frames.

    first member joins ─► placeholders ─► members render ─► the last member leaves ─► its attempt has ended

- Frames inside the span that are not to be rendered get a placeholder first, and a delivered frame leaves one
  behind (`delivery.placeholders`). It is known by its content, and never taken for a frame.
- After Effects forces the extension of the output module, whatever was asked, and looks for files with that
  name. It is known from earlier runs' frames. Otherwise there are placeholders for every extension of a
  sequence.
- The cost of a frame is printed by its renderer, and matched with its file by time (`ReportedCosts`).
- A `SharingWatch` looks for frames that several members render: frames that two of them report, and files
  that take the place of a placeholder. If it says so, all members are stopped without a fault of theirs.
- Lines of one member that condemn its frames condemn the whole folder, since the frames cannot be told apart;
  the other members are stopped. Frames that were verified before those lines still count.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.delivery.placeholders import PLACEHOLDER, write_placeholder
from stmpo.engine.attempt import Attempt, AttemptRequest, StopReason
from stmpo.engine.ledger import FrameState
from stmpo.engine.watchdog import Watchdog
from stmpo.model.errors import NoSpace
from stmpo.scheduling.costs import ReportedCosts
from stmpo.scheduling.sharing_watch import SharingWatch

if TYPE_CHECKING:
    from stmpo.delivery.file_stability import RenderedFile
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.supervisor import Supervisor
    from stmpo.scheduling.protocol import Lease, Strategy

SHARED_ATTEMPT = 0
"""The number of the attempt that stands for the whole folder; renderers count from 1."""

FORCED_EXTENSIONS = frozenset(
    {".bmp", ".cin", ".dpx", ".exr", ".hdr", ".iff", ".jpg", ".png", ".psd", ".sgi", ".tga", ".tif"}
)
"""Extensions of After Effects' sequences."""

MOST_PLACEHOLDERS = 2000
"""Frames that get a placeholder for each of these extensions, at most. Beyond that, a forced extension costs
the rendering of unwanted frames, which is cheaper than ten thousands of files."""


REFUSES_TO_SHARE = frozenset({"skip-existing", "syntax"})
"""Findings of a renderer that cannot leave out existing files, or does not know the option for it."""


class SharedFolder:
    """The shared folder of a run, with the attempt that stands for it.

    `extensions` (with their dots) are those of earlier runs' frames, `processes` is the planned number.

    Raises:
        NoSpace: the placeholders cannot be written.
    """

    is_shared = True

    def __init__(
        self,
        context: RunContext,
        supervisor: Supervisor,
        path: Path,
        lease: Lease,
        *,
        extensions: frozenset[str],
        processes: int,
    ) -> None:
        self.path = path
        self._context = context
        self._supervisor = supervisor
        self._costs = ReportedCosts()
        self._counted: dict[int, int] = {}
        """Frames that each member's lines have reported."""

        self._members: dict[int, Attempt] = {}
        self._last_bad_end = 0
        """When a member last ended badly, in nanoseconds of the clock of the files."""

        self._doubted: dict[str, tuple[tuple[int, int], dict[int, int]]] = {}
        """Files in doubt: size and time, and how many frames each member had reported by then."""

        self._watch = SharingWatch(processes)
        self._times: dict[str, int] = {}
        """A number for each frame that lines have reported, by its time as printed."""

        self._placeholders: dict[str, int] = {}
        """When the placeholder of each delivered frame was written, in nanoseconds of the files' clock."""

        self._option_refused = False
        """Whether a member does not know the option."""

        ledger = context.ledger
        wanted = {f for f in ledger.frames_in(lease.span) if ledger[f].state is FrameState.PENDING}
        excluded = frozenset(frame for frame in lease.span if frame not in wanted)
        self._write_placeholders(excluded, extensions)
        ledger.move_all(sorted(wanted), FrameState.LEASED)
        self._whole = Attempt(
            AttemptRequest(SHARED_ATTEMPT, lease, self, excluded=excluded),
            Watchdog(),
            started_at=time.monotonic(),
            costs=self._costs,
        )

    @property
    def end_of_sharing(self) -> str:
        """Return why its renderers are to share it no longer; empty while that works."""
        if self._whole.output.untrusted:
            return "pictures in the folder cannot be trusted, and any renderer may have written them"
        return self._watch.reason

    @property
    def blames_version(self) -> bool:
        """Return whether that end says something about the renderer's version, not about the queue item."""
        return bool(self._watch.reason) and (bool(self._watch.doubled) or self._option_refused)

    @property
    def doubled(self) -> int:
        """Return how many frames several members have rendered."""
        return len(self._watch.doubled)

    def join(self, attempt: Attempt) -> None:
        """Take a further member."""
        self._members[attempt.number] = attempt

    def owner(self, attempt: Attempt) -> Attempt:  # noqa: ARG002 - it is the same for every member
        """Return the attempt that stands for the folder."""
        return self._whole

    def on_line(self, attempt: Attempt) -> None:
        """Note the cost of a frame; stop all members if one of them cannot be trusted."""
        counted = attempt.output.counted
        if counted > self._counted.get(attempt.number, 0):  # it may have counted frames that it skipped, too
            self._counted[attempt.number] = counted
            now = time.time()
            self._costs.report(now, attempt.costs.finished(now))
            if when := attempt.output.frame_time:
                self._watch.frame(attempt.number, self._times.setdefault(when, len(self._times)))
        self._whole.output.untrusted |= attempt.output.untrusted
        if self._whole.output.untrusted:
            for member in self._members.values():
                note = "another renderer wrote frames to its folder that cannot be trusted"
                self._supervisor.stop(member, StopReason.UNTRUSTED, note)

    def report(self, attempt: Attempt, strategy: Strategy, now: float) -> None:
        """Report that a member renders, and all frames that have a file."""
        if attempt.start_up is not None and not attempt.ended:
            rendering = time.monotonic() - attempt.started_at - attempt.start_up
            strategy.began(attempt.lease, now - rendering)
        for frame in self._whole.files.seen:
            strategy.finished(attempt.lease, frame, now)

    def leave(self, attempt: Attempt) -> Attempt | None:
        """Remove a member. Return the folder's attempt when the last one has left."""
        if attempt.asked is not None and not attempt.ended_well:
            self._last_bad_end = time.time_ns()
        self._members.pop(attempt.number, None)
        self._sum_up(attempt)
        if self._members:
            return None
        self._whole.exit.ended_at = time.monotonic()
        if self._watch.reason and self._whole.exit.stopped is not StopReason.RUN_ENDS:
            self._whole.exit.stopped = StopReason.NOT_SHARING
            self._whole.exit.note = self._watch.reason
        return self._whole

    def has_evidence(self, attempt: Attempt, file: RenderedFile) -> bool:
        """Return whether all members that may be writing this file have reported one more frame since.

        Any member may have written it. So nothing counts that is older than the bad end of one of them.
        """
        members = self._members.values()
        if any(m.exit.stopped is not None or (m.ended and not m.ended_well) for m in members):
            self._last_bad_end = time.time_ns()
        if file.mtime_ns <= self._last_bad_end:
            return False
        if attempt.ended:
            return True
        version = (file.size, file.mtime_ns)
        noted = self._doubted.get(file.name)
        if noted is None or noted[0] != version:
            self._doubted[file.name] = (version, {m.number: m.output.counted for m in members})
            return False
        return all(m.output.counted > noted[1].get(m.number, -1) for m in members)

    def on_taken_frame(self, file: RenderedFile) -> None:
        """Note a frame that was rendered once more: its placeholder was replaced. Lines tell it sooner."""
        written = self._placeholders.get(file.name)
        if written is None or file.size <= len(PLACEHOLDER) or file.mtime_ns < written or self._times:
            return
        if file.frame is not None:
            self._watch.collision(file.frame)

    def remove_source(self, path: str) -> None:
        """Leave a placeholder in the frame's place, so that nobody renders it again."""
        name = Path(path).name
        self._doubted.pop(name, None)
        write_placeholder(path)
        self._placeholders[name] = os.stat(path).st_mtime_ns  # noqa: PTH116 - as for `PrivateFolder`

    def _sum_up(self, member: Attempt) -> None:
        """Add what a member did to the folder's attempt."""
        whole, finding = self._whole, member.output.gravest
        if not whole.began and member.start_up is not None:
            whole.output.began_at = member.started_at + member.start_up
        whole.alone &= member.alone
        whole.output.tail.extend(member.output.tail)
        whole.output.counted += member.output.counted
        whole.samples.peak_memory = max(whole.samples.peak_memory, member.samples.peak_memory)
        if member.exit.code != 0 or member.exit.stopped is StopReason.RUN_ENDS:
            whole.exit.code, whole.exit.note = member.exit.code, member.exit.note
            whole.exit.stopped = member.exit.stopped
        # After Effects refuses to skip files for any member; one process alone may still render the frames.
        if finding is not None and finding.name in REFUSES_TO_SHARE:
            self._watch.refusal(member.number)
            self._option_refused |= finding.name == "syntax"
        elif finding is not None:
            whole.output.gravest = finding
            whole.output.findings = member.output.findings

    def _write_placeholders(self, frames: frozenset[int], extensions: frozenset[str]) -> None:
        forced = FORCED_EXTENSIONS if len(frames) <= MOST_PLACEHOLDERS else frozenset()
        names = {self._context.job.output.extension, *(extensions or forced)}
        try:
            for frame in frames:
                for extension in names:
                    write_placeholder(self.path / f"frame_{frame:05d}{extension}")
        except OSError as error:
            raise NoSpace(f"cannot write to scratch ({self.path}): {error.strerror or error}") from None
