"""A second reader of font files, by fontTools: the oracle for `stmpo.fonts.sfnt`."""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, BinaryIO

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from stmpo.fonts import sfnt
from stmpo.fonts.face import Face, FaceTables, NameRecord, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # tests read damaged fonts on purpose


def read_faces(path: Path) -> tuple[Face, ...]:
    """Return the faces of a font file, in file order; none if it is not a font or cannot be read."""
    try:
        with path.open("rb") as file:
            faces = [_face(file, index) for index in range(len(sfnt.face_offsets(file)))]
    except (OSError, struct.error):
        return ()
    return tuple(face for face in faces if face is not None)


def _face(file: BinaryIO, index: int) -> Face | None:
    """Return one face; None if it is damaged."""
    file.seek(0)
    try:
        return make_face(_tables(TTFont(file, fontNumber=index, lazy=True)), index)
    except Exception:  # noqa: BLE001 - a damaged font may fail anywhere in fontTools
        return None


def _tables(font: TTFont) -> FaceTables:
    variations = font.get("fvar")
    system = font.reader["OS/2"] if "OS/2" in font.reader.keys() else b""  # noqa: SIM118 - no dictionary
    return FaceTables(
        records=tuple(_records(font)),
        embedding=int.from_bytes(system[8:10], "big"),
        axes=tuple(_tag(axis.axisTag) for axis in variations.axes) if variations else (),
        instances=tuple((one.subfamilyNameID, one.postscriptNameID) for one in variations.instances)
        if variations
        else (),
    )


def _tag(tag: str | bytes) -> str:
    """Return a tag as text; fontTools returns bytes if it is not ASCII."""
    return tag if isinstance(tag, str) else tag.decode("latin1")


def _records(font: TTFont) -> Iterator[NameRecord]:
    if "name" not in font or sfnt.exceeds_text_limit(font.reader["name"]):
        return
    for record in font["name"].names:
        try:
            text = record.toUnicode()
        except UnicodeDecodeError:
            continue
        yield NameRecord(record.platformID, record.platEncID, record.langID, record.nameID, text)
