"""Small real fonts for tests, made with the standard library: one face with the letter A, or a collection.

Programs accept them: fontconfig, FreeType and GDI list them, and every table that Windows requires is there.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EM, WIDTH = 1000, 600
_COORDINATES = struct.pack(">4h", 0, 500, 0, -500) + struct.pack(">4h", 0, 0, 700, 0)
_GLYPH = struct.pack(">h4h", 1, 0, 0, 500, 700) + struct.pack(">HH", 3, 0) + b"\x01" * 4 + _COORDINATES


def face(
    name: str, *, family: str = "", style: str = "Regular", salt: int = 0, version: str = "Version 1.0"
) -> bytes:
    """A TrueType font of this PostScript name; another `salt` makes other bytes of the same names."""
    return _assembled(_tables(name, family or name.partition("-")[0], style, salt, version))


def collection(*names: str) -> bytes:
    """A collection of faces of these PostScript names, in one family each."""
    start = 12 + 4 * len(names)
    faces, starts = b"", []
    for name in names:
        starts.append(start + len(faces))
        faces += _assembled(_tables(name, name.partition("-")[0], "Regular"), start + len(faces))
    return struct.pack(f">4sII{len(names)}I", b"ttcf", 0x10000, len(names), *starts) + faces


def _tables(
    name: str, family: str, style: str, salt: int = 0, version: str = "Version 1.0"
) -> dict[bytes, bytes]:
    return {
        b"OS/2": _os2(),
        b"cmap": _cmap(),
        b"glyf": _GLYPH + b"\0\0",
        b"head": struct.pack(
            ">IIIIHHQQ4hHHhhh", 0x10000, 0x10000 + salt, 0, 0x5F0F3CF5, 3, EM, 0, 0, 0, 0, 500, 700, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(">I3hHhhhhhh8xhH", 0x10000, 800, -200, 0, WIDTH, 0, 100, 500, 1, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", WIDTH, 0, WIDTH, 0),
        b"loca": struct.pack(">3I", 0, 0, len(_GLYPH) + 2),
        b"maxp": struct.pack(">IH13H", 0x10000, 2, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": _names({1: family, 2: style, 3: f"{name};{salt}", 4: f"{family} {style}", 5: version, 6: name}),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }  # fmt: skip


def _names(texts: Mapping[int, str]) -> bytes:
    records, strings = b"", b""
    for kind, text in texts.items():
        data = text.encode("utf-16-be")
        records += struct.pack(">6H", 3, 1, 0x409, kind, len(data), len(strings))
        strings += data
    return struct.pack(">3H", 0, len(texts), 6 + len(records)) + records + strings


def _cmap() -> bytes:
    """Format 4: the letter A is glyph 1."""
    segments = struct.pack(">HHxxHHhhHH", 65, 0xFFFF, 65, 0xFFFF, 1 - 65, 1, 0, 0)
    table = struct.pack(">7H", 4, 16 + 16, 0, 4, 4, 1, 0) + segments
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def _os2() -> bytes:
    first = struct.pack(">HhHHH10hh10x", 4, WIDTH, 400, 5, 0, *([100] * 10), 0)
    return (
        first
        + struct.pack(">IIII4sHHH", 1, 0, 0, 0, b"TEST", 0x40, 65, 65)
        + struct.pack(">hhhHHIIhhHHH", 800, -200, 90, 800, 200, 1, 0, 500, 700, 0, 32, 1)
    )


def _assembled(tables: Mapping[bytes, bytes], start: int = 0) -> bytes:
    """Offset table, directory and tables, as they stand at `start` of their file."""
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = struct.pack(">IHHHH", 0x10000, count, 16 * power, power.bit_length() - 1, 16 * (count - power))
    directory, body = b"", b""
    first = start + len(header) + 16 * count
    for tag, data in sorted(tables.items()):
        directory += struct.pack(">4sIII", tag, _checksum(data), first + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    whole = bytearray(header + directory + body)
    if not start:
        head = whole.index(struct.pack(">I", 0x5F0F3CF5)) - 4
        struct.pack_into(">I", whole, head, (0xB1B0AFBA - _checksum(bytes(whole))) & 0xFFFFFFFF)
    return bytes(whole)


def _checksum(data: bytes) -> int:
    data += b"\0" * (-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(data) // 4}I", data)
    return sum(words) & 0xFFFFFFFF
