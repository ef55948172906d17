"""A clock that stands still while all renderers do: a pause for room on a disk is nobody's slowness.

    told    ├──────────────┤ held ├─────────────────────┤
    reads   0 ─ ─ ─ ─ ─ ─ ─ 14     14 ─ ─ ─ ─ ─ ─ ─ ─ ─ 35

A strategy that saw the pause would take the frames in work for heavy ones, and have others start for the rest.
Times are arguments, in seconds of a clock that never goes back.
"""

from __future__ import annotations


class WorkClock:
    """Time at which renderers may work. Whoever reads it has to be told of every pause."""

    def __init__(self) -> None:
        self._held = 0.0
        self._since: float | None = None

    def hold(self, now: float, *, held: bool) -> None:
        """The renderers stand still from now on, or go on. May be told again."""
        if self._since is not None and not held:
            self._held += now - self._since
            self._since = None
        elif self._since is None and held:
            self._since = now

    def reading(self, now: float) -> float:
        """What it shows."""
        return (now if self._since is None else self._since) - self._held
