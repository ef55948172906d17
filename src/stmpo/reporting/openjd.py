"""What an OpenJD session is told: `openjd_progress`, `openjd_status`, `openjd_fail`, each a line of its own.

The session reads standard output line by line and takes `^openjd_<kind>: (.+)$` literally, so a message is always one
line. Progress only ever rises. A worker passes on just the latest status every few seconds, so one a second is plenty;
with the last word, which is never held back, no second sees more than two.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from stmpo.model.events import Event, Progress, RunEnded, RunFailed, RunStarted
from stmpo.model.text import one_line
from stmpo.reporting.lines import progress_text
from stmpo.reporting.safe_stream import SafeStream

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_INTERVAL = 1.0
"""Seconds between two status lines, at least; the last one alone may come sooner."""

_LONGEST = 1000


class OpenJDSink:
    """Writes the session's control lines to `stream` (standard output)."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = SafeStream(stream)
        self._clock = clock
        self._progress = 0.0
        self._status = ""
        self._said = clock() - MIN_INTERVAL

    def handle(self, event: Event) -> None:
        """Tell the session what concerns it."""
        match event:
            case RunStarted():
                self._tell_status(event.title)
            case Progress():
                self._tell_progress(100 * event.fraction)
                self._tell_status(progress_text(event))
            case RunFailed():
                self._write("fail", event.reason)
            case RunEnded():
                if event.succeeded:
                    self._tell_progress(100.0)
                self._said -= MIN_INTERVAL  # the last word is shown whatever came just before it
                self._tell_status(event.lines[0] if event.lines else "")
            case _:
                pass

    def close(self) -> None:
        """Nothing is held back but what nobody has read yet."""
        self._stream.finish()

    def _tell_progress(self, percent: float) -> None:
        percent = min(100.0, round(percent, 1))
        if percent > self._progress:
            self._progress = percent
            self._write("progress", f"{percent}")

    def _tell_status(self, text: str) -> None:
        now = self._clock()
        if text != self._status and now - self._said >= MIN_INTERVAL:
            self._status, self._said = text, now
            self._write("status", text)

    def _write(self, kind: str, text: str) -> None:
        line = one_line(text, _LONGEST)
        if line:
            self._stream.line(f"openjd_{kind}: {line}")
            self._stream.flush()
