"""A `.dfont`: a Macintosh font suitcase, a resource fork written as a plain file, with TrueType fonts in it.

    header      where data and map begin
    map ─► types ─► `sfnt` ─► references ─► data: a length, and a whole font

Only macOS knows it. It is recognised so that somebody who uses such a font is told why it does not travel.

Source: Apple, "Inside Macintosh: More Macintosh Toolbox", Resource Manager.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

from stmpo.fonts.sfnt import faces_in

if TYPE_CHECKING:
    from collections.abc import Iterator

_FONT = b"sfnt"
_MOST_FONTS = 64
_MOST_BYTES = 64 << 20


def suitcase_names(file: BinaryIO) -> tuple[str, ...]:
    """The PostScript names of the fonts in it; those before the damage in a damaged one, none in any other file."""
    names: list[str] = []
    try:
        for font in _fonts(file):
            names += [name for face in faces_in(io.BytesIO(font)) for name in face.all_names()]
    except struct.error:
        pass
    return tuple(dict.fromkeys(names))


def _fonts(file: BinaryIO) -> Iterator[bytes]:
    data, start = _read(file, 0, ">II")
    types = start + _read(file, start + 24, ">H")[0]
    (count,) = _read(file, types, ">H")
    for number in range(min(count + 1, 256)):
        kind, last, offset = _read(file, types + 2 + 8 * number, ">4sHH")
        if kind != _FONT:
            continue
        for reference in range(min(last + 1, _MOST_FONTS)):
            (at,) = _read(file, types + offset + 12 * reference + 4, ">I")
            begin = data + (at & 0xFFFFFF)  # the byte above it has attributes
            (length,) = _read(file, begin, ">I")
            yield file.read(min(length, _MOST_BYTES))


def _read(file: BinaryIO, at: int, form: str) -> tuple[Any, ...]:
    file.seek(at)
    return struct.unpack(form, file.read(struct.calcsize(form)))
