"""What each frame cost, from when its file was finished.

A renderer's own numbers are whole seconds and may be missing, so the clock is the file's: the time between one finished
frame and the next of the same process. Under Multi-Frame Rendering several frames finish together and the next batch
takes long; the single numbers jump then, but their sum is the process's time, which is what weights and estimates need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

NEAR = 3.0
"""Seconds between a file's last change and the line that tells of its frame, at most."""


@dataclass(slots=True)
class CostClock:
    """Costs of one process's frames. `began` is the wall-clock time (seconds) at which rendering began, where known."""

    began: float | None = None
    last: float | None = None
    pauses: list[tuple[float, float]] = field(default_factory=list)
    """Wall-clock times at which it stood still, from and until; the last one may have no end yet (infinity)."""

    def begin(self, now: float) -> None:
        """The process said that rendering begins."""
        if self.began is None:
            self.began = self.last = now

    def pause(self, now: float) -> None:
        """The process stands still from now on (wall clock, seconds)."""
        self.pauses.append((now, math.inf))

    def go_on(self, now: float) -> None:
        """It goes on."""
        if self.pauses:
            self.pauses[-1] = (self.pauses[-1][0], now)

    def _paused(self, since: float, until: float) -> float:
        """Seconds between these times in which it stood still."""
        return sum(max(0.0, min(until, end) - max(since, start)) for start, end in self.pauses)

    def finished(self, at: float, most: float = math.inf) -> float | None:
        """A frame's file was last written at `at` (wall clock, seconds): its cost in seconds, None for an unknown one.

        The first frame of a process that never said when it began has no cost: it would hold the start-up as well.
        Neither has one that would have cost more than `most`, the seconds since its process was started: a clock jumped.
        """
        previous, self.last = self.last, max(at, self.last or at)
        if previous is None:
            return None
        if at - previous > most:
            self.last = None
            return None
        return max(0.0, at - previous - self._paused(previous, at))


@dataclass(slots=True)
class ToldCosts(CostClock):
    """Costs of frames that several processes write to one folder: nobody sees which process wrote which file.

    But each process's lines tell when it finished one, and so how long that one took. A file belongs to the line that
    came nearest to its last change. Where two finish in the same moment they may be confused; then they are of processes
    that work side by side in the comp, and cost about the same.
    """

    told: list[tuple[float, float]] = field(default_factory=list)
    """Wall-clock time and cost (seconds) of each line that no file was found for yet."""

    def tell(self, at: float, cost: float | None) -> None:
        """A process told at `at` that it has finished a frame, which took `cost` seconds, if that is known."""
        if cost is not None:
            self.told.append((at, cost))

    def finished(self, at: float, most: float = math.inf) -> float | None:  # noqa: ARG002 - lines know better
        """A frame's file was last written at `at`: the cost of the line that is nearest, None where none is near."""
        near = min(self.told, key=lambda line: abs(line[0] - at), default=None)
        if near is None or abs(near[0] - at) > NEAR:
            return None
        self.told.remove(near)
        return near[1]
