"""DPX: the file must have the size in its header and all picture elements (SMPTE 268M), in both byte orders.

Writers pad lines differently, so an element must have at least the bytes that its pixels take without
padding. A file size that a writer left undefined (all ones, or zero) is not checked.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

_UNDEFINED = frozenset((0, 0xFFFFFFFF))
_FILE = {order: Struct(order + "4sI8sI") for order in "<>"}
_PICTURE = {order: Struct(order + "HHII") for order in "<>"}
_ELEMENT = {order: Struct(order + "20xBBBBHHI40x") for order in "<>"}
_PICTURE_AT = 768
_ELEMENTS_AT = 780
_MAX_ELEMENTS = 8
_DEPTHS = frozenset((1, 8, 10, 12, 16, 32, 64))

_SAMPLES = {50: 3, 51: 4, 52: 4, 100: 2, 101: 3, 102: 3, 103: 4} | {150 + n: 2 + n for n in range(7)}
"""Samples per pixel by the element's descriptor; every other one (R, G, B, alpha, luma, depth …) has one
sample."""


def check(reader: Reader) -> Contents:
    """Compare the header with the file.

    Raises:
        Damaged: the header is invalid, or the file is too short for it.
    """
    order = ">" if reader.at(0, 4, "its header") == b"SDPX" else "<"
    _magic, data_at, _version, stated = reader.unpack(_FILE[order], 0, "its header")
    _orientation, count, width, height = reader.unpack(_PICTURE[order], _PICTURE_AT, "its header")
    if not 1 <= count <= _MAX_ELEMENTS:
        raise Damaged(f"says that it has {count:,} picture elements; a DPX has 1 to 8")
    if stated not in _UNDEFINED:
        reader.need(stated, "its picture data")
    dimensions = Dimensions.checked(width, height)
    last = (0, 0)
    elements = reader.records(_ELEMENT[order], _ELEMENTS_AT, count, "its header")
    for descriptor, _transfer, _colorimetric, depth, packing, encoding, offset in elements:
        start = data_at if offset in _UNDEFINED else offset
        if depth not in _DEPTHS or start < _ELEMENTS_AT:
            raise Damaged(f"has a picture element of {depth} bits at byte {start:,}, which no DPX has")
        samples = width * height * _SAMPLES.get(descriptor, 1)
        end = start + (1 if encoding else _least_bytes(samples, depth, packing))
        reader.need(end, "its picture data")
        last = max(last, (start, end))
    return dimensions.contents(reader.doubt_about(*last))


def _least_bytes(samples: int, depth: int, packing: int) -> int:
    """Return the bytes that samples of this depth take without padding of lines."""
    if packing and depth == 10:
        return (samples + 2) // 3 * 4  # three samples in a 32-bit word
    if packing and depth == 12:
        return samples * 2  # each in a 16-bit word
    return (samples * depth + 7) // 8
