"""Cineon: the file must have the size in its header, and all pixels (Kodak Cineon 4.5), in both byte orders.

Lines may be padded, so the file must have at least the bytes that its pixels take without padding. A size
that a writer left undefined (all ones, or zero) is not checked.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

_UNDEFINED = frozenset((0, 0xFFFFFFFF))
_FILE = {order: Struct(order + "4sI12xI") for order in "<>"}
_CHANNEL = {order: Struct(order + "2xBxII16x") for order in "<>"}
_CHANNELS_AT = 193
_FIRST_CHANNEL_AT = 196
_MAX_CHANNELS = 8
_PACKING_AT = 681
_HEADER_BYTES = 712
_DEPTHS = frozenset((1, 8, 10, 12, 16, 32))
_WORDS = 5
"""Packing of three 10-bit samples into a 32-bit word."""


def check(reader: Reader) -> Contents:
    """Compare the header with the file.

    Raises:
        Damaged: the header is invalid, or the file is too short for it.
    """
    order = ">" if reader.at(0, 4, "its header") == b"\x80\x2a\x5f\xd7" else "<"
    reader.need(_HEADER_BYTES, "its header")
    _magic, data_at, stated = reader.unpack(_FILE[order], 0, "its header")
    channels = reader.at(_CHANNELS_AT, 1, "its header")[0]
    packing = reader.at(_PACKING_AT, 1, "its header")[0]
    if not 1 <= channels <= _MAX_CHANNELS or data_at < _HEADER_BYTES:
        raise Damaged("has an invalid header")
    if stated not in _UNDEFINED:
        reader.need(stated, "its picture data")
    pictures = []
    thirds_of_bits = 0
    for depth, width, height in reader.records(_CHANNEL[order], _FIRST_CHANNEL_AT, channels, "its header"):
        if depth not in _DEPTHS:
            raise Damaged(f"has a channel of {depth} bits, which no Cineon file has")
        pictures.append(Dimensions.checked(width, height))
        thirds_of_bits += width * height * (32 if packing == _WORDS and depth == 10 else 3 * depth)
    end = data_at + -(-thirds_of_bits // 24)
    reader.need(end, "its picture data")
    return pictures[0].contents(reader.doubt_about(data_at, end))
