"""Messages to an OpenJD session: `openjd_progress`, `openjd_status` and `openjd_fail`, one line each.

The session reads standard output line by line and matches `^openjd_<kind>: (.+)$`, so a message must be one
line. Progress only rises. A worker passes on the latest status every few seconds, so one status per second
is enough; only the final status may come sooner.
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
"""Least seconds between two status lines; only the final one may come sooner."""

_MAX_LENGTH = 1000
"""Characters of one message."""


class OpenJDSink:
    """Sink that writes the session's messages to `stream` (standard output)."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = SafeStream(stream)
        self._clock = clock
        self._progress = 0.0
        self._status = ""
        self._sent = clock() - MIN_INTERVAL

    def handle(self, event: Event) -> None:
        """Write the messages of this event, if it has any."""
        match event:
            case RunStarted():
                self._send_status(event.title)
            case Progress():
                self._send_progress(100 * event.fraction)
                self._send_status(progress_text(event))
            case RunFailed():
                self._write("fail", event.reason)
            case RunEnded():
                if event.succeeded:
                    self._send_progress(100.0)
                self._sent -= MIN_INTERVAL  # the final status is never held back
                self._send_status(event.lines[0] if event.lines else "")
            case _:
                pass

    def close(self) -> None:
        """Flush the rest."""
        self._stream.finish()

    def _send_progress(self, percent: float) -> None:
        percent = min(100.0, round(percent, 1))
        if percent > self._progress:
            self._progress = percent
            self._write("progress", f"{percent}")

    def _send_status(self, text: str) -> None:
        now = self._clock()
        if text != self._status and now - self._sent >= MIN_INTERVAL:
            self._status, self._sent = text, now
            self._write("status", text)

    def _write(self, kind: str, text: str) -> None:
        line = one_line(text, _MAX_LENGTH)
        if line:
            self._stream.line(f"openjd_{kind}: {line}")
            self._stream.flush()
