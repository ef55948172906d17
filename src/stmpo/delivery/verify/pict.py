"""PICT (.pct, .pict): every opcode of a picture of version 2 (Inside Macintosh: Imaging).

Each opcode has a known size, states it, or holds a pixel map, whose rows are walked. A picture of version 1,
or an opcode whose size is not known, is refused. After Effects does not write them.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_HEADER_BYTES = 512
_START = Struct(">H4hIH")
"""Size (of no use), frame (top, left, bottom, right), version opcode and number, first opcode."""

_VERSION_2 = 0x001102FF
_HEADER_OPCODE = 0x0C00
_END = 0x00FF
_BYTE = Struct(">B")
_WORD = Struct(">H")
_LONG = Struct(">I")
_PIXMAP = Struct(">H4hHHI8xHHHH12x")
"""Row bytes, bounds, version, packing and its size; then pixel type, pixel size, components, bits of a
component."""

_BITMAP = Struct(">H4h")
_IS_PIXMAP = 0x8000
_RECTANGLES_AND_MODE = 18
_MAX_OPCODES = 1_000_000

_SIZES = {
    **dict.fromkeys((0x00, 0x17, 0x18, 0x19, 0x1C, 0x1E), 0),
    **dict.fromkeys((0x02, 0x09, 0x0A, 0x10, 0x20), 8),
    **dict.fromkeys((0x03, 0x05, 0x08, 0x0D, 0x11, 0x15, 0x16, 0x23), 2),
    0x04: 1,
    **dict.fromkeys((0x06, 0x07, 0x0B, 0x0C, 0x0E, 0x0F, 0x21), 4),
    **dict.fromkeys((0x1A, 0x1B, 0x1D, 0x1F, 0x22), 6),
    **dict.fromkeys((*range(0x30, 0x38), *range(0x40, 0x48), *range(0x50, 0x58)), 8),
    **dict.fromkeys((*range(0x38, 0x40), *range(0x48, 0x50), *range(0x58, 0x60)), 0),
    **dict.fromkeys(range(0x60, 0x68), 12),
    **dict.fromkeys(range(0x68, 0x70), 4),
    **dict.fromkeys((*range(0x78, 0x80), *range(0x88, 0x90), *range(0xB0, 0xD0)), 0),
    0xA0: 2,
}
"""Bytes of data after an opcode. They are padded to an even number."""

_COUNTED = {
    0x28: (4, _BYTE),
    **dict.fromkeys((0x29, 0x2A), (1, _BYTE)),
    0x2B: (2, _BYTE),
    0xA1: (2, _WORD),
    **dict.fromkeys((*range(0x24, 0x28), *range(0x2C, 0x30), *range(0x92, 0x98)), (0, _WORD)),
    **dict.fromkeys((*range(0x9C, 0xA0), *range(0xA2, 0xB0)), (0, _WORD)),
    **dict.fromkeys(range(0xD0, 0xFF), (0, _LONG)),
}
"""Opcodes that state the length of their data: bytes before the length, and its layout."""

_LENGTH_INCLUDED = frozenset((0x01, *range(0x70, 0x78), *range(0x80, 0x88)))
"""Regions and polygons: opcodes that begin with their length in bytes, itself included."""

_PIXELS = {0x90: False, 0x91: True, 0x98: False, 0x99: True, 0x9A: False, 0x9B: True}
"""Bitmaps and pixel maps, and whether a mask region follows their rectangles."""


def check(reader: Reader) -> Dimensions:
    """Walk all opcodes.

    Raises:
        Damaged: an opcode or a row of pixels is cut, is not known, or the end opcode is missing.
    """
    fields = reader.unpack(_START, _HEADER_BYTES, "its header")
    _size, top, left, bottom, right, version, first = fields
    if version != _VERSION_2 or first != _HEADER_OPCODE:
        raise Damaged("is not a PICT of version 2")
    picture = Dimensions.checked(right - left, bottom - top)
    at = _HEADER_BYTES + _START.size - _WORD.size
    pixels = 0
    for _ in range(_MAX_OPCODES):
        (opcode,) = reader.unpack(_WORD, at, "its opcodes; its end opcode is missing")
        at += _WORD.size
        if opcode == _END:
            break
        end = _pixels_end(reader, opcode, at) if opcode in _PIXELS else at + _data_bytes(reader, opcode, at)
        pixels += opcode in _PIXELS or opcode in {0x8200, 0x8201}
        at = end + end % 2
        reader.need(at, f"its opcode {opcode:04X}")
    else:
        raise Damaged(f"holds more than {_MAX_OPCODES:,} opcodes")
    if not pixels:
        raise Damaged("holds no picture data: there is no bitmap before its end opcode")
    return picture


def _data_bytes(reader: Reader, opcode: int, at: int) -> int:
    """Return the bytes of data after an opcode."""
    what = f"its opcode {opcode:04X}"
    if opcode in _SIZES:
        return _SIZES[opcode]
    if opcode in _LENGTH_INCLUDED:
        return max(_WORD.size, _number(reader, _WORD, at, what))
    if opcode in _COUNTED or opcode >= 0x8100:
        before, layout = _COUNTED.get(opcode, (0, _LONG))
        return before + layout.size + _number(reader, layout, at + before, what)
    if opcode < 0x0100:
        raise Damaged(f"holds the opcode {opcode:04X} at byte {at - _WORD.size:,}, whose size is not known")
    return (opcode >> 8) * 2 if opcode < 0x8000 else 0


def _number(reader: Reader, layout: Struct, at: int, what: str) -> int:
    return int(reader.unpack(layout, at, what)[0])


def _pixels_end(reader: Reader, opcode: int, at: int) -> int:
    """Return where a bitmap or pixel map ends."""
    what = "its picture data"
    direct = opcode in {0x9A, 0x9B}
    if direct:
        at += _LONG.size
    fields = reader.unpack(_BITMAP, at, what)
    row_bytes, rows = int(fields[0]), int(fields[3] - fields[1])
    packing = 0
    pixel_bits = 1
    if direct or row_bytes & _IS_PIXMAP:
        fields = reader.unpack(_PIXMAP, at, what)
        packing, pixel_bits = fields[6], fields[9]
        at += _PIXMAP.size
        if not direct:
            at += 8 + (_number(reader, _WORD, at + 6, what) + 1) * 8
    else:
        at += _BITMAP.size
    row_bytes &= ~_IS_PIXMAP
    at += _RECTANGLES_AND_MODE
    if _PIXELS[opcode]:
        at += max(_WORD.size, _number(reader, _WORD, at, what))
    if rows <= 0 or not row_bytes:
        raise Damaged("holds a bitmap without rows")
    if opcode in {0x90, 0x91} or row_bytes < 8 or packing == 1:
        return at + rows * row_bytes
    if packing == 2 and pixel_bits == 32:
        return at + rows * row_bytes * 3 // 4
    return _packed_rows_end(reader, at, rows, wide=row_bytes > 250)


def _packed_rows_end(reader: Reader, at: int, rows: int, *, wide: bool) -> int:
    """Walk rows that begin with the number of their bytes, which takes two bytes if they are `wide`."""
    for row in range(rows):
        what = f"row {row + 1:,} of {rows:,}"
        count = reader.at(at, 1 + wide, what)
        length = int.from_bytes(count, "big")
        if not length:
            raise Damaged(f"holds no data for {what}: not filled to the end")
        at += len(count) + length
    return at
