"""What each frame cost, from when its file was finished.

A renderer's own numbers are whole seconds and may be missing, so the clock is the file's: the time between one finished
frame and the next of the same process. Under Multi-Frame Rendering several frames finish together and the next batch
takes long; the single numbers jump then, but their sum is the process's time, which is what weights and estimates need.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class CostClock:
    """Costs of one process's frames. `began` is the wall-clock time (seconds) at which rendering began, where known."""

    began: float | None = None
    last: float | None = None

    def begin(self, now: float) -> None:
        """The process said that rendering begins."""
        if self.began is None:
            self.began = self.last = now

    def finished(self, at: float) -> float | None:
        """A frame's file was last written at `at` (wall clock, seconds): its cost in seconds, None for an unknown one.

        The first frame of a process that never said when it began has no cost: it would hold the start-up as well.
        """
        previous, self.last = self.last, max(at, self.last or at)
        return None if previous is None else max(0.0, at - previous)
