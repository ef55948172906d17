"""Whether bytes are a font that a system may be given. Pure; the standard library is enough.

    offset table ─► table directory ─► tables inside the file ─► head, maxp, cmap, hhea, hmtx, outlines, name
    ttcf ─► an offset table for each face

A worker hands files that came with a job to the system's own font parser, so it looks first: signature, directory,
bounds of every table, the few numbers that must be right, and names that can be read. A file that merely calls itself a
font ends here. What lies inside the outlines is left to the system, which has to bear any font that a user installs.

Source: OpenType specification 1.9, "Font file", `head`, `maxp`, `cmap`.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.fonts.sfnt import faces_in

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from stmpo.fonts.face import Face

MOST_BYTES = 256 << 20
"""The largest font files of systems, collections of East Asian or emoji faces, have somewhat under 200 MiB."""

_SIGNATURES = (b"\x00\x01\x00\x00", b"true", b"OTTO")
_MOST_FACES = 256
_MOST_TABLES = 512
_HEAD_MAGIC = 0x5F0F3CF5
_LEAST = {b"head": 54, b"maxp": 6, b"cmap": 4, b"hhea": 36, b"hmtx": 4, b"name": 6}
"""Tables that every system reads, and the bytes that each has at least."""

_OUTLINES = ({b"glyf", b"loca"}, {b"CFF "}, {b"CFF2"}, {b"sbix"}, {b"CBDT", b"CBLC"})


class NotAFont(ValueError):  # noqa: N818 - it is said of the file
    """What is wrong with the file, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class ValidFont:
    """A font file that holds together, as read."""

    data: bytes
    faces: tuple[Face, ...]

    path: Path | None = None
    """Where programs would find it; None for one that has only travelled."""

    @property
    def names(self) -> tuple[str, ...]:
        """The PostScript names of all faces and named instances, each once."""
        return tuple(dict.fromkeys(name for face in self.faces for name in face.all_names()))

    @property
    def titles(self) -> tuple[str, ...]:
        """What people call each face: family and style."""
        return tuple(dict.fromkeys(f"{face.family} {face.style}".strip() for face in self.faces))

    def answers(self, name: str) -> bool:
        """Whether a face goes by this PostScript name, or an instance of it does."""
        return any(face.style_of(name) is not None for face in self.faces)

    def version(self, name: str) -> str:
        """The version of the face that goes by this name, as its maker writes it; empty where it is not known."""
        return next((face.version for face in self.faces if face.style_of(name) is not None), "")

    def shows(self, name: str, listed: Collection[str]) -> bool:
        """Whether the font of this PostScript name is there when a program finds faces of the `listed` names.

        A variable font is listed by its faces; its instances each program names after its own fashion.
        """
        return any(
            face.style_of(name) is not None and any(own in listed for own in face.names)
            for face in self.faces
        )


def examine(data: bytes) -> ValidFont:
    """Look a font file through, and read its names.

    Raises:
        NotAFont: it is none, is cut short, or has a face without a PostScript name.
    """
    count = check(data)
    faces = faces_in(io.BytesIO(data))
    if len(faces) != count:
        raise NotAFont("its names cannot be read")
    return ValidFont(data, faces)


def check(data: bytes) -> int:
    """Look a font file through. Returns how many faces it has.

    Raises:
        NotAFont: it is none, or is cut short.
    """
    if len(data) > MOST_BYTES:
        raise NotAFont(f"it is larger than {MOST_BYTES >> 20} MiB")
    try:
        starts = _starts(data) if data[:4] == b"ttcf" else (0,)
        for start in starts:
            _check_face(data, start)
    except struct.error:
        raise NotAFont("it ends inside its own tables") from None
    return len(starts)


def _starts(data: bytes) -> tuple[int, ...]:
    """Where the faces of a collection begin."""
    (count,) = struct.unpack_from(">I", data, 8)
    if not 1 <= count <= _MOST_FACES:
        raise NotAFont(f"it is a collection of {count} faces")
    starts: tuple[int, ...] = struct.unpack_from(f">{count}I", data, 12)
    return starts


def _check_face(data: bytes, start: int) -> None:
    if data[start : start + 4] not in _SIGNATURES:
        raise NotAFont("it does not begin as a TrueType or OpenType font does")
    tables = _directory(data, start)
    lacking = [tag.decode() for tag, least in _LEAST.items() if len(tables.get(tag, b"")) < least]
    if lacking:
        raise NotAFont(f"it has no whole table {', '.join(lacking)}")
    if not any(outline <= tables.keys() for outline in _OUTLINES):
        raise NotAFont("it has no outlines")
    if struct.unpack_from(">I", tables[b"head"], 12)[0] != _HEAD_MAGIC:
        raise NotAFont("its table head is damaged")
    if not struct.unpack_from(">H", tables[b"maxp"], 4)[0]:
        raise NotAFont("it has no glyphs")
    _check_characters(tables[b"cmap"])


def _directory(data: bytes, start: int) -> dict[bytes, memoryview]:
    """The tables of a face, none of which reaches beyond the file."""
    (count,) = struct.unpack_from(">H", data, start + 4)
    if not 1 <= count <= _MOST_TABLES:
        raise NotAFont(f"it has {count} tables")
    tables: dict[bytes, memoryview] = {}
    whole = memoryview(data)
    for index in range(count):
        tag, offset, length = struct.unpack_from(">4s4xII", data, start + 12 + 16 * index)
        if tag in tables or not all(0x20 <= letter < 0x7F for letter in tag):
            raise NotAFont(f"its table directory is damaged at {tag!r}")
        if offset + length > len(data):
            raise NotAFont(f"its table {tag.decode()} reaches beyond the file's end")
        tables[tag] = whole[offset : offset + length]
    return tables


def _check_characters(table: memoryview) -> None:
    _, count = struct.unpack_from(">HH", table)
    for index in range(count):
        if struct.unpack_from(">I", table, 8 + 8 * index)[0] >= len(table):
            raise NotAFont("its table cmap is damaged")
