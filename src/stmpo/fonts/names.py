"""The PostScript names that a font file holds: name 6 of the `name` table of each face (OpenType, TrueType, collections).

After Effects knows a font by this name. A file that is cut, or no font, has no names; reading it never fails.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSTSCRIPT = 6
"""The name that After Effects goes by (OpenType specification, name identifiers)."""

_FACES = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"typ1")
_MAX_FACES = 256
_MAX_TABLES = 512
_MAX_NAMES_BYTES = 2**20


def postscript_names(path: Path) -> tuple[str, ...]:
    """The PostScript names in a font file, in the order of its faces; empty where it is no font."""
    try:
        with path.open("rb") as file:
            return tuple(dict.fromkeys(name for start in _faces(file) for name in _names(file, start)))
    except (OSError, struct.error, UnicodeDecodeError):
        return ()


def _faces(file: BinaryIO) -> list[int]:
    """Where each face begins."""
    tag, _, count = struct.unpack(">4sII", file.read(12))
    if tag in _FACES:
        return [0]
    if tag != b"ttcf":
        return []
    count = min(count, _MAX_FACES)
    return list(struct.unpack(f">{count}I", file.read(4 * count)))


def _names(file: BinaryIO, face: int) -> Iterator[str]:
    file.seek(face)
    _, tables = struct.unpack(">4sH6x", file.read(12))
    for _ in range(min(tables, _MAX_TABLES)):
        tag, offset, length = struct.unpack(">4s4xII", file.read(16))
        if tag == b"name":
            file.seek(offset)
            yield from _records(file.read(min(length, _MAX_NAMES_BYTES)))
            return


def _records(table: bytes) -> Iterator[str]:
    count, strings = struct.unpack_from(">2xHH", table)
    for index in range(count):
        platform, kind, length, offset = struct.unpack_from(">H4xHHH", table, 6 + 12 * index)
        text = table[strings + offset : strings + offset + length]
        if kind == POSTSCRIPT and text:
            yield text.decode("mac-roman" if platform == 1 else "utf-16-be")
