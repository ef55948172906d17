"""One process's try at a lease: what it was asked, what it said, which of its frames are whole.

An attempt begins with a started renderer and ends when its whole tree is gone. Between the two, its lines are hints
(`heard`) and its files are facts (`files`). How it ended is a decision over those (`end_of`), made after the last file
has been looked at; what happens to the frames it left is `stmpo.scheduling.retries`' business.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.engine.watchdog import Phase, Watchdog
from stmpo.model.frame_bits import FrameBits
from stmpo.renderers.protocol import Finding, LineKind, Meaning, ReadLine
from stmpo.scheduling.costs import CostClock
from stmpo.scheduling.retries import AttemptEnd

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.model.frames import Span
    from stmpo.processes.protocol import ProcessTree
    from stmpo.scheduling.protocol import Lease

TRUST_AFTER = 2.0
"""Seconds that a frame of a living renderer is left alone before it is taken: by then it is no longer being written,
and words that condemn it (a failed GPU, an unreadable source: black frames with exit code 0) have been read."""

_GRAVITY = list(Meaning)
_TAIL = 40


class StopReason(Enum):
    """Why we stopped a renderer, where we did."""

    COMPLETE = "all its frames are there and it did not exit"
    """Nothing is wrong: its work is done."""

    STALLED = "it showed no sign of life"
    """The watchdog gave it up."""

    UNTRUSTED = "its frames can no longer be trusted"
    """It said words that mean black or wrong frames."""

    STOLEN = "the rest of its frames was given to others"
    """Nothing is wrong: all that is still its own is done."""

    MEMORY = "memory is short"
    """Nothing that it did: the newest one makes room for the others."""

    RUNAWAY = "it took more and more memory"
    """It would have taken the others along."""

    RUN_ENDS = "the run ends"
    """Cancel, fail-fast, or a full disk: nothing that this renderer did."""


@dataclass(slots=True)
class Attempt:
    """A renderer at work on a lease. Times are seconds: `started` monotonic, file times wall clock."""

    number: int
    lease: Lease
    folder: Path
    started: float
    watchdog: Watchdog
    asked: Span | None = None
    """What its command line says, once there is one; the lease may be cut to less."""

    tree: ProcessTree | None = None
    code: int | None = None
    """The launcher's exit code."""

    spoke: bool = False
    """It said something of its own, beyond the launcher's first lines."""

    began: bool = False
    """Rendering has begun, as a line or a file showed."""

    finished: bool = False
    """It said that it has finished."""

    start_up: float | None = None
    """Seconds from its start until rendering began."""

    counted: int = 0
    """Distinct frames that its lines told of."""

    latest_frame: float | None = None
    """When the latest frame came, by a line, or by a file where lines tell of none; None before it, and after a pause."""

    gravest: Finding | None = None
    untrusted: bool = False
    stopped: StopReason | None = None
    stop_note: str = ""
    not_started: bool = False
    """The machine was short of something and could not start it."""

    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL))
    """Its last lines, for the failure report."""

    output_bytes: int = 0
    changes: int = 0
    """Files seen, and changes of their size: a sign of life."""

    seen: FrameBits = field(default_factory=FrameBits)
    """Frames whose file has appeared."""

    reported: FrameBits = field(default_factory=FrameBits)
    """Frames of which the strategy knows that they are rendered."""

    taken: FrameBits = field(default_factory=FrameBits)
    """Frames that were verified and handed to delivery."""

    excluded: frozenset[int] = frozenset()
    """Frames of the lease's span that are not to be rendered."""

    broken: dict[int, str] = field(default_factory=dict)
    """Frames whose file was not whole when last looked at, and why."""

    single_file: bool = False
    """It writes one file for all its frames."""

    movie_state: tuple[tuple[int, int], ...] = ()
    """Size and time of its single file, once it has said that it is finished: it may still be closing it."""

    pictures: int | None = None
    """How many its movie holds, where the file tells; None before it was verified."""

    complete_since: float | None = None
    ended: bool = False
    settled: bool = False
    """The frames that it left missing are accounted for."""

    costs: CostClock = field(default_factory=CostClock)
    memory_bytes: int = 0
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    cpu_percent: float = 0.0
    sampled: float | None = None
    paused: bool = False
    kills_before: int = 0
    """Processes that the system had ended for want of memory before its start."""

    retiring: tuple[int, int] | None = None
    """It is to end at its next frame; its `progress` when that was decided."""

    def heard(self, line: ReadLine, now: float, wall: float) -> None:
        """Take in one line."""
        if line.text.strip():
            if line.kind is not LineKind.VERSION:  # a header, and no reason for anything
                self.tail.append(line.text)
            self.spoke |= line.kind not in {LineKind.VERSION, LineKind.LAUNCHING}
        if line.kind is LineKind.FRAME:
            counted = max(self.counted, line.count or self.counted + 1)
            if counted > self.counted:
                self._frame_came(now)
            self.counted = counted
        if line.kind in {LineKind.OPENED, LineKind.FRAME}:
            if line.kind is LineKind.OPENED:
                self.costs.begin(wall)
            self.begin(now)
        if line.kind is LineKind.FINISHED:
            self.finished = True
        if line.finding is not None:
            self._found(line.finding)

    def begin(self, now: float) -> None:
        """Rendering has begun: a line says so, or a file has appeared."""
        if not self.began:
            self.began = True
            self.start_up = now - self.started

    def saw(self, frame: int, now: float) -> None:
        """A frame's file has appeared."""
        self.seen.add(frame)
        self.begin(now)
        if not self.counted:
            self._frame_came(now)

    def _frame_came(self, now: float) -> None:
        if self.latest_frame is not None:
            self.watchdog.pace.observe(now - self.latest_frame)
        self.latest_frame = now

    def _found(self, finding: Finding) -> None:
        if self.gravest is None or _GRAVITY.index(finding.meaning) < _GRAVITY.index(self.gravest.meaning):
            self.gravest = finding
        if finding.meaning is Meaning.UNTRUSTED:
            self.untrusted = True

    @property
    def wrote_its_file(self) -> bool:
        """For a movie or a sound, whose frames cannot be looked at one by one: it ended well, or said that it finished.

        A movie that was cut by a crash plays, so the file alone proves nothing.
        """
        doubts = {Meaning.HOPELESS, Meaning.UNTRUSTED, Meaning.FAILED}
        doubted = self.gravest is not None and self.gravest.meaning in doubts
        return self.ended and not doubted and (self.code == 0 or self.finished)

    @property
    def progress(self) -> tuple[int, int]:
        """Frames that its lines told of, and whose files appeared: it changes at the end of each frame."""
        return self.counted, len(self.seen)

    @property
    def robbed(self) -> bool:
        """Whether its renderer was asked for more than is still its own."""
        return self.asked is not None and self.asked != self.lease.span

    @property
    def phase(self) -> Phase:
        """What it should be doing now."""
        if self.finished:
            return Phase.FINISHING
        if self.counted or self.seen:
            return Phase.RENDERING
        if self.began:
            return Phase.FIRST_FRAME
        return Phase.OPENING if self.spoke else Phase.LAUNCHING

    def end_of(self) -> AttemptEnd:
        """How it ended, as far as frames that it left missing are concerned."""
        if self.stopped in {StopReason.RUN_ENDS, StopReason.MEMORY}:
            return AttemptEnd.STOPPED
        later = self.gravest is not None and self.gravest.meaning is Meaning.LATER and not self.began
        if later or self.not_started:
            return AttemptEnd.REFUSED
        return AttemptEnd.DIED if self.began or self.finished else AttemptEnd.NEVER_BEGAN

    def words(self) -> str:
        """Why it failed, in the renderer's own words where it had any."""
        grave = {Meaning.HOPELESS, Meaning.UNTRUSTED, Meaning.LATER, Meaning.FAILED}
        if self.gravest is not None and self.gravest.meaning in grave:
            return self.gravest.words
        if self.stop_note:
            return self.stop_note
        if self.broken:
            frame, reason = next(iter(self.broken.items()))
            return f"its file {reason}" if self.single_file else f"frame {frame} {reason}"
        said = [line.strip() for line in self.tail if not line.startswith("PROGRESS:")]
        if said:
            return said[-1]
        ended = self.code is not None or self.stopped is not None
        return (
            f"the renderer {self.exit_summary()} and did not say why"
            if ended
            else "the renderer did not say why"
        )

    def exit_summary(self) -> str:
        """How it ended, for people: by which code or by whose hand."""
        if self.not_started:
            return self.stop_note
        if self.stopped is not None:
            return f"was stopped: {self.stop_note or self.stopped.value}"
        if self.code is not None and self.code < 0:
            return f"was killed by signal {-self.code}{', as the system does when memory runs out' if self.code == -9 else ''}"
        if self.code == 137:  # what a launcher makes of its child's SIGKILL
            return "ended with code 137: it was killed, as the system does when memory runs out"
        if self.code is not None and self.code > 255:
            return f"ended with code {self.code} (0x{self.code & 0xFFFFFFFF:08X})"
        return f"ended with code {self.code}"
