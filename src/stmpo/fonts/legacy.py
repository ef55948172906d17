"""Fonts of earlier times, recognised so that somebody who uses one is told why it does not travel.

- Type 1 (`.pfb`, `.pfa`, and the metrics in `.pfm`): Adobe's programs have not read them since January 2023.
- Bitmap fonts of Windows (`.fon`, a library of `.fnt` resources): they have face names and no PostScript names.
- Font suitcases of the Macintosh (`.dfont`), which no other system reads; see `stmpo.fonts.suitcase`.

Nothing is installed from them. Sources: Adobe Technical Notes 5040 and 5178; Microsoft, "FON/FNT resource format".
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.fonts.suitcase import suitcase_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUITCASE = ".dfont"
"""Told by its extension: it begins like many another file."""

_MOST = 1 << 20
_NAMED = re.compile(rb"/FontName\s*/([!-~]{1,127}?)(?:\s+def\b|\s*$)", re.MULTILINE)
_PFM_VERSION, _PFM_DRIVER_INFO = 0x0100, 139
_FACE_NAME = 105
_FONT_RESOURCE = 0x8008
_MAX_RESOURCES = 256


@dataclass(frozen=True, slots=True)
class Legacy:
    """What such a file is."""

    kind: str
    """`Type 1`, `bitmap` or `Mac suitcase`."""

    names: tuple[str, ...]
    """What it is called; a bitmap font's face name also without its blanks."""


def read_legacy(path: Path) -> Legacy | None:
    """What a file is, if it is such a font; reading it never fails."""
    try:
        with path.open("rb") as file:
            if path.suffix.lower() == SUITCASE:
                names = suitcase_names(file)
                return Legacy("Mac suitcase", names) if names else None
            return _legacy(file.read(_MOST), path.stat().st_size)
    except (OSError, struct.error):
        return None


def _legacy(data: bytes, size: int) -> Legacy | None:
    """What it is by what it begins with, and by its size.

    Raises:
        struct.error: it ends too early.
    """
    if data[:2] == b"\x80\x01" or data.startswith((b"%!PS-AdobeFont", b"%!FontType1")):
        return Legacy("Type 1", tuple(name.decode("ascii") for name in _NAMED.findall(data)[:1]))
    if data[:2] == b"MZ":
        return Legacy("bitmap", _face_names(_library(data)))
    version, said = struct.unpack_from("<HI", data)
    if said != size:
        return None
    if version == _PFM_VERSION:
        return Legacy("Type 1", _one(_text(data, *struct.unpack_from("<I", data, _PFM_DRIVER_INFO))))
    return Legacy("bitmap", _face_names([data])) if version in {0x0200, 0x0300} else None


def _face_names(fonts: Iterator[bytes] | list[bytes]) -> tuple[str, ...]:
    names: list[str] = []
    try:
        for font in fonts:
            name = _text(font, *struct.unpack_from("<I", font, _FACE_NAME))
            names += [*_one(name), *_one(name.replace(" ", ""))]
    except struct.error:
        pass  # what was read before the damage stands
    return tuple(dict.fromkeys(names))


def _library(data: bytes) -> Iterator[bytes]:
    """The font resources of a 16-bit library: a table of types, each with where its resources lie."""
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
