"""BMP: the file's size in its header, and room for every row (Windows `BITMAPFILEHEADER`, `BITMAPINFOHEADER`)."""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_FILE = Struct("<2sIHHI")
_LENGTH = Struct("<I")
_CORE = Struct("<IHHHH")
_INFO = Struct("<IiiHHII")
_UNCOMPRESSED = frozenset((0, 3, 6))  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS
_DEPTHS = frozenset((0, 1, 2, 4, 8, 16, 24, 32, 64))


def check(reader: Reader) -> Dimensions:
    """Compare what the headers promise with the file.

    Raises:
        Damaged: the headers make no sense, or the file is too short for them.
    """
    _magic, promised, _r1, _r2, pixels = reader.unpack(_FILE, 0, "its file header")
    (length,) = reader.unpack(_LENGTH, _FILE.size, "its picture header")
    reader.need(_FILE.size + length, "its picture header")
    if length == _CORE.size:
        _length, width, height, planes, depth = reader.unpack(_CORE, _FILE.size, "its picture header")
        compression = coded = 0
    elif length >= _INFO.size + 16:
        fields = reader.unpack(_INFO, _FILE.size, "its picture header")
        _length, width, height, planes, depth, compression, coded = fields
    else:
        raise Damaged(f"has a picture header of {length:,} bytes, which no BMP has")
    dimensions = Dimensions.checked(width, abs(height))  # a negative height means rows from the top
    if planes != 1 or depth not in _DEPTHS or pixels < _FILE.size + length:
        raise Damaged("has a picture header that makes no sense")
    reader.need(promised, "its picture data")
    if compression in _UNCOMPRESSED:
        if not depth:
            raise Damaged("has a picture header that makes no sense")
        coded = (width * depth + 31) // 32 * 4 * dimensions.height
    reader.need(pixels + max(coded, 1), "its picture data")
    return dimensions
