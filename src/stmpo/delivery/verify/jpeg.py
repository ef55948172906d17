"""JPEG: marker segments and entropy-coded data, from SOI to EOI (ITU-T T.81, annex B).

Progressive files have several scans, and restart markers stand inside the coded data. A thumbnail in EXIF
data is a JPEG of its own; segments are skipped by their length, so its markers are never taken for those of
the picture. Bytes after EOI are accepted: cameras and phones put more pictures there.
"""

from __future__ import annotations

import re
from struct import Struct

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_START_OF_IMAGE = 0xD8
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # DHT, JPG and DAC share the range of the SOFn

_LENGTH = Struct(">H")
_FRAME = Struct(">HBHH")
_MARKER = re.compile(rb"\xff[^\xff]", re.DOTALL)
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""Inside coded data FF 00 is the byte FF, and FF D0 to FF D7 are restart markers."""


def check(reader: Reader) -> Dimensions:
    """Walk all segments and scans.

    Raises:
        Damaged: the file ends before its end marker, or no picture comes before it.
    """
    dimensions: Dimensions | None = None
    scans = 0
    offset = 2
    while True:
        marker, offset = _marker(reader, offset)
        if marker == _END_OF_IMAGE:
            break
        if marker in _STANDALONE:
            continue
        if marker == _START_OF_IMAGE:
            raise Damaged(f"begins again in the middle, at byte {offset - 2:,}")
        (length,) = reader.unpack(_LENGTH, offset, "a segment")
        if length < _LENGTH.size:
            raise Damaged(f"holds a segment without a length, at byte {offset:,}")
        reader.need(offset + length, f"a segment of {length:,} bytes")
        if marker in _FRAMES and dimensions is None:
            dimensions = _dimensions(reader, offset)
        offset += length
        if marker == _START_OF_SCAN:
            offset = _end_of_scan(reader, offset)
            scans += 1
    if dimensions is None or not scans:
        raise Damaged("holds no picture before its end marker")
    return dimensions


def _marker(reader: Reader, offset: int) -> tuple[int, int]:
    """Return the marker at `offset` and its end. Any number of FF may stand before it."""
    first = reader.at(offset, 2, "a marker; its end marker (EOI) is missing")
    if first[0] != 0xFF:
        zeros = "zeros" if first == b"\0\0" else "no marker"
        raise Damaged(f"holds {zeros} where a segment should begin, at byte {offset:,}")
    if first[1] == 0xFF:
        at = reader.find(_MARKER, offset)
        if at is None:
            reader.need(reader.size + 1, "a marker; its end marker (EOI) is missing")
            raise AssertionError("unreachable: the file cannot be longer than itself")
        offset = at
    return reader.at(offset, 2, "a marker")[1], offset + 2


def _dimensions(reader: Reader, offset: int) -> Dimensions:
    _length, _precision, height, width = reader.unpack(_FRAME, offset, "its frame header")
    # Height 0 means that a DNL segment after the first scan gives it: legal, and almost never used.
    return Dimensions.checked(width, height or 1)


def _end_of_scan(reader: Reader, offset: int) -> int:
    end = reader.find(_MARKER_IN_SCAN, offset)
    if end is None:
        raise Damaged(f"ends in the middle of its picture data: no end marker (EOI) in {reader.size:,} bytes")
    if end == offset:
        raise Damaged(f"holds a scan without data, at byte {offset:,}")
    return end
