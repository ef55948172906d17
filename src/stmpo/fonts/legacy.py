"""Recognise legacy fonts, so that a user learns why such a font does not travel. None is ever installed.

- Type 1 (`.pfb`, `.pfa`, and the metrics in `.pfm`): Adobe's programs have not read them since January 2023.
- Windows bitmap fonts (`.fon`, a library of `.fnt` resources): they have face names and no PostScript names.
- Mac font suitcases (`.dfont`), which only macOS reads: a resource fork as a plain file, with TrueType fonts
  in it.

A suitcase:

    header      where data and map begin
    map ─► types ─► `sfnt` ─► references ─► data: a length, and a whole font

Sources: Adobe Technical Notes 5040 and 5178; Microsoft, "FON/FNT resource format"; Apple, "Inside Macintosh:
More Macintosh Toolbox", Resource Manager.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from stmpo.fonts.sfnt import faces_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUITCASE = ".dfont"
"""Recognised by its extension, because many other files begin with the same bytes."""

_MAX_BYTES = 1 << 20
_SFNT = b"sfnt"
_MAX_FONTS, _MAX_FONT_BYTES = 64, 64 << 20
"""In a suitcase."""

_NAMED = re.compile(rb"/FontName\s*/([!-~]{1,127}?)(?:\s+def\b|\s*$)", re.MULTILINE)
_PFM_VERSION, _PFM_DRIVER_INFO = 0x0100, 139
_FACE_NAME = 105
_FONT_RESOURCE = 0x8008
_MAX_RESOURCES = 256


@dataclass(frozen=True, slots=True)
class LegacyFont:
    """The kind and names of a legacy font file."""

    kind: str
    """`Type 1`, `bitmap` or `Mac suitcase`."""

    names: tuple[str, ...]
    """Its font names; the face name of a bitmap font also without its blanks."""


def read_legacy(path: Path) -> LegacyFont | None:
    """Return the kind and names of a legacy font; None for any other file. Reading never fails."""
    try:
        with path.open("rb") as file:
            if path.suffix.lower() == _SUITCASE:
                names = suitcase_names(file)
                return LegacyFont("Mac suitcase", names) if names else None
            return _legacy(file.read(_MAX_BYTES), path.stat().st_size)
    except (OSError, struct.error):
        return None


def _legacy(data: bytes, size: int) -> LegacyFont | None:
    """Recognise a file by its first bytes and its size.

    Raises:
        struct.error: it ends too early.
    """
    if data[:2] == b"\x80\x01" or data.startswith((b"%!PS-AdobeFont", b"%!FontType1")):
        return LegacyFont("Type 1", tuple(name.decode("ascii") for name in _NAMED.findall(data)[:1]))
    if data[:2] == b"MZ":
        return LegacyFont("bitmap", _face_names(_library(data)))
    version, claimed_size = struct.unpack_from("<HI", data)
    if claimed_size != size:
        return None
    if version == _PFM_VERSION:
        return LegacyFont("Type 1", _one(_text(data, *struct.unpack_from("<I", data, _PFM_DRIVER_INFO))))
    return LegacyFont("bitmap", _face_names([data])) if version in {0x0200, 0x0300} else None


def _face_names(fonts: Iterator[bytes] | list[bytes]) -> tuple[str, ...]:
    names: list[str] = []
    try:
        for font in fonts:
            name = _text(font, *struct.unpack_from("<I", font, _FACE_NAME))
            names += [*_one(name), *_one(name.replace(" ", ""))]
    except struct.error:
        pass  # keep the names read before the damage
    return tuple(dict.fromkeys(names))


def _library(data: bytes) -> Iterator[bytes]:
    """Yield the font resources of a 16-bit library, found by its table of resource types."""
    (header,) = struct.unpack_from("<I", data, 0x3C)
    if data[header : header + 2] != b"NE":
        return
    at = header + struct.unpack_from("<H", data, header + 0x24)[0]
    (shift,) = struct.unpack_from("<H", data, at)
    at += 2
    for _ in range(_MAX_RESOURCES):
        kind, count = struct.unpack_from("<HH", data, at)
        if kind == _FONT_RESOURCE:
            for number in range(min(count, _MAX_RESOURCES)):
                offset, length = struct.unpack_from("<HH", data, at + 8 + 12 * number)
                start = offset << (shift & 15)
                yield data[start : start + (length << (shift & 15))]
        if kind in {0, _FONT_RESOURCE}:  # a library has one table of fonts
            return
        at += 8 + 12 * count


def _text(data: bytes, at: int) -> str:
    return data[at : at + 128].partition(b"\0")[0].decode("latin1")


def _one(name: str) -> tuple[str, ...]:
    return (name,) if name and name.isprintable() else ()


def suitcase_names(file: BinaryIO) -> tuple[str, ...]:
    """Return the PostScript names in a font suitcase: those before the damage in a damaged one, else none."""
    names: list[str] = []
    try:
        for font in _suitcase_fonts(file):
            names += [name for face in faces_in(io.BytesIO(font)) for name in face.all_names()]
    except struct.error:
        pass
    return tuple(dict.fromkeys(names))


def _suitcase_fonts(file: BinaryIO) -> Iterator[bytes]:
    data, start = _unpack(file, 0, ">II")
    types = start + _unpack(file, start + 24, ">H")[0]
    (count,) = _unpack(file, types, ">H")
    for number in range(min(count + 1, _MAX_RESOURCES)):
        kind, last, offset = _unpack(file, types + 2 + 8 * number, ">4sHH")
        if kind != _SFNT:
            continue
        for reference in range(min(last + 1, _MAX_FONTS)):
            (at,) = _unpack(file, types + offset + 12 * reference + 4, ">I")
            begin = data + (at & 0xFFFFFF)  # the byte above it holds attributes
            (length,) = _unpack(file, begin, ">I")
            yield file.read(min(length, _MAX_FONT_BYTES))


def _unpack(file: BinaryIO, at: int, form: str) -> tuple[Any, ...]:
    file.seek(at)
    return struct.unpack(form, file.read(struct.calcsize(form)))
