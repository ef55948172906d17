"""What every sink writes through: a stream that may be gone, narrow or read by a program.

- A line stays one line: what would break it, or act on a terminal, is written out as an escape.
- A line stays one piece: an OpenJD session reads 64,000 characters at a time and takes each piece for a line, so the
  tail of a longer one could speak to the session.
- A character that the stream's encoding lacks is written as an escape.
- A stream that is closed, broken or full falls silent. A render does not end because nobody listens any more, and does
  not stand still because nobody reads on (`pipe`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stmpo.model.text import visible
from stmpo.reporting.pipe import pipe_of

if TYPE_CHECKING:
    from typing import TextIO

LONGEST = 63_000
"""Characters of one line, its end not included."""


class SafeStream:
    """A text stream whose `write`, `line` and `flush` never raise. Anything else is asked of the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pipe = pipe_of(stream)
        self._gone = False

    def line(self, text: str) -> None:
        """Write one line."""
        self.write(self._encodable(visible(text))[:LONGEST] + "\n")

    def write(self, text: str) -> int:
        """Write text as it is, as far as the encoding goes."""
        if not self._gone:
            try:
                self._write(self._encodable(text))
            except (OSError, ValueError):  # ValueError is what a closed file raises
                self._gone = True
        return len(text)

    def flush(self) -> None:
        """Hand over what is buffered."""
        if not self._gone:
            try:
                self._stream.flush() if self._pipe is None else self._pipe.flush()
            except (OSError, ValueError):
                self._gone = True

    def finish(self) -> None:
        """Hand over what is left, and wait for a slow reader, but not for ever."""
        self.flush()
        if not self._gone and self._pipe is not None:
            try:
                self._pipe.close()
            except OSError:
                self._gone = True

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
