"""A limit for how much of a renderer's output is passed on. A plug-in in a loop prints gigabytes.

Every line is still read, since any line may report bad frames; only the display is limited: a burst of bytes,
then a constant rate. Lines that are left out are counted and reported. The last lines are always kept,
because they explain why a renderer ended.
"""

from __future__ import annotations

from collections import deque

BURST_BYTES = 1 << 20
"""Bytes that a renderer may print at once: thousands of warnings when a project is opened."""

BYTES_PER_SECOND = 8 << 10
"""Bytes per second that may be printed without end: a hundred times the rate of After Effects."""

LINE_OVERHEAD_BYTES = 40
"""Bytes that a line costs besides its text: its prefix and its time."""

LAST_LINES = 20


class OutputLimit:
    """The limit for one renderer. Times are seconds of any monotonic clock."""

    def __init__(self, now: float) -> None:
        self._available: float = BURST_BYTES
        self._updated = now
        self._left_out = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def admit(self, text: str, now: float) -> list[str]:
        """Return the lines to show for this line: none, or the line after a notice about lines left out."""
        self._available = min(BURST_BYTES, self._available + BYTES_PER_SECOND * (now - self._updated))
        self._updated = now
        cost = len(text) + LINE_OVERHEAD_BYTES
        # Once closed, it opens only when a good part of a burst fits again, not for every hundredth line.
        if cost > self._available or (self._left_out and self._available < BURST_BYTES / 4):
            self._left_out += 1
            self._last.append(text)
            return []
        self._available -= cost
        shown = [*self._notice(), text]
        self._last.clear()
        return shown

    def rest(self) -> list[str]:
        """Return the last lines that were left out, once the output has ended."""
        return [*self._notice(len(self._last)), *self._last]

    def _notice(self, kept: int = 0) -> list[str]:
        missing, self._left_out = self._left_out - kept, 0
        return [f"[... {missing:,} lines left out: this renderer prints without end]"] if missing > 0 else []
