r"""From the bytes a renderer writes to lines that can be shown.

Three steps, each total: no input makes them raise, grow without bound, or let a child pose as this program.

1. `LineSplitter` cuts the stream at `\n`, `\r\n` and a lone `\r`. However the bytes are chunked, the lines are the same.
   It holds one unfinished line, of `MAX_LINE_BYTES` at most; what a longer line has beyond that is dropped.
2. `decode` reads a line as UTF-8, which After Effects itself speaks; where that fails, as a code page of the system,
   since aerender on Windows converts to the console's OEM code page.
3. `visible` writes out every character that would move a cursor, start a terminal escape, break the line or turn its
   direction. What is left is one line, whatever displays it.

`decode` bounds its text to `MAX_TEXT`. The bound is not cosmetic: an OpenJD session reads its action's output in pieces
of 64,000 characters and takes each piece for a line, so the tail of a longer one could begin with `openjd_`.
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
"""Characters of one decoded line, its cut marker included; the rest of the 64,000 is for the prefix it is shown behind."""

CUT = " [... line cut]"
"""Ends a line that was too long."""

_BREAK = re.compile(rb"\r\n|\r|\n")


class LineSplitter:
    r"""Splits a stream of bytes into lines, without their ends; blank lines are kept.

    Attributes:
        _held: the bytes of the unfinished line, at most `MAX_LINE_BYTES`.
        _cut: whether bytes of the unfinished line have been dropped.
        _after_cr: whether the last byte was a `\r` that ended a line, so that a `\n` right after it ends no other.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._cut = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes finish."""
        if not data:
            return []
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        *ended, rest = _BREAK.split(data)
        lines = []
        for piece in ended:
            self._hold(piece)
            lines.append(self._take())
        self._hold(rest)
        return lines

    def close(self) -> list[bytes]:
        """The last line, if the stream ended inside one."""
        self._after_cr = False
        return [self._take()] if self._held else []

    def _hold(self, piece: bytes) -> None:
        room = MAX_LINE_BYTES - len(self._held)
        self._cut = self._cut or len(piece) > room
        self._held += piece[:room]

    def _take(self) -> bytes:
        line = bytes(self._held)
        if self._cut:
            line = _whole_characters(line) + CUT.encode()
        self._held.clear()
        self._cut = False
        return line


def _whole_characters(line: bytes) -> bytes:
    """The line without a UTF-8 character that a cut has left unfinished, which would make all of it unreadable."""
    for back in range(1, 4):
        byte = line[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:  # the first byte of a character: its upper bits count the bytes that it has
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return line[:-back] if size > back else line
    return line


@lru_cache(maxsize=1)
def system_code_pages() -> tuple[str, ...]:
    """The encodings, other than UTF-8, that a program of this system may write: strictest knowledge first.

    Windows' OEM code page (what aerender converts to), its ANSI code page, the locale's encoding, then Western European.
    Python has the codecs `oem` and `mbcs` on Windows alone, so asking for them is asking the system.
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
    r"""The line as text that is safe to show: UTF-8, else the first fallback that fits, else bytes written as `\xNN`.

    The fallbacks are the system's code pages unless given; one that Python does not know is passed over. Never raises.
    """
    for encoding in ("utf-8", *(system_code_pages() if fallbacks is None else fallbacks)):
        try:
            text = line.decode(encoding)
        except (ValueError, LookupError):
            continue
        return _bounded(visible(text))
    return _bounded(visible(line.decode("utf-8", "backslashreplace")))


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(CUT)] + CUT
