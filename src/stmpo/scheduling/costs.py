"""The cost of each frame in seconds, from the time at which its file was finished.

A renderer's own figures are whole seconds and may be missing, so the file's time counts: the time between one
finished frame and the next of the same process. Under Multi-Frame Rendering several frames finish together
and the next batch takes long. Single costs then jump, but their sum is the process's time, and weights and
estimates need that sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

NEAR = 3.0
"""Most seconds between a file's last change and the line that reports its frame."""


@dataclass(slots=True)
class CostClock:
    """Costs of one process's frames. `began` is the wall-clock time (seconds) at which rendering began, if
    known.
    """

    began: float | None = None
    last: float | None = None
    pauses: list[tuple[float, float]] = field(default_factory=list)
    """Begin and end (wall clock) of each pause; infinity for one that goes on."""

    def begin(self, now: float) -> None:
        """Record that the process begins to render."""
        if self.began is None:
            self.began = self.last = now

    def pause(self, now: float) -> None:
        """Record that the process stands still from now on (wall clock, seconds)."""
        self.pauses.append((now, math.inf))

    def resume(self, now: float) -> None:
        """Record that it goes on."""
        if self.pauses:
            self.pauses[-1] = (self.pauses[-1][0], now)

    def _paused(self, since: float, until: float) -> float:
        """Return the seconds between these times in which it stood still."""
        return sum(max(0.0, min(until, end) - max(since, start)) for start, end in self.pauses)

    def finished(self, at: float, most: float = math.inf) -> float | None:
        """Return the cost in seconds of a frame whose file was last written at `at` (wall clock, seconds), or
        None.

        The first frame of a process without a known begin has no cost: it would include the start-up. A cost
        above `most`, the seconds since the process was started, is unknown as well: the clock has jumped.
        """
        previous, self.last = self.last, max(at, self.last or at)
        if previous is None:
            return None
        if at - previous > most:
            self.last = None
            return None
        return max(0.0, at - previous - self._paused(previous, at))


@dataclass(slots=True)
class ReportedCosts(CostClock):
    """Costs of frames that several processes write to one folder, where a file does not show its writer.

    Each process's lines show when it finished a frame, and so how long that frame took. A file belongs to the
    line nearest to its last change. Two frames that finish in the same moment may be confused; they then come
    from processes that work side by side in the comp, and cost about the same.
    """

    reported: list[tuple[float, float]] = field(default_factory=list)
    """Wall-clock time and cost (seconds) of each line without a file so far."""

    def report(self, at: float, cost: float | None) -> None:
        """Record that a process reported a finished frame at `at`, which took `cost` seconds, if known."""
        if cost is not None:
            self.reported.append((at, cost))

    def finished(self, at: float, most: float = math.inf) -> float | None:  # noqa: ARG002 - lines know better
        """Return the cost of the line nearest to `at`, the time at which a file was last written; None if
        none is near.
        """
        near = min(self.reported, key=lambda line: abs(line[0] - at), default=None)
        if near is None or abs(near[0] - at) > NEAR:
            return None
        self.reported.remove(near)
        return near[1]
