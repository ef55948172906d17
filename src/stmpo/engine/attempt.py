"""One process's attempt to render a lease, in parts that have one writer each.

    request   what it was started for                  never changes
    lease     the frames that are still its own        the dispatcher shortens it when frames are stolen
    output    what its lines said                      the supervisor, line by line
    files     which of its frames have a whole file    the collector, at each scan
    samples   memory, CPU, pauses                      the monitor
    exit      how it ended                             the supervisor

An attempt begins before its renderer is started and ends when the renderer's whole process tree is gone.
Lines are hints, files are facts. How an attempt ended (`end_of`) is decided over both, after its last file
was looked at. What happens to the frames that it left is decided in `stmpo.scheduling.retries`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.engine.doubtful_frames import Condemned
from stmpo.engine.watchdog import SUSPECTS, Phase, Watchdog
from stmpo.model.frame_bits import FrameBits
from stmpo.renderers.protocol import Finding, LineKind, Meaning, ReadLine
from stmpo.renderers.reasons import choose_reason, gravest
from stmpo.scheduling.costs import CostClock
from stmpo.scheduling.retries import AttemptEnd

if TYPE_CHECKING:
    from stmpo.engine.output_folder import OutputFolder
    from stmpo.model.frames import Span
    from stmpo.processes.protocol import ProcessTree
    from stmpo.scheduling.protocol import Lease

TRUST_AFTER = 2.0
"""Seconds that a frame of a running renderer is left alone before it is taken. By then it is no longer being
written, and lines that condemn it (a failed GPU, an unreadable source: black frames with exit code 0) have
been read."""

_FAILURES = frozenset((Meaning.HOPELESS, Meaning.UNTRUSTED, Meaning.LATER, Meaning.FAILED))
_TAIL_LINES = 40
_MOST_FINDINGS = 200
"""Findings of one renderer that are kept for its reason; the cause is printed early."""

_PROGRESS = frozenset(
    (LineKind.VERSION, LineKind.LAUNCHING, LineKind.OPENED, LineKind.FRAME, LineKind.FINISHED)
)
"""Kinds of lines that show progress, as every line does that begins with "PROGRESS:"."""


class StopReason(Enum):
    """Why this program stopped a renderer."""

    COMPLETE = "all its frames are there and it did not exit"
    """Its work is done."""

    STALLED = "it showed no sign of life"
    """The watchdog gave it up."""

    UNTRUSTED = "its frames can no longer be trusted"
    """It printed words that mean black or wrong frames."""

    REFUSED = "its pictures are not as they should be"
    """It printed a warning that the user does not accept; the run ends."""

    HOPELESS = "it cannot render this job"
    """It printed words after which no retry can help, and would go on."""

    OVERTAKEN = "another renderer was done with the frame first"
    """A frame was given to two renderers, and the other one has rendered it."""

    STOLEN = "the rest of its frames was given to others"
    """All frames that are still its own are done."""

    NOT_NEEDED = "another renderer was faster with its frames"
    """It had not begun to render; its lease was taken back."""

    NOT_SHARING = "its renderers do not share the frames out"
    """Renderers of a shared folder rendered the same frames, or refused to skip existing files."""

    TOO_MANY = "fewer renderers run at once from now on"
    """It is the newest one and makes room for the others on a GPU, an encoder or a licence."""

    MEMORY = "memory is short"
    """It is the newest one and makes room for the others; it did nothing wrong."""

    RUNAWAY = "it took more and more memory"
    """It would have brought the others down."""

    RUN_ENDS = "the run ends"
    """Cancel, fail-fast, or a full disk; it did nothing wrong."""


BEFORE_ITS_START = frozenset((StopReason.RUN_ENDS, StopReason.NOT_NEEDED, StopReason.NOT_SHARING))
"""Reasons for which an attempt is stopped whose renderer is not started yet."""

_NOT_ITS_FAULT = frozenset(
    (
        StopReason.RUN_ENDS,
        StopReason.MEMORY,
        StopReason.REFUSED,
        StopReason.OVERTAKEN,
        StopReason.NOT_NEEDED,
        StopReason.NOT_SHARING,
        StopReason.TOO_MANY,
    )
)
"""Reasons to stop a renderer that say nothing about its frames."""


@dataclass(frozen=True, slots=True)
class AttemptRequest:
    """What an attempt was started for."""

    number: int
    """Counts the attempts of a run from 1 (see `shared_folder.SHARED_ATTEMPT`)."""

    lease: Lease
    """The frames as they were granted."""

    folder: OutputFolder
    single_file: bool = False
    """Whether it writes one file for all its frames."""

    excluded: frozenset[int] = frozenset()
    """Frames of the lease's span that are not to be rendered."""

    backup_of: int | None = None
    """For a backup task: the number of the attempt that seems to be stuck on the same frame."""


@dataclass(slots=True)
class LineRecord:
    """What a renderer's lines said. Times are monotonic seconds."""

    printed: bool = False
    """Whether it printed anything of its own, beyond the launcher's first lines."""

    began_at: float | None = None
    """When a line first showed that rendering has begun."""

    finished: bool = False
    """Whether it printed that it has finished."""

    counted: int = 0
    """How many frames its lines have reported."""

    frame_lines: int = 0
    """How many lines reported a frame. In a shared folder `counted` includes skipped frames."""

    frame_time: str = ""
    """The time of the frame that a line has reported last, as printed in the project's style."""

    progress: int = 0
    """How many lines showed progress."""

    findings: list[Finding] = field(default_factory=list)
    gravest: Finding | None = None
    untrusted: bool = False
    """Whether it printed words that condemn its pictures."""

    condemned: Condemned | None = None
    """What it had done when it printed them."""

    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))
    """Its last lines, for the failure report."""

    def on_line(self, line: ReadLine, now: float, wall: float) -> None:
        """Take one line. `now` is monotonic, `wall` wall-clock seconds."""
        if line.text.strip():
            if line.kind is not LineKind.VERSION:  # a header explains no failure
                self.tail.append(line.text)
            self.printed |= line.kind not in {LineKind.VERSION, LineKind.LAUNCHING}
            self.progress += line.kind in _PROGRESS or line.text.lstrip().startswith("PROGRESS:")
        if line.kind is LineKind.FRAME:
            self.frame_lines += 1
            self.counted = max(self.counted, line.count or self.counted + 1)
            self.frame_time = line.text.partition("(")[0].removeprefix("PROGRESS:").strip()
        if line.kind in {LineKind.OPENED, LineKind.FRAME} and self.began_at is None:
            self.began_at = now
        self.finished |= line.kind is LineKind.FINISHED
        if line.finding is not None:
            self._on_finding(line.finding, wall)

    def condemn(self, wall: float) -> None:
        """Note that the pictures that follow cannot be trusted, or are not accepted."""
        if not self.untrusted:
            self.untrusted = True
            self.condemned = Condemned(self.counted, round(wall * 1e9), self.finished)

    def _on_finding(self, finding: Finding, wall: float) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)
        self.gravest = finding if self.gravest is None else gravest([self.gravest, finding])
        if finding.meaning is Meaning.UNTRUSTED:
            self.condemn(wall)


@dataclass(slots=True)
class FileRecord:
    """What is known of the files that a renderer has written."""

    first_at: float | None = None
    """When the first file was seen, in monotonic seconds."""

    seen: FrameBits = field(default_factory=FrameBits)
    """Frames whose file has appeared."""

    taken: FrameBits = field(default_factory=FrameBits)
    """Frames that were verified and handed to the delivery queue."""

    extensions: set[str] = field(default_factory=set)
    """Extensions of the files that were taken, with their dots."""

    broken: dict[int, str] = field(default_factory=dict)
    """Frames whose file was not whole at the last scan, and why."""

    changes: int = 0
    """Files seen, and changes of their size: a sign of life."""

    pictures: int | None = None
    """Frames in its movie, if the file tells; None before it was verified."""


@dataclass(slots=True)
class Samples:
    """What the monitor has measured of a process tree. Times are monotonic seconds, sizes are bytes."""

    at: float | None = None
    memory_bytes: int = 0
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    cpu_percent: float = 0.0
    paused: bool = False
    """Whether its tree is suspended."""

    complete_since: float | None = None
    """When all its frames were there for the first time."""

    movie_state: tuple[tuple[int, int], ...] = ()
    """Size and modification time of its single file after it has finished: it may still be closing it."""


@dataclass(slots=True)
class Exit:
    """How an attempt ended."""

    ended_at: float | None = None
    """When its tree was gone, in monotonic seconds."""

    code: int | None = None
    """The launcher's exit code."""

    stopped: StopReason | None = None
    """Why it was stopped; None if it ended by itself."""

    note: str = ""
    """More about the reason, for people."""

    not_started: bool = False
    """The machine was short of something and could not start it."""


@dataclass(slots=True)
class Attempt:
    """A renderer at work on a lease."""

    request: AttemptRequest
    watchdog: Watchdog
    lease: Lease = field(init=False)
    started_at: float = 0.0
    """When its renderer was started, in monotonic seconds."""

    asked: Span | None = None
    """The frames on its command line; the lease may be shortened afterwards."""

    tree: ProcessTree | None = None
    output: LineRecord = field(default_factory=LineRecord)
    files: FileRecord = field(default_factory=FileRecord)
    samples: Samples = field(default_factory=Samples)
    exit: Exit = field(default_factory=Exit)
    costs: CostClock = field(default_factory=CostClock)
    alone: bool = True
    """Whether no other renderer has run beside it at any time."""

    withdrawn: bool = False
    """Whether its lease was taken back before it began: no frame of it is missing."""

    settled: bool = False
    """Whether the frames that it left missing are accounted for (`Outcomes.settle_attempt`)."""

    def __post_init__(self) -> None:
        self.lease = self.request.lease

    def on_line(self, line: ReadLine, now: float, wall: float) -> None:
        """Take one line of output. `now` is monotonic, `wall` wall-clock seconds."""
        counted = self.output.counted
        self.output.on_line(line, now, wall)
        if line.kind is LineKind.OPENED:
            self.costs.begin(wall)
        if self.output.counted > counted:
            self.watchdog.on_frame(now)

    def on_file(self, frame: int, now: float) -> None:
        """Note that a frame's file has appeared. It tells the pace where lines do not."""
        self.files.seen.add(frame)
        if self.files.first_at is None:
            self.files.first_at = now
        if not self.output.counted:
            self.watchdog.on_frame(now)

    def on_growth(self, now: float) -> None:
        """Note that its single file has grown: it renders, even if its lines are held back somewhere."""
        self.files.changes += 1
        if self.files.first_at is None:
            self.files.first_at = now
        if not self.output.counted:
            self.watchdog.restart_frame()

    @property
    def number(self) -> int:
        """Return the attempt's number."""
        return self.request.number

    @property
    def folder(self) -> OutputFolder:
        """Return the folder that its renderer writes to."""
        return self.request.folder

    @property
    def ended(self) -> bool:
        """Return whether its renderer is gone, or was never started."""
        return self.exit.ended_at is not None

    @property
    def start_up(self) -> float | None:
        """Return the seconds from its start until rendering began; None before."""
        began = [at for at in (self.output.began_at, self.files.first_at) if at is not None]
        return min(began) - self.started_at if began else None

    @property
    def began(self) -> bool:
        """Return whether rendering has begun, as a line or a file showed."""
        return self.output.began_at is not None or self.files.first_at is not None

    @property
    def wrote_its_file(self) -> bool:
        """Return whether its movie or sound is finished: it ended well, or printed that it finished.

        A movie that was cut by a crash plays, so the file alone proves nothing.
        """
        finding = self.output.gravest
        doubted = finding is not None and finding.meaning in _FAILURES - {Meaning.LATER}
        doubted |= self.output.untrusted
        if self.exit.stopped not in {None, StopReason.COMPLETE}:
            return self.ended and not doubted and self.output.finished
        return self.ended and not doubted and (self.exit.code == 0 or self.output.finished)

    @property
    def ended_well(self) -> bool:
        """Return whether it ended by itself with code 0, and said so if any of its lines are known."""
        by_itself = self.ended and self.exit.code == 0 and self.exit.stopped is None
        return by_itself and (self.output.finished or not self.output.counted)

    @property
    def progress(self) -> tuple[int, int]:
        """Return a value that changes at the end of each frame."""
        return self.output.counted, len(self.files.seen)

    @property
    def is_cut(self) -> bool:
        """Return whether frames were stolen from it after its start."""
        return self.asked is not None and self.asked != self.lease.span

    @property
    def phase(self) -> Phase:
        """Return what it should be doing now."""
        if self.output.finished:
            return Phase.FINISHING
        if self.output.counted or self.files.seen:
            return Phase.RENDERING
        if self.began:
            return Phase.FIRST_FRAME
        return Phase.OPENING if self.output.printed else Phase.LAUNCHING

    @property
    def ended_silently(self) -> bool:
        """Return whether it ended by itself after its launch, without a word of its own and with code 0."""
        return self.exit.code == 0 and self.exit.stopped is None and not (self.output.printed or self.began)

    def end_of(self) -> AttemptEnd:
        """Return how it ended, as far as frames that it left missing are concerned."""
        if self.exit.stopped in _NOT_ITS_FAULT:
            return AttemptEnd.STOPPED
        finding = self.output.gravest
        refused = finding is not None and finding.meaning is Meaning.LATER and not self.began
        if refused or self.exit.not_started:
            return AttemptEnd.REFUSED
        return AttemptEnd.DIED if self.began or self.output.finished else AttemptEnd.NEVER_BEGAN

    def words(self) -> str:
        """Return why it failed, in the renderer's own words if it had any."""
        tail = list(self.output.tail)
        grave = [finding for finding in self.output.findings if finding.meaning in _FAILURES]
        if grave and (reason := choose_reason(grave, tail)) is not None:
            return reason
        return self.exit.note or self._broken() or choose_reason((), tail) or self._no_words()

    def _broken(self) -> str:
        if not self.files.broken:
            return ""
        frame, reason = next(iter(self.files.broken.items()))
        return f"its file {reason}" if self.request.single_file else f"frame {frame} {reason}"

    def _no_words(self) -> str:
        if self.ended_silently:
            facts = "".join(f" ({fact})" for fact in self.watchdog.circumstances)
            return f"it ended without a word after its launch; suspected: {SUSPECTS[Phase.LAUNCHING]}{facts}"
        if self.exit.code is not None or self.exit.stopped is not None:
            return f"the renderer {self.exit_summary()} and did not say why"
        return "the renderer did not say why"

    def exit_summary(self) -> str:
        """Return how it ended, for people: with which code, or why it was stopped."""
        code, stopped = self.exit.code, self.exit.stopped
        if self.exit.not_started:
            return self.exit.note
        if stopped is not None:
            return f"was stopped: {self.exit.note or stopped.value}"
        if code is not None and code < 0:
            out_of_memory = ", as the system does when memory runs out" if code == -9 else ""
            return f"was killed by signal {-code}{out_of_memory}"
        if code == 137:  # a launcher's own code after SIGKILL of its child
            return "ended with code 137: it was killed, as the system does when memory runs out"
        if code is not None and code > 255:
            return f"ended with code {code} (0x{code & 0xFFFFFFFF:08X})"
        return "ended" if code is None else f"ended with code {code}"
