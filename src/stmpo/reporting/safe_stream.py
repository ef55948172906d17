"""A text stream whose writes never raise. Every sink writes through it.

- A line stays one line: control characters in it are written as escapes.
- A line stays one piece: an OpenJD session reads 64,000 characters at a time and takes each piece for a
  line. The rest of a longer line could be taken for a command, so it is cut off.
- A character that the stream's encoding lacks is written as an escape.
- A stream that is closed, broken or full falls silent. A render does not end because its output has no
  reader, and does not wait for a slow one (`pipe`).
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from stmpo.model.text import visible
from stmpo.reporting.pipe import pipe_of

if TYPE_CHECKING:
    from typing import TextIO

MAX_LINE_LENGTH = 63_000
"""Limit of characters of one line, without its end."""


class SafeStream:
    """A text stream whose `write`, `line` and `flush` never raise. All else is passed on to the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pipe = pipe_of(stream)
        self._gone = False

    def line(self, text: str) -> None:
        """Write one line."""
        self.write(self._encodable(visible(text))[:MAX_LINE_LENGTH] + "\n")

    def write(self, text: str) -> int:
        """Write text unchanged, except for characters that the encoding lacks."""
        if not self._gone:
            try:
                self._write(self._encodable(text))
            except (OSError, ValueError):  # ValueError: the file is closed
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Write the buffered text."""
        if not self._gone:
            try:
                self._stream.flush() if self._pipe is None else self._pipe.flush()
            except (OSError, ValueError):
                self._give_up()

    def finish(self) -> None:
        """Write the rest; wait a limited time for a slow reader."""
        self.flush()
        if not self._gone and self._pipe is not None:
            try:
                self._pipe.close()
            except OSError:
                self._give_up()

    def _give_up(self) -> None:
        """Fall silent. What the stream still holds goes nowhere.

        Python writes it once more at its exit, and would exit with 120 instead of the run's own code.
        """
        self._gone = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if self._stream.fileno() in {1, 2}:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self._stream.fileno())
                os.close(null)

    def _write(self, text: str) -> None:
        if self._pipe is None:
            self._stream.write(text)
        else:
            self._pipe.write(text.encode(self._stream.encoding or "utf-8", "backslashreplace"))

    def _encodable(self, text: str) -> str:
        if text.isascii():
            return text
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
