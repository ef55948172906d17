"""Read the names in font files: OpenType, TrueType and collections, with the standard library alone.

    file ─► face offsets ─► table directory ─► `name`, `fvar`, `OS/2` ─► `stmpo.fonts.face`

A file that is truncated, damaged or not a font has no faces; reading it never raises. Sizes and counts that
a file claims are bounded, because workers read files that came with a job.

Source: OpenType specification 1.9, "Font file", `name`, `fvar`, `OS/2`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from stmpo.fonts.face import NO_NAME, Face, FaceTables, NameRecord, make_face

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SIGNATURES = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"typ1")
"""The first four bytes of a file with one face."""

COLLECTION = b"ttcf"

MAX_FACES = 256
MAX_TABLES = 512
_MAX_RECORDS = 20_000
_MAX_TABLE_BYTES = 2**20
_MAX_TEXT_BYTES = 2**23
_MAX_AXES = 64
_MAX_INSTANCES = 4096

_WINDOWS = {2: "shift_jis", 3: "gb2312", 4: "big5", 5: "euc_kr", 6: "johab"}
_MAC_ROMAN = {
    15: "mac_iceland",
    17: "mac_turkish",
    18: "mac_croatian",
    37: "mac_romanian",
    **dict.fromkeys((24, 25, 26, 27, 28, 36, 38, 39, 40), "mac_latin2"),
}
_MAC = {
    1: "shift_jis",
    2: "big5",
    3: "euc_kr",
    6: "mac_greek",
    7: "mac_cyrillic",
    25: "gb2312",
    29: "mac_latin2",
    35: "mac_turkish",
    37: "mac_iceland",
}


def read_faces(path: Path) -> tuple[Face, ...]:
    """Return the faces of a font file, in file order; none if it is not a font or cannot be read."""
    try:
        with path.open("rb") as file:
            return faces_in(file)
    except OSError:
        return ()


def faces_in(file: BinaryIO) -> tuple[Face, ...]:
    """Return the faces of an open font file.

    Raises:
        OSError: it cannot be read.
    """
    try:
        starts = face_offsets(file)
    except struct.error:
        return ()
    faces = (_face(file, start, index) for index, start in enumerate(starts))
    return tuple(face for face in faces if face is not None)


def names_in_table(table: bytes) -> tuple[str, ...]:
    """Return the PostScript names in the bytes of a `name` table, as GDI returns it."""
    face = make_face(FaceTables(records=tuple(_records(table))), 0)
    return () if face is None else face.names


def face_offsets(file: BinaryIO) -> list[int]:
    """Return the byte offset of each face; none if the file is not a font.

    Raises:
        OSError: it cannot be read.
        struct.error: it ends too early.
    """
    tag, _, count = struct.unpack(">4sII", file.read(12))
    if tag in SIGNATURES:
        return [0]
    if tag != COLLECTION:
        return []
    count = min(count, MAX_FACES)
    return list(struct.unpack(f">{count}I", file.read(4 * count)))


def _face(file: BinaryIO, start: int, index: int) -> Face | None:
    """Return one face; None if it is damaged, so that the others of a collection are kept."""
    try:
        tables = _directory(file, start)
        names = _table(file, tables, b"name")
        variations = _table(file, tables, b"fvar")
        system = _table(file, tables, b"OS/2")
        axes, instances = _variations(variations) if variations else ((), ())
        return make_face(
            FaceTables(
                records=tuple(_records(names)),
                embedding=struct.unpack_from(">H", system, 8)[0] if len(system) >= 10 else 0,
                axes=axes,
                instances=instances,
            ),
            index,
        )
    except struct.error:
        return None


def _directory(file: BinaryIO, start: int) -> dict[bytes, tuple[int, int]]:
    file.seek(start)
    signature, count = struct.unpack(">4sH6x", file.read(12))
    if signature not in SIGNATURES:
        return {}
    tables = {}
    for _ in range(min(count, MAX_TABLES)):
        tag, offset, length = struct.unpack(">4s4xII", file.read(16))
        tables[tag] = offset, length
    return tables


def _table(file: BinaryIO, tables: Mapping[bytes, tuple[int, int]], tag: bytes) -> bytes:
    if tag not in tables:
        return b""
    offset, length = tables[tag]
    file.seek(offset)
    return file.read(min(length, _MAX_TABLE_BYTES))


def exceeds_text_limit(table: bytes) -> bool:
    """Return whether the records of a `name` table claim more text than any real font has.

    All records may point to the same text, so a table of one megabyte can claim gigabytes of memory.
    """
    if len(table) < 6:
        return False
    (count,) = struct.unpack_from(">H", table, 2)
    body = table[6 : 6 + 12 * count]
    whole = body[: len(body) // 12 * 12]
    claimed: int = sum(length for (length,) in struct.iter_unpack(">8xH2x", whole))
    return claimed > _MAX_TEXT_BYTES


def _records(table: bytes) -> Iterator[NameRecord]:
    """Yield the records whose text can be decoded."""
    if len(table) < 6 or exceeds_text_limit(table):
        return
    count, strings = struct.unpack_from(">2xHH", table)
    for at in range(6, min(6 + 12 * min(count, _MAX_RECORDS), len(table) - 11), 12):
        platform, encoding, language, kind, length, offset = struct.unpack_from(">6H", table, at)
        data = table[strings + offset : strings + offset + length]
        if len(data) < length:
            continue
        text = _decoded(data, _codec(platform, encoding, language))
        if text is not None:
            yield NameRecord(platform, encoding, language, kind, text)


def _codec(platform: int, encoding: int, language: int) -> str:
    if platform == 1:
        return _MAC_ROMAN.get(language, "mac_roman") if encoding == 0 else _MAC.get(encoding, "ascii")
    if platform == 3:
        return _WINDOWS.get(encoding, "utf_16_be" if encoding in {0, 1, 10} else "ascii")
    if platform == 2:
        return {0: "ascii", 1: "utf_16_be", 2: "latin1"}.get(encoding, "ascii")
    return "utf_16_be" if platform == 0 and encoding <= 6 else "ascii"


def _decoded(data: bytes, codec: str) -> str | None:
    """Return the text; None if it cannot be decoded.

    Some tools wrote UTF-16 with a byte missing, or encoded it twice. Both are repaired, as fontTools does.
    """
    if codec == "utf_16_be" and len(data) % 2:
        data = _repaired(data)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    if text and not any(map(ord, text[::2])) and text[1::2].isascii():
        return text[1::2]
    return text


def _repaired(data: bytes) -> bytes:
    """Return UTF-16 text of an odd length, repaired: one zero byte removed or added, or one per character."""
    if data[-1] == 0:
        return data[:-1]
    if not any(data[1::2]):
        return b"\0" + data
    if data[0] == 0 and data.isascii():
        return b"".join(b"\0" + data[at : at + 1] for at in range(1, len(data)))
    return data


def _variations(table: bytes) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Return the axis tags, and the name identifiers (style, PostScript name) of each named instance."""
    version, offset, axes, axis_size, count, size = struct.unpack_from(">IH2xHHHH", table)
    if version != 0x10000 or axes > _MAX_AXES or axis_size < 20 or size < 4 + 4 * axes:
        return (), ()
    tags = tuple(
        table[at : at + 4].decode("latin1") for at in range(offset, offset + axes * axis_size, axis_size)
    )
    at, coordinates = offset + axes * axis_size, 4 + 4 * axes
    instances = []
    for _ in range(min(count, _MAX_INSTANCES)):
        (style,) = struct.unpack_from(">H", table, at)
        named = size >= coordinates + 2
        name = struct.unpack_from(">H", table, at + coordinates)[0] if named else NO_NAME
        instances.append((style, name))
        at += size
    return tags, tuple(instances)
