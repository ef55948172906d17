r"""From the bytes that a renderer writes to lines that are safe to show.

There are three steps. None of them raises, grows without bound, or lets a child process forge a message of
ours, whatever the input.

1. `LineSplitter` cuts the stream at `\n`, `\r\n` and a lone `\r`. The lines are the same however the bytes
   are chunked. It holds one unfinished line of at most `MAX_LINE_BYTES` and drops the rest of a longer line.
2. `decode` reads a line as UTF-8, the encoding of After Effects itself. If that fails, it tries the system's
   code pages, since aerender on Windows converts to the console's OEM code page.
3. `visible` escapes every character that would move a cursor, start a terminal sequence, break the line or
   change its direction. The result is one line on any display.

`decode` limits its text to `MAX_TEXT`. The limit matters for security: an OpenJD session reads its action's
output in pieces of 64,000 characters and takes each piece for a line, so the tail of a longer line could
begin with `openjd_`.
"""

from __future__ import annotations

import codecs
import locale
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from stmpo.model.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LINE_BYTES = 64_000
"""Bytes of one line that are kept."""

MAX_TEXT = 60_000
"""Characters of one decoded line, cut marker included; the rest of the 64,000 is for the display prefix."""

CUT = " [... line cut]"
"""Ends a line that was too long."""

_BREAK = re.compile(rb"\r\n|\r|\n")


class LineSplitter:
    r"""Splits a stream of bytes into lines without their ends; blank lines are kept.

    Attributes:
        _pending: the bytes of the unfinished line, at most `MAX_LINE_BYTES`.
        _cut: whether bytes of the unfinished line were dropped.
        _after_cr: whether the last byte was a `\r` that ended a line; a `\n` right after it is ignored.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._cut = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete."""
        if not data:
            return []
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *ended, rest = _BREAK.split(data)
        lines = []
        for piece in ended:
            self._append(piece)
            lines.append(self._flush())
        self._append(rest)
        return lines

    def close(self) -> list[bytes]:
        """Return the last line, if the stream ended within one."""
        self._after_cr = False
        return [self._flush()] if self._pending else []

    def _append(self, piece: bytes) -> None:
        room = MAX_LINE_BYTES - len(self._pending)
        self._cut = self._cut or len(piece) > room
        self._pending += piece[:room]

    def _flush(self) -> bytes:
        line = bytes(self._pending)
        if self._cut:
            line = _whole_characters(line) + CUT.encode()
        self._pending.clear()
        self._cut = False
        return line


def _whole_characters(line: bytes) -> bytes:
    """Remove a UTF-8 character that the cut left unfinished; it would make the whole line undecodable."""
    for back in range(1, 4):
        byte = line[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:  # the first byte of a character: its upper bits are the character's length
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return line[:-back] if size > back else line
    return line


@lru_cache(maxsize=1)
def system_code_pages() -> tuple[str, ...]:
    """Return the encodings besides UTF-8 that a program of this system may write, most likely first.

    Windows' OEM code page (aerender converts to it), its ANSI code page, the locale's encoding, Western
    European. Python has the codecs `oem` and `mbcs` on Windows only, so the lookup tells which system this
    is.
    """
    names: dict[str, None] = {}
    for name in ("oem", "mbcs", locale.getpreferredencoding(False), "cp1252"):
        try:
            known = codecs.lookup(name).name
        except LookupError:
            continue
        if known not in {"utf-8", "ascii"}:
            names[known] = None
    return tuple(names)


def decode(line: bytes, fallbacks: Sequence[str] | None = None) -> str:
    r"""Return the line as text that is safe to show. Never raises.

    UTF-8 is tried first, then the fallbacks (default: the system's code pages; unknown ones are skipped).
    Bytes that fit none of them are written as `\xNN`.
    """
    for encoding in ("utf-8", *(system_code_pages() if fallbacks is None else fallbacks)):
        try:
            text = visible(line.decode(encoding))
        except (ValueError, LookupError):
            continue
        break
    else:
        text = visible(line.decode("utf-8", "backslashreplace"))
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(CUT)] + CUT
