"""When is a silent renderer stuck? A pure decision over samples; clock and samples are passed in.

A heavy frame is silent for an hour and is no fault: its tree burns CPU or moves data. A hidden dialog, a sign-in box or
a dead network path is silent too, and its tree does nothing. So a stall is the absence of *every* sign of life for the
whole time limit: no output line, no new or growing file, no I/O, and less CPU than a user interface idles with. CPU is
judged twice: over all of the quiet time, where a dialog's rare blink counts for nothing, and over the time since the
last sample, so that a renderer which has just gone to work is not given up for having waited before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

IDLE_CPU = 0.05
"""CPUs' worth of time below which a tree is idle: a waiting user interface polls and blinks, and no more."""

BUSY_CPU = 0.5
"""CPUs' worth of time, from one sample to the next, that only work uses."""


class Phase(Enum):
    """What a renderer should be doing."""

    LAUNCHING = "launching"
    """From its start until rendering begins. A cold start scans plug-ins, which is busy, not idle."""

    RENDERING = "rendering"
    """Between the beginning and the last frame."""


_SUSPICIONS = {
    Phase.LAUNCHING: (
        "suspected: a licence or sign-in box, a modal dialog, a session without a desktop, or a project on a"
        " network path that does not answer"
    ),
    Phase.RENDERING: "suspected: a crash dialog, a plug-in that waits for a licence, or footage that does not answer",
}


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
class Stall:
    """A renderer shows no sign of life."""

    phase: Phase
    seconds: float

    @property
    def text(self) -> str:
        """What happened, and what is suspected."""
        return f"no sign of life for {self.seconds:.0f} s while {self.phase.value}; {_SUSPICIONS[self.phase]}"


@dataclass(slots=True)
class Watchdog:
    """Watches one tree. `limit` is in seconds; 0 watches nothing."""

    limit: float
    _alive: Life | None = None
    """The last sample that showed life."""

    _latest: Life | None = None
    """The last sample."""

    def observe(self, life: Life, phase: Phase) -> Stall | None:
        """Take a sample; a `Stall` when the limit has passed without a sign of life."""
        since, latest, self._latest = self._alive, self._latest, life
        if since is None or latest is None or _shows_life(since, life) or _at_work(latest, life):
            self._alive = life
            return None
        quiet = life.now - since.now
        return Stall(phase, quiet) if self.limit and quiet >= self.limit else None

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
    return (
        moved or used > IDLE_CPU * max(life.now - since.now, 1.0) or used < 0
    )  # less than before: a child has gone
