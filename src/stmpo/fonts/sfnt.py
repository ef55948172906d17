"""Font files read by the standard library alone: OpenType, TrueType and collections, as far as their names go.

It is what a worker has. `stmpo.fonts.opentype` reads the same by fontTools; a test holds the two equal on every font of
the machine. A file that is cut, damaged or no font has no faces; reading it never fails.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from stmpo.fonts.face import NO_NAME, Face, NameRecord, Tables, face_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SIGNATURES = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"typ1")
"""What a file of one face begins with."""

COLLECTION = b"ttcf"

MAX_FACES = 256
_MAX_TABLES = 512
_MAX_RECORDS = 20_000
_MAX_TABLE_BYTES = 2**20
_MOST_TEXT = 2**23
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
    """The faces of a font file, in its order; none where it is no font or cannot be read."""
    try:
        with path.open("rb") as file:
            return faces_in(file)
    except OSError:
        return ()


def faces_in(file: BinaryIO) -> tuple[Face, ...]:
    """The same of a file that is open.

    Raises:
        OSError: it cannot be read.
    """
    try:
        starts = face_offsets(file)
    except struct.error:
        return ()
    faces = (_face(file, start, index) for index, start in enumerate(starts))
    return tuple(face for face in faces if face is not None)


def names_of(table: bytes) -> tuple[str, ...]:
    """The PostScript names of a `name` table by itself, as a system hands it out."""
    face = face_of(Tables(records=tuple(_records(table))), 0)
    return () if face is None else face.names


def face_offsets(file: BinaryIO) -> list[int]:
    """Where each face begins; none in a file that is no font.

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
    """One face; None where it is damaged, so that a collection keeps its others."""
    try:
        tables = _directory(file, start)
        names = _table(file, tables, b"name")
        variations = _table(file, tables, b"fvar")
        system = _table(file, tables, b"OS/2")
        axes, instances = _variations(variations) if variations else ((), ())
        return face_of(
            Tables(
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
    for _ in range(min(count, _MAX_TABLES)):
        tag, offset, length = struct.unpack(">4s4xII", file.read(16))
        tables[tag] = offset, length
    return tables


def _table(file: BinaryIO, tables: Mapping[bytes, tuple[int, int]], tag: bytes) -> bytes:
    if tag not in tables:
        return b""
    offset, length = tables[tag]
    file.seek(offset)
    return file.read(min(length, _MAX_TABLE_BYTES))


def overflows(table: bytes) -> bool:
    """Whether the records of a `name` table claim more text than fonts have: made to fill a reader's memory.

    All records may point to one text, so that a table of a megabyte can hold gigabytes.
    """
    if len(table) < 6:
        return False
    (count,) = struct.unpack_from(">H", table, 2)
    body = table[6 : 6 + 12 * count]
    whole = body[: len(body) // 12 * 12]
    claimed: int = sum(length for (length,) in struct.iter_unpack(">8xH2x", whole))
    return claimed > _MOST_TEXT


def _records(table: bytes) -> Iterator[NameRecord]:
    """The records whose text can be read."""
    if len(table) < 6 or overflows(table):
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
    """The text, mended where it is 16 bits a character in part or twice over, as some tools have written it."""
    if codec == "utf_16_be" and len(data) % 2:
        data = _mended(data)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    if text and not any(map(ord, text[::2])) and text[1::2].isascii():
        return text[1::2]
    return text


def _mended(data: bytes) -> bytes:
    """Text of 16 bits a character from an odd number of bytes: one zero too many, one too few, or only the first."""
    if data[-1] == 0:
        return data[:-1]
    if not any(data[1::2]):
        return b"\0" + data
    if data[0] == 0 and data.isascii():
        return b"".join(b"\0" + data[at : at + 1] for at in range(1, len(data)))
    return data


def _variations(table: bytes) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Axis tags, and the name identifiers of each named instance."""
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
