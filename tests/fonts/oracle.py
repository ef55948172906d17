"""Font files read by fontTools, which is installed where projects are sent from: it comes with `stmpo[submit]`.

Only the tables that name a face are decoded. The one module that imports fontTools; without it, `stmpo.fonts.sfnt`
reads the same.
"""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, BinaryIO

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from stmpo.fonts import sfnt
from stmpo.fonts.face import Face, NameRecord, Tables, face_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # damage is ours to tell, and only where it matters


def read_faces(path: Path) -> tuple[Face, ...]:
    """The faces of a font file, in its order; none where it is no font or cannot be read."""
    try:
        with path.open("rb") as file:
            faces = [_face(file, index) for index in range(len(sfnt.face_offsets(file)))]
    except (OSError, struct.error):
        return ()
    return tuple(face for face in faces if face is not None)


def _face(file: BinaryIO, index: int) -> Face | None:
    """One face; None where it is damaged, so that a collection keeps its others."""
    file.seek(0)
    try:
        return face_of(_tables(TTFont(file, fontNumber=index, lazy=True)), index)
    except Exception:  # noqa: BLE001 - the boundary: a damaged font fails anywhere in its parser, and never the search
        return None


def _tables(font: TTFont) -> Tables:
    variations = font.get("fvar")
    system = font.reader["OS/2"] if "OS/2" in font.reader.keys() else b""  # noqa: SIM118 - no dictionary
    return Tables(
        records=tuple(_records(font)),
        embedding=int.from_bytes(system[8:10], "big"),
        axes=tuple(_tag(axis.axisTag) for axis in variations.axes) if variations else (),
        instances=tuple((one.subfamilyNameID, one.postscriptNameID) for one in variations.instances)
        if variations
        else (),
    )


def _tag(tag: str | bytes) -> str:
    """A tag that is no ASCII comes as bytes."""
    return tag if isinstance(tag, str) else tag.decode("latin1")


def _records(font: TTFont) -> Iterator[NameRecord]:
    if "name" not in font or sfnt.overflows(font.reader["name"]):
        return
    for record in font["name"].names:
        try:
            text = record.toUnicode()
        except UnicodeDecodeError:
            continue
        yield NameRecord(record.platformID, record.platEncID, record.langID, record.nameID, text)
