"""PSD and PSB: all five sections, to the end of the merged picture (Adobe Photoshop File Formats).

The merged picture comes last. It is raw, so that its size is known; or run-length coded after a table of row
lengths, whose sum is its size; or one zlib stream. Bytes after it are accepted, as Photoshop does.
"""

from __future__ import annotations

import zlib
from struct import Struct

from stmpo.delivery.verify.reader import BLOCK_BYTES, Contents, Damaged, Dimensions, Reader

_HEADER = Struct(">4sH6xHIIHH")
_U16 = Struct(">H")
_U32 = Struct(">I")
_U64 = Struct(">Q")
_DEPTHS = frozenset((1, 8, 16, 32))
_MAX_CHANNELS = 56
_RAW, _ROWS, _ZIP, _ZIP_PREDICTED = range(4)


def check(reader: Reader) -> Contents:
    """Walk the sections of a PSD.

    Raises:
        Damaged: a section is cut, or rows of the merged picture are missing.
    """
    return _check(reader, large=False)


def check_large(reader: Reader) -> Contents:
    """Walk the sections of a PSB. The length of its layer section and of its rows have twice the width.

    Raises:
        Damaged: a section is cut, or rows of the merged picture are missing.
    """
    return _check(reader, large=True)


def _check(reader: Reader, *, large: bool) -> Contents:
    fields = reader.unpack(_HEADER, 0, "its header")
    _magic, _version, channels, height, width, depth, _mode = fields
    dimensions = Dimensions.checked(width, height)
    if not 1 <= channels <= _MAX_CHANNELS or depth not in _DEPTHS:
        raise Damaged(f"says that it has {channels:,} channels of {depth} bits, which no Photoshop file has")
    offset = _HEADER.size
    offset = _skip(reader, offset, _U32, "its colour mode section")
    offset = _skip(reader, offset, _U32, "its image resources")
    offset = _skip(reader, offset, _U64 if large else _U32, "its layers")
    (coding,) = reader.unpack(_U16, offset, "its merged picture")
    offset += _U16.size
    in_doubt = None
    if coding == _RAW:
        end = offset + channels * height * ((width * depth + 7) // 8)
        reader.need(end, "its merged picture")
        in_doubt = reader.doubt_about(offset, end)
    elif coding == _ROWS:
        in_doubt = _check_rows(reader, offset, channels * height, _U32 if large else _U16)
    elif coding in {_ZIP, _ZIP_PREDICTED}:
        _check_zipped(reader, offset)
    else:
        raise Damaged(f"has a merged picture of coding {coding:,}, which no Photoshop file has")
    return dimensions.contents(in_doubt)


def _skip(reader: Reader, offset: int, width: Struct, what: str) -> int:
    (length,) = reader.unpack(width, offset, what)
    end: int = offset + width.size + length
    reader.need(end, what)
    return end


def _check_rows(reader: Reader, offset: int, rows: int, width: Struct) -> str | None:
    """Check the run-length coded rows, and return the doubt about them, if any."""
    total = 0
    for (length,) in reader.records(width, offset, rows, "its table of row lengths"):
        if not length:
            raise Damaged("holds a row without data in its merged picture: not filled to the end")
        total += length
    start = offset + rows * width.size
    reader.need(start + total, "its merged picture")
    return reader.doubt_about(start, start + total)


def _check_zipped(reader: Reader, offset: int) -> None:
    """Decompress the stream to its end, one block at a time, and drop the output."""
    stream = zlib.decompressobj()
    try:
        for block in reader.blocks(offset, reader.size - offset, "its merged picture"):
            rest, length = block, BLOCK_BYTES
            while rest or length == BLOCK_BYTES:
                length = len(stream.decompress(rest, BLOCK_BYTES))
                rest = stream.unconsumed_tail
                if stream.eof:
                    return
    except zlib.error:
        raise Damaged("holds a merged picture that cannot be decompressed") from None
    raise Damaged(f"ends in the middle of its merged picture ({reader.size:,} bytes)")
