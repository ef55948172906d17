"""When is a renderer stuck? A pure decision over samples; clock and samples are passed in.

A heavy frame may take an hour without a line and is no fault: its tree uses CPU or moves data. A hidden
dialog, a sign-in box or a dead network path is silent too, and its tree does nothing. So a stall is the
absence of *every* sign of life for the whole budget of the phase: no line of progress, no new or growing
file, hardly any I/O, and less CPU than an idle user interface uses. Signs count by what they are: a helper's
log of a few bytes is none. CPU and I/O are judged twice: over all of the quiet time, where a dialog's rare
blink counts for nothing, and over the time since the last sample, so that a renderer which has just gone to
work is not stopped for having waited before.

    launching ─► opening ─► first frame ─► rendering ─► finishing       each phase has a budget of quiet
    seconds └─── start timeout ───┘ └── frame timeout, per frame ──┘            limits that signs of life do
    not extend

A tree can also be busy for ever: a plug-in that spins, a helper that works while After Effects hangs. So a
start and a frame have upper limits as well (`Overdue`).

The budget of rendering and the limit of a frame are learned from the frames of this job (`Pace`): a job
whose slowest frame took 2 s has no reason to be silent for ten minutes. Half-way through a budget the
suspicion is reported (`Suspicion`); at its end the renderer is stopped (`Stall`). Time in which nobody
watched (this process was stopped, the machine slept) counts for neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stmpo.model.options import RunOptions

IDLE_CPU = 0.05
"""CPUs' worth of time below which a tree is idle: a waiting user interface polls and blinks, and no more."""

BUSY_CPU = 0.5
"""CPUs' worth of time, from one sample to the next, that only work uses."""

IDLE_IO = 4 << 10
"""Bytes per second below which I/O is no work: logs, polls, keep-alives."""

BUSY_IO = 256 << 10
"""Bytes per second, from one sample to the next, that only work moves."""

BLIND = 30.0
"""Seconds between two samples, at most, that count as watched; samples are taken every few seconds."""

SUSPECT_AT = 0.5
"""Part of the budget after which the suspicion is reported."""

PACE_FACTOR = 20.0
"""A frame that is silent and idle for so many times the slowest frame of this job is not being rendered."""

PACE_FLOOR = 120.0
"""Seconds that the learned budget never falls below: a network that is away comes back within them."""

PACE_FRAMES = 5
"""Frames after which their times are believed."""

LAUNCHING_MOST, FINISHING_MOST = 300.0, 120.0
"""Seconds for the phases in which After Effects waits for nobody, unless `--stall-timeout` is smaller."""

FRAME_FACTOR = 50.0
"""A frame that takes so many times the slowest frame of this job is stuck, whatever its tree does."""

FRAME_FLOOR = 900.0
"""Seconds that the learned limit of a frame never falls below: scenes differ."""

FRAME_UNKNOWN = 3600.0
"""Seconds for a frame until the pace of the job is known."""


class Phase(Enum):
    """What a renderer should be doing; the value continues the words "while it is …"."""

    LAUNCHING = "launching"
    """From its start until its first own line. A cold start scans plug-ins, which is busy, not idle."""

    OPENING = "opening the project"
    """Until rendering begins: the project and its footage are opened, effects are loaded."""

    FIRST_FRAME = "rendering its first frame"
    """Until the first frame is there: caches are cold, plug-ins ask for their licences."""

    RENDERING = "rendering"
    """Between the first and the last frame."""

    FINISHING = "finishing"
    """It printed that it has finished, and not all of its frames are there."""


_STARTING = (Phase.LAUNCHING, Phase.OPENING)
_ON_A_FRAME = (Phase.FIRST_FRAME, Phase.RENDERING)

SUSPECTS = {
    Phase.LAUNCHING: "a licence or sign-in box, a modal dialog, or a session without a desktop (session 0)",
    Phase.OPENING: "a dialog about missing fonts, footage or effects, or a project on a network path that does not answer",
    Phase.FIRST_FRAME: "a plug-in that waits for a licence, or footage on a network path that does not answer",
    Phase.RENDERING: "a crash dialog, a plug-in that waits for a licence, or footage that does not answer",
    Phase.FINISHING: "an output that does not answer, or a dialog at the end",
}

_OPTIONS = {
    Phase.LAUNCHING: "--stall-launching",
    Phase.OPENING: "--stall-opening",
    Phase.FIRST_FRAME: "--stall-first-frame",
    Phase.RENDERING: "--stall-rendering",
    Phase.FINISHING: "--stall-finishing",
}


@dataclass(slots=True)
class Pace:
    """The times of this job's frames, over all renderers: the slowest one, in seconds."""

    frames: int = 0
    slowest: float = 0.0

    def observe(self, seconds: float) -> None:
        """Take the time between a frame and the one before it."""
        self.frames += 1
        self.slowest = max(self.slowest, seconds)

    @property
    def is_known(self) -> bool:
        """Return whether enough frames were observed."""
        return self.frames >= PACE_FRAMES

    @property
    def budget(self) -> float | None:
        """Return the seconds of silence that no frame of this job needs; None while too few are known."""
        return max(PACE_FLOOR, PACE_FACTOR * self.slowest) if self.is_known else None

    @property
    def frame_limit(self) -> float:
        """Return the seconds that no frame of this job takes."""
        return max(FRAME_FLOOR, FRAME_FACTOR * self.slowest) if self.is_known else FRAME_UNKNOWN


@dataclass(frozen=True, slots=True)
class Budgets:
    """Seconds without a sign of life, for each phase, until a renderer is stopped; 0 never.

    `common` is `--stall-timeout`. None means that the value follows from `common` (for rendering, from this
    job's frames as well, and never more than `common`). `start` and `frame` are limits that signs of life do
    not extend; None is learned.
    """

    common: float = 0.0
    launching: float | None = None
    opening: float | None = None
    first_frame: float | None = None
    rendering: float | None = None
    finishing: float | None = None
    start: float = 0.0
    frame: float | None = 0.0

    @classmethod
    def of(cls, options: RunOptions) -> Budgets:
        """Return the budgets that the options ask for."""
        return cls(
            options.stall_timeout,
            options.stall_launching,
            options.stall_opening,
            options.stall_first_frame,
            options.stall_rendering,
            options.stall_finishing,
            start=options.start_timeout,
            frame=options.frame_timeout,
        )

    def of_phase(self, phase: Phase, pace: Pace) -> float:
        """Return the budget of a phase in seconds; 0 for none."""
        match phase:
            case Phase.LAUNCHING:
                return self._or(self.launching, LAUNCHING_MOST)
            case Phase.OPENING:
                return self._or(self.opening, self.common)
            case Phase.FIRST_FRAME:
                return self._or(self.first_frame, self.common)
            case Phase.RENDERING:
                return self._or(self.rendering, pace.budget or self.common)
            case Phase.FINISHING:
                return self._or(self.finishing, FINISHING_MOST)

    def limit(self, phase: Phase, pace: Pace) -> float:
        """Return the seconds that a start or a frame may take at most; 0 for no limit."""
        if phase in _STARTING:
            return self.start
        if phase in _ON_A_FRAME:
            return pace.frame_limit if self.frame is None else self.frame
        return 0.0

    def _or(self, given: float | None, default: float) -> float:
        return min(self.common, default) if given is None else given

    @property
    def smallest(self) -> float | None:
        """Return the smallest budget or limit there can be, in seconds; None if nothing is watched."""
        pace = Pace()
        every = [seconds for p in Phase for seconds in (self.of_phase(p, pace), self.limit(p, pace))]
        return min((seconds for seconds in every if seconds > 0), default=None)


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that shows life in a tree, as sums since its start. `now` is in seconds of a monotonic
    clock.
    """

    now: float
    cpu_seconds: float
    io_bytes: int
    progress: int
    """Lines of progress: the header, frames, start and end. Other lines are no sign of life."""

    files: int
    """Frame files seen in scratch, and their changes of size."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A renderer shows no sign of life; it still has time."""

    phase: Phase
    seconds: float
    budget: float
    circumstances: tuple[str, ...] = ()
    """Facts of this machine and job that make some causes likelier."""

    @property
    def text(self) -> str:
        """Return the observation, the suspected causes, and what comes next."""
        return f"{_quiet(self.phase, self.seconds, self.circumstances)}; it will be stopped at {self.budget:.0f} s and its frames retried"


@dataclass(frozen=True, slots=True)
class Stall:
    """A renderer has shown no sign of life for the whole of its phase's budget."""

    phase: Phase
    seconds: float
    circumstances: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return what happened, the suspected causes, and the option that gives more time."""
        quiet = _quiet(self.phase, self.seconds, self.circumstances)
        return f"{quiet} ({_OPTIONS[self.phase]} gives it more time)"


@dataclass(frozen=True, slots=True)
class Overdue:
    """A renderer shows signs of life, but its start or its frame takes longer than any may."""

    phase: Phase
    seconds: float
    circumstances: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return what happened, the suspected causes, and the option that gives more time."""
        known = _in_brackets(self.circumstances)
        if self.phase in _STARTING:
            return (
                f"it has not begun to render {self.seconds:.0f} s after its start; suspected: {SUSPECTS[self.phase]}{known}"
                " (--start-timeout gives it more time)"
            )
        return (
            f"it is at work on one frame for {self.seconds:.0f} s; suspected: an effect or plug-in that does not come to an"
            f" end{known} (--frame-timeout gives it more time)"
        )


def _quiet(phase: Phase, seconds: float, circumstances: tuple[str, ...]) -> str:
    known = _in_brackets(circumstances)
    return f"no sign of life for {seconds:.0f} s while {phase.value}; suspected: {SUSPECTS[phase]}{known}"


def _in_brackets(circumstances: tuple[str, ...]) -> str:
    return "".join(f" ({fact})" for fact in circumstances)


@dataclass(slots=True)
class Watchdog:
    """Watches one tree. `pace` is shared by all trees of a run."""

    budgets: Budgets = Budgets()
    pace: Pace = field(default_factory=Pace)
    circumstances: tuple[str, ...] = ()
    _alive: Life | None = None
    """The last sample that showed life."""

    _latest: Life | None = None
    """The last sample."""

    _quiet: float = 0.0
    """Watched seconds since `_alive`."""

    _taken: float = 0.0
    """Watched seconds that the start, or the frame in work, has taken."""

    _starting: bool = True
    """Whether it has not begun to render."""

    _suspected: bool = False
    """Whether the suspicion about this quiet time was reported."""

    _latest_frame: float | None = None
    """When the latest frame came, in monotonic seconds; None before it, and after a pause."""

    def on_frame(self, now: float) -> None:
        """Note that a frame came, for the pace of this job."""
        if self._latest_frame is not None:
            self.pace.observe(now - self._latest_frame)
        self._latest_frame = now
        self._taken = 0.0

    def restart_frame(self) -> None:
        """Note that the renderer got on, without a frame that could be counted."""
        self._taken = 0.0

    def skip_interval(self) -> None:
        """Leave the time until the next frame out of the pace: it holds a pause."""
        self._latest_frame = None

    def observe(self, life: Life, phase: Phase) -> Suspicion | Stall | Overdue | None:
        """Take a sample.

        Return `Stall` once the budget has passed without a sign of life, once before that a `Suspicion`, and
        `Overdue` once the start or a frame has taken longer than its limit.
        """
        since, latest, self._latest = self._alive, self._latest, life
        watched = 0.0 if latest is None else min(life.now - latest.now, BLIND)
        if (limit := self._time_taken(phase, watched)) is not None:
            return limit
        if since is None or latest is None or _shows_life(since, life) or _at_work(latest, life):
            self._alive, self._quiet, self._suspected = life, 0.0, False
            return None
        self._quiet += watched
        budget = self.budgets.of_phase(phase, self.pace)
        if not budget:
            return None
        if self._quiet >= budget:
            return Stall(phase, self._quiet, self.circumstances)
        if self._suspected or self._quiet < SUSPECT_AT * budget:
            return None
        self._suspected = True
        return Suspicion(phase, self._quiet, budget, self.circumstances)

    @property
    def seconds_on_frame(self) -> float | None:
        """Return the watched seconds since the latest frame, or since rendering began; None before that."""
        return None if self._starting else self._taken

    def forgive(self) -> None:
        """Forget the quiet time: the tree was suspended by us."""
        self._alive = self._latest = None

    def _time_taken(self, phase: Phase, watched: float) -> Overdue | None:
        if self._starting and phase not in _STARTING:
            self._starting, self._taken = False, 0.0
            return None
        self._taken += watched
        limit = self.budgets.limit(phase, self.pace)
        return Overdue(phase, self._taken, self.circumstances) if 0 < limit <= self._taken else None


def _at_work(latest: Life, life: Life) -> bool:
    seconds = max(life.now - latest.now, 1.0)
    used = life.cpu_seconds - latest.cpu_seconds
    return used < 0 or used >= BUSY_CPU * seconds or life.io_bytes - latest.io_bytes >= BUSY_IO * seconds


def _shows_life(since: Life, life: Life) -> bool:
    if (life.progress, life.files) != (since.progress, since.files):
        return True
    seconds = max(life.now - since.now, 1.0)
    used, moved = life.cpu_seconds - since.cpu_seconds, life.io_bytes - since.io_bytes
    # Less than before: a child has gone.
    return used > IDLE_CPU * seconds or moved > IDLE_IO * seconds or min(used, moved) < 0
