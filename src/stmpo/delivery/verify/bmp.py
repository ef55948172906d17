"""BMP: the file must have the size in its header, and all rows (Windows bitmap format)."""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

_FILE = Struct("<2sIHHI")
_LENGTH = Struct("<I")
_CORE = Struct("<IHHHH")
_INFO = Struct("<IiiHHII")
_UNCOMPRESSED = frozenset((0, 3, 6))  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS
_DEPTHS = frozenset((0, 1, 2, 4, 8, 16, 24, 32, 64))


def check(reader: Reader) -> Contents:
    """Compare the headers with the file.

    Raises:
        Damaged: the headers are invalid, or the file is too short for them.
    """
    _magic, stated, _r1, _r2, pixels = reader.unpack(_FILE, 0, "its file header")
    (length,) = reader.unpack(_LENGTH, _FILE.size, "its picture header")
    reader.need(_FILE.size + length, "its picture header")
    if length == _CORE.size:
        _length, width, height, planes, depth = reader.unpack(_CORE, _FILE.size, "its picture header")
        compression = pixel_bytes = 0
    elif length >= _INFO.size + 16:
        fields = reader.unpack(_INFO, _FILE.size, "its picture header")
        _length, width, height, planes, depth, compression, pixel_bytes = fields
    else:
        raise Damaged(f"has a picture header of {length:,} bytes, which no BMP has")
    dimensions = Dimensions.checked(width, abs(height))  # a negative height means rows from the top
    if planes != 1 or depth not in _DEPTHS or pixels < _FILE.size + length:
        raise Damaged("has an invalid picture header")
    reader.need(stated, "its picture data")
    if compression in _UNCOMPRESSED:
        if not depth:
            raise Damaged("has an invalid picture header")
        pixel_bytes = (width * depth + 31) // 32 * 4 * dimensions.height
    end = pixels + max(pixel_bytes, 1)
    reader.need(end, "its picture data")
    return dimensions.contents(reader.doubt_about(pixels, end))
