"""One scratch folder for several renderers: under `shared`, each takes the next frame that has no file there.

Nobody can say which renderer wrote which file. So the folder is one attempt, the *commons*, which is looked at and
concluded for all; the renderers are its members and have lines, ends and memory of their own, but no frames.

    first member joins ─► placeholders ─► members render ─► the last member leaves ─► the commons have ended

- Frames inside the span that are not to be rendered get a placeholder beforehand, and a delivered frame leaves one
  behind: a file of one byte, which no verification takes for a frame.
- After Effects forces the extension of the output module, whatever was asked, and looks for files of that name. It is known
  from what earlier runs delivered; where it is not, placeholders have every extension that it writes sequences with.
- What a frame cost is told by its renderer's line, which is matched with its file by time (`ReportedCosts`).
- Words of one member that condemn its frames condemn the whole folder, since the frames cannot be told apart; the other
  members are stopped. What had been verified before those words still counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stmpo.engine.attempt import Attempt, StopReason
from stmpo.engine.ledger import FrameState
from stmpo.engine.watchdog import Watchdog
from stmpo.model.errors import NoSpace
from stmpo.renderers.protocol import Meaning
from stmpo.scheduling.costs import ReportedCosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stmpo.engine.run_context import RunContext
    from stmpo.engine.supervisor import Supervisor
    from stmpo.scheduling.protocol import Lease

NUMBER = 0
"""The commons' number as an attempt; renderers count from 1."""

PLACEHOLDER = b"\n"

FORCED = frozenset(
    {".bmp", ".cin", ".dpx", ".exr", ".hdr", ".iff", ".jpg", ".png", ".psd", ".sgi", ".tga", ".tif"}
)
"""Extensions of After Effects' sequences."""

MANY = 2000
"""Placeholders are made with each of them for so many frames at most. Beyond, a forced extension costs the rendering of
frames that are not wanted, which is cheaper than ten thousands of files."""


class SharedFolder:
    """The shared folder of a run. `make_folder` makes it in scratch when it is needed.

    `written` are the extensions, with their dots, that frames of earlier runs have.
    """

    def __init__(
        self,
        context: RunContext,
        supervisor: Supervisor,
        make_folder: Callable[[int], Path],
        written: frozenset[str],
    ) -> None:
        self._written = written
        self.refused = False
        """A renderer has said that it cannot render in this way."""

        self._costs = ReportedCosts()
        self._counted: dict[int, int] = {}
        """Frames that each member had told of when it was last heard."""

        self._job, self._ledger = context.job, context.ledger
        self._supervisor = supervisor
        self._make_folder = make_folder
        self._members: dict[int, Attempt] = {}
        self._whole: Attempt | None = None

    def join(self, lease: Lease, now: float) -> Path:
        """The folder for a further member.

        Raises:
            NoSpace: it cannot be made ready.
        """
        if self._whole is None:
            self._whole = self._open(lease, now)
        return self._whole.folder

    def _open(self, lease: Lease, now: float) -> Attempt:
        folder = self._make_folder(NUMBER)
        wanted = {
            frame
            for frame in lease.span
            if frame in self._ledger and self._ledger[frame].state is FrameState.PENDING
        }
        excluded = [frame for frame in lease.span if frame not in wanted]
        extensions = self._extensions(len(excluded))
        try:
            for frame in excluded:
                for extension in extensions:
                    (folder / f"frame_{frame:05d}{extension}").write_bytes(PLACEHOLDER)
        except OSError as error:
            raise NoSpace(f"cannot write to scratch ({folder}): {error.strerror or error}") from None
        for frame in sorted(wanted):
            self._ledger.move(frame, FrameState.LEASED)
        return Attempt(
            number=NUMBER,
            lease=lease,
            folder=folder,
            started=now,
            watchdog=Watchdog(),
            excluded=frozenset(excluded),
            costs=self._costs,
        )

    def _extensions(self, frames: int) -> set[str]:
        """Of the files that After Effects may look for."""
        others = self._written or (FORCED if frames <= MANY else frozenset())
        return {self._job.output.extension, *others}

    def enter(self, member: Attempt) -> None:
        """A member's renderer is about to be started."""
        self._members[member.number] = member

    def of(self, attempt: Attempt) -> Attempt:
        """Whose folder is to be looked at for this attempt: the commons for a member, else its own."""
        return self._whole if attempt.lease.shared and self._whole is not None else attempt

    def heard(self, member: Attempt) -> None:
        """A member has spoken."""
        if self._whole is None or not member.lease.shared:
            return
        self._told(member)
        if member.untrusted:
            self._whole.untrusted = True
        if self._whole.untrusted:
            for other in self._members.values():
                note = "another renderer wrote frames to its folder that cannot be trusted"
                self._supervisor.stop(other, StopReason.UNTRUSTED, note)

    def _told(self, member: Attempt) -> None:
        """Write down what the frame cost that a member's line has told of; the line may have counted skipped ones too."""
        if member.counted > self._counted.get(member.number, 0):
            self._counted[member.number] = member.counted
            now = time.time()
            self._costs.report(now, member.costs.finished(now))

    def leave(self, member: Attempt) -> Attempt | None:
        """A member's renderer is gone. Returns the commons when it was the last one: they are to be concluded."""
        whole = self._whole
        assert whole is not None
        self._members.pop(member.number, None)
        whole.began |= member.began
        whole.tail.extend(member.tail)
        whole.counted += member.counted
        whole.peak_memory = max(whole.peak_memory, member.peak_memory)
        if member.code != 0 or member.stopped is StopReason.RUN_ENDS:
            whole.code, whole.stopped, whole.stop_note = member.code, member.stopped, member.stop_note
        # What is hopeless for a shared span (After Effects refuses to skip files) may not be so for one process alone.
        if member.gravest is not None and member.gravest.meaning is not Meaning.HOPELESS:
            whole.gravest = member.gravest
        self.refused |= member.gravest is not None and member.gravest.meaning is Meaning.HOPELESS
        if self._members:
            return None
        whole.ended = True
        return whole
