"""How much of what a renderer prints is passed on. A plug-in in a loop prints gigabytes, and nobody reads them.

Every line is read, since any may say that frames are wrong; only showing it has a limit: so many bytes at once, and so
many a second from then on. What is left out is counted, and said; the last lines of all are kept, because they are
what tells why a renderer ended.
"""

from __future__ import annotations

from collections import deque

AT_ONCE = 1 << 20
"""Bytes that a renderer may print at once: a project's warnings at opening, thousands of lines of them."""

A_SECOND = 8 << 10
"""Bytes a second that may be printed for ever: a hundred times what After Effects prints."""

A_LINE = 40
"""Bytes that a line costs besides its text: its prefix, its time."""

LAST_LINES = 20


class OutputLimit:
    """The limit for one renderer. Times are seconds of any clock that does not go back."""

    def __init__(self, now: float) -> None:
        self._room: float = AT_ONCE
        self._then = now
        self._left_out = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def admit(self, text: str, now: float) -> list[str]:
        """What to show, now that this line has come: the line, or nothing; before it, how many were left out."""
        self._room = min(AT_ONCE, self._room + A_SECOND * (now - self._then))
        self._then = now
        cost = len(text) + A_LINE
        # Once shut it opens only for a good part of what fits at once: not for every hundredth line.
        if cost > self._room or (self._left_out and self._room < AT_ONCE / 4):
            self._left_out += 1
            self._last.append(text)
            return []
        self._room -= cost
        shown = [*self._told(), text]
        self._last.clear()
        return shown

    def rest(self) -> list[str]:
        """The renderer says no more: what was left out at the end, and its last lines."""
        return [*self._told(len(self._last)), *self._last]

    def _told(self, kept: int = 0) -> list[str]:
        missing, self._left_out = self._left_out - kept, 0
        return [f"[... {missing:,} lines left out: this renderer prints without end]"] if missing > 0 else []
