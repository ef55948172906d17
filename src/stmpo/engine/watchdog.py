"""When is a silent renderer stuck? A pure decision over samples; clock and samples are passed in.

A heavy frame is silent for an hour and is no fault: its tree burns CPU or moves data. A hidden dialog, a sign-in box or
a dead network path is silent too, and its tree does nothing. So a stall is the absence of *every* sign of life for the
whole budget of the phase: no output line, no new or growing file, no I/O, and less CPU than a user interface idles
with. CPU is judged twice: over all of the quiet time, where a dialog's rare blink counts for nothing, and over the time
since the last sample, so that a renderer which has just gone to work is not given up for having waited before.

    launching ─► opening ─► first frame ─► rendering ─► finishing       each phase has a budget of quiet seconds (`Budgets`)

The budget of rendering is learned from the frames of this job (`Pace`): a job whose slowest frame took 2 s has no reason
to sit in silence for ten minutes. Half-way through a budget what is suspected is said (`Suspicion`); at its end the
renderer is given up (`Stall`). Time in which nobody watched (this process was stopped, the machine slept) is no quiet
time.
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

BLIND = 30.0
"""Seconds between two samples, at most, that count as watched; samples are taken every few seconds."""

SAID_AT = 0.5
"""Part of the budget after which what is suspected is said."""

PACE_FACTOR = 20.0
"""A frame that is silent and idle for so many times the slowest frame of this job is not being rendered."""

PACE_FLOOR = 120.0
"""Seconds that the learned budget never falls below: a network that is away comes back within them."""

PACE_FRAMES = 5
"""Frames after which their times are believed."""

LAUNCHING_MOST, FINISHING_MOST = 300.0, 120.0
"""Seconds for the phases in which After Effects waits for nobody, where `--stall-timeout` does not say less."""


class Phase(Enum):
    """What a renderer should be doing; the value continues the words "while it is …"."""

    LAUNCHING = "launching"
    """From its start until it says its first own word. A cold start scans plug-ins, which is busy, not idle."""

    OPENING = "opening the project"
    """Until rendering begins: the project and its footage are opened, effects are loaded."""

    FIRST_FRAME = "rendering its first frame"
    """Until the first frame is there: caches are cold, plug-ins ask for their licences."""

    RENDERING = "rendering"
    """Between the first and the last frame."""

    FINISHING = "finishing"
    """It said that it has finished, and not all of its frames are there."""


_SUSPECTS = {
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
    """What frames of this job take, over all renderers: the slowest one, in seconds."""

    frames: int = 0
    slowest: float = 0.0

    def observe(self, seconds: float) -> None:
        """A frame came so long after the one before it."""
        self.frames += 1
        self.slowest = max(self.slowest, seconds)

    @property
    def budget(self) -> float | None:
        """Seconds of silence that no frame of this job needs; None while too few are known."""
        return None if self.frames < PACE_FRAMES else max(PACE_FLOOR, PACE_FACTOR * self.slowest)


@dataclass(frozen=True, slots=True)
class Budgets:
    """Seconds without a sign of life, for each phase, until a renderer is given up; 0 never.

    `common` is `--stall-timeout`. None: what follows from `common` (for rendering, from this job's frames as well, and
    never more than `common`).
    """

    common: float = 0.0
    launching: float | None = None
    opening: float | None = None
    first_frame: float | None = None
    rendering: float | None = None
    finishing: float | None = None

    @classmethod
    def of(cls, options: RunOptions) -> Budgets:
        """As the user said."""
        return cls(
            options.stall_timeout,
            options.stall_launching,
            options.stall_opening,
            options.stall_first_frame,
            options.stall_rendering,
            options.stall_finishing,
        )

    def of_phase(self, phase: Phase, pace: Pace) -> float:
        """The budget of a phase in seconds; 0 for none."""
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

    def _or(self, given: float | None, else_: float) -> float:
        return min(self.common, else_) if given is None else given

    @property
    def smallest(self) -> float | None:
        """The smallest budget there can be, in seconds; None when nothing is watched."""
        found = [budget for phase in Phase if (budget := self.of_phase(phase, Pace())) > 0]
        return min(found, default=None)


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that shows life in a tree, as sums since its start. `now` is in seconds of a monotonic clock."""

    now: float
    cpu_seconds: float
    io_bytes: int
    output_bytes: int
    files: int
    """Frame files seen in scratch, and their changes of size."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A renderer shows no sign of life; it still has time."""

    phase: Phase
    seconds: float
    budget: float
    circumstances: tuple[str, ...] = ()
    """What is known of this machine and job that makes some causes likelier."""

    @property
    def text(self) -> str:
        """What is seen and suspected, and what comes next."""
        return f"{_quiet(self.phase, self.seconds, self.circumstances)}; stopped and tried again after {self.budget:.0f} s"


@dataclass(frozen=True, slots=True)
class Stall:
    """A renderer has shown no sign of life for the whole of its phase's budget."""

    phase: Phase
    seconds: float
    circumstances: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What happened, what is suspected, and which option gives more time."""
        quiet = _quiet(self.phase, self.seconds, self.circumstances)
        return f"{quiet} ({_OPTIONS[self.phase]} gives it more time)"


def _quiet(phase: Phase, seconds: float, circumstances: tuple[str, ...]) -> str:
    known = "".join(f" ({fact})" for fact in circumstances)
    return f"no sign of life for {seconds:.0f} s while {phase.value}; suspected: {_SUSPECTS[phase]}{known}"


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

    _said: bool = False
    """The suspicion about this quiet time was given."""

    _latest_frame: float | None = None
    """When the latest frame came, in monotonic seconds; None before it, and after a pause."""

    def on_frame(self, now: float) -> None:
        """Note that a frame came, for the pace of this job."""
        if self._latest_frame is not None:
            self.pace.observe(now - self._latest_frame)
        self._latest_frame = now

    def skip_interval(self) -> None:
        """Leave the time until the next frame out of the pace: it holds a pause."""
        self._latest_frame = None

    def observe(self, life: Life, phase: Phase) -> Suspicion | Stall | None:
        """Take a sample. A `Stall` once the budget has passed without a sign of life; once before that a `Suspicion`."""
        since, latest, self._latest = self._alive, self._latest, life
        if since is None or latest is None or _shows_life(since, life) or _at_work(latest, life):
            self._alive, self._quiet, self._said = life, 0.0, False
            return None
        self._quiet += min(life.now - latest.now, BLIND)
        budget = self.budgets.of_phase(phase, self.pace)
        if not budget:
            return None
        if self._quiet >= budget:
            return Stall(phase, self._quiet, self.circumstances)
        if self._said or self._quiet < SAID_AT * budget:
            return None
        self._said = True
        return Suspicion(phase, self._quiet, budget, self.circumstances)

    def forgive(self) -> None:
        """Forget the quiet time: the tree was suspended by us."""
        self._alive = self._latest = None


def _at_work(latest: Life, life: Life) -> bool:
    used = life.cpu_seconds - latest.cpu_seconds
    return used < 0 or used >= BUSY_CPU * max(life.now - latest.now, 1.0)


def _shows_life(since: Life, life: Life) -> bool:
    moved = (life.io_bytes, life.output_bytes, life.files) != (
        since.io_bytes,
        since.output_bytes,
        since.files,
    )
    used = life.cpu_seconds - since.cpu_seconds
    # Less than before: a child has gone.
    return moved or used > IDLE_CPU * max(life.now - since.now, 1.0) or used < 0
