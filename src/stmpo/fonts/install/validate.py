"""Check that bytes are a font that is safe to install. Pure, with the standard library alone.

    offset table ─► table directory ─► tables inside the file ─► head, maxp, cmap, hhea, hmtx, outlines, name
    ttcf ─► an offset table for each face

A worker passes files that came with a job to the system's font parser, so it checks them first: signature,
directory, bounds of every table, the few numbers that must be right, and readable names. Outlines are not
checked: the system has to cope with those of any font that a user installs.

Source: OpenType specification 1.9, "Font file", `head`, `maxp`, `cmap`.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.fonts.sfnt import COLLECTION, MAX_FACES, MAX_TABLES, faces_in

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from stmpo.fonts.face import Face

MAX_BYTES = 256 << 20
"""The largest system fonts (collections of East Asian or emoji faces) are just under 200 MiB."""

_SIGNATURES = (b"\x00\x01\x00\x00", b"true", b"OTTO")
_HEAD_MAGIC = 0x5F0F3CF5
_REQUIRED_TABLES = {b"head": 54, b"maxp": 6, b"cmap": 4, b"hhea": 36, b"hmtx": 4, b"name": 6}
"""Tables that every system reads, with their least sizes in bytes."""

_OUTLINES = ({b"glyf", b"loca"}, {b"CFF "}, {b"CFF2"}, {b"sbix"}, {b"CBDT", b"CBLC"})


class NotAFont(ValueError):  # noqa: N818 - the name is the finding
    """The file is not a usable font; the message says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class ValidFont:
    """A font file that passed the checks."""

    data: bytes
    faces: tuple[Face, ...]

    path: Path | None = None
    """Its installed path; None for a file that only came with a job."""

    @property
    def names(self) -> tuple[str, ...]:
        """The PostScript names of all faces and named instances, each once."""
        return tuple(dict.fromkeys(name for face in self.faces for name in face.all_names()))

    @property
    def titles(self) -> tuple[str, ...]:
        """The family and style of each face."""
        return tuple(dict.fromkeys(f"{face.family} {face.style}".strip() for face in self.faces))

    def has_name(self, name: str) -> bool:
        """Return whether a face or an instance has this PostScript name."""
        return any(face.style_of(name) is not None for face in self.faces)

    def version(self, name: str) -> str:
        """Return the version text of the face with this name; empty if it is not known."""
        return next((face.version for face in self.faces if face.style_of(name) is not None), "")

    def is_listed_among(self, name: str, listed: Collection[str]) -> bool:
        """Return whether a program that finds the `listed` names has the font of this PostScript name.

        A variable font is listed by its faces; programs name its instances in different ways.
        """
        return any(
            face.style_of(name) is not None and any(own in listed for own in face.names)
            for face in self.faces
        )


def validate_font(data: bytes) -> ValidFont:
    """Check a font file and read its names.

    Raises:
        NotAFont: it is not a font, is truncated, or has a face without a PostScript name.
    """
    count = check_structure(data)
    faces = faces_in(io.BytesIO(data))
    if len(faces) != count:
        raise NotAFont("its names cannot be read")
    return ValidFont(data, faces)


def check_structure(data: bytes) -> int:
    """Check the structure of a font file; return its number of faces.

    Raises:
        NotAFont: it is not a font, or is truncated.
    """
    if len(data) > MAX_BYTES:
        raise NotAFont(f"it is larger than {MAX_BYTES >> 20} MiB")
    try:
        starts = _starts(data) if data[:4] == COLLECTION else (0,)
        for start in starts:
            _check_face(data, start)
    except struct.error:
        raise NotAFont("it ends inside its own tables") from None
    return len(starts)


def _starts(data: bytes) -> tuple[int, ...]:
    """Return the byte offset of each face of a collection."""
    (count,) = struct.unpack_from(">I", data, 8)
    if not 1 <= count <= MAX_FACES:
        raise NotAFont(f"it is a collection of {count} faces")
    starts: tuple[int, ...] = struct.unpack_from(f">{count}I", data, 12)
    return starts


def _check_face(data: bytes, start: int) -> None:
    if data[start : start + 4] not in _SIGNATURES:
        raise NotAFont("it does not begin as a TrueType or OpenType font does")
    tables = _directory(data, start)
    lacking = [tag.decode() for tag, least in _REQUIRED_TABLES.items() if len(tables.get(tag, b"")) < least]
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
    """Return the tables of a face; none extends beyond the file."""
    (count,) = struct.unpack_from(">H", data, start + 4)
    if not 1 <= count <= MAX_TABLES:
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
