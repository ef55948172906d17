"""A clock that stands still while all renderers are paused, for example for room on a disk.

    real time  ├──────────────┤ paused ├─────────────────────┤
    reading    0 ─ ─ ─ ─ ─ ─ ─ 14       14 ─ ─ ─ ─ ─ ─ ─ ─ ─ 35

A strategy that saw the pause would take the current frames for heavy ones, and have other slots start for the
rest. Times are arguments, in seconds of a clock that never goes back.
"""

from __future__ import annotations


class WorkClock:
    """Time in which renderers may work. Report every pause to it."""

    def __init__(self) -> None:
        self._held = 0.0
        self._since: float | None = None

    def hold(self, now: float, *, held: bool) -> None:
        """Record that the renderers stand still from now on, or go on. Repeated calls are harmless."""
        if self._since is not None and not held:
            self._held += now - self._since
            self._since = None
        elif self._since is None and held:
            self._since = now

    def reading(self, now: float) -> float:
        """Return the working time at `now`."""
        return (now if self._since is None else self._since) - self._held
