"""RLA and RPF (.rla, .rpf): every channel of every scan line in the offset table (Wavefront; 3ds Max).

A writer reserves the table first and fills it in when it closes the file, so a zero entry marks an unfinished
file. Several pictures may follow each other. An RPF is an RLA whose `program` field names further channels,
which each scan line holds after its colours. It may also hold layers. Their size is not checked, so a file
with layers is in doubt.
"""

from __future__ import annotations

import re
from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

_HEADER = Struct(">8x4h4xHHH")
"""Active window (left, right, bottom, top); then the number of colour, matte and further channels."""

_NEXT = Struct(">I")
_NEXT_AT = 736
_HEADER_BYTES = 740
_PROGRAM_AT, _PROGRAM_BYTES = 400, 64
_ENTRY = Struct(">I")
_LENGTH = Struct(">H")
_MAX_CHANNELS = 256
_RPF_CHANNELS = re.compile(rb"3DStudioMAX : \(((?: [A-Z])*)")
_BYTES_BY_LETTER = {
    "Z": 4,
    "E": 1,
    "O": 2,
    "U": 8,
    "N": 4,
    "R": 4,
    "C": 1,
    "B": 3,
    "I": 2,
    "G": 3,
    "T": 3,
    "V": 8,
    "W": 3,
}
"""Bytes per pixel of the channels of an RPF. Each byte is a channel of its own in the file."""

_MAX_OVERLAP = 4
"""Scan lines may take this many times the bytes of the file, so that a hostile file costs linear time."""

_LAYERS = "L"


def check(reader: Reader) -> Contents:
    """Walk the scan lines of all pictures; the dimensions are those of the first one.

    Raises:
        Damaged: a header is invalid, an offset table was not filled in, or a scan line is cut.
    """
    budget = _MAX_OVERLAP * reader.size
    contents, walked = _check_picture(reader, 0, budget)
    visited = {0}
    (following,) = reader.unpack(_NEXT, _NEXT_AT, "its header")
    while following:
        if following in visited:
            raise Damaged(f"has a picture that follows itself, at byte {following:,}")
        visited.add(following)
        walked += _check_picture(reader, following, budget - walked)[1]
        (following,) = reader.unpack(_NEXT, following + _NEXT_AT, "its header")
    return contents


def _check_picture(reader: Reader, at: int, budget: int) -> tuple[Contents, int]:
    """Return the contents and the bytes of all scan lines, which may be at most `budget`."""
    left, right, bottom, top, *counts = reader.unpack(_HEADER, at, "its header")
    reader.need(at + _HEADER_BYTES, "its header")
    picture = Dimensions.checked(right - left + 1, top - bottom + 1)
    if not counts[0] or sum(counts) > _MAX_CHANNELS:
        raise Damaged("is not an RLA: no RLA header has these values")
    program = reader.at(at + _PROGRAM_AT, _PROGRAM_BYTES, "its header")
    found = _RPF_CHANNELS.match(program)
    letters = found[1].decode("ascii").split() if found else []
    channels = sum(counts) + sum(_BYTES_BY_LETTER.get(letter, 0) for letter in letters)
    table_end = at + _HEADER_BYTES + picture.height * _ENTRY.size
    last = (0, 0)
    walked = 0
    entries = reader.records(_ENTRY, at + _HEADER_BYTES, picture.height, "its offset table")
    for line, (offset,) in enumerate(entries, 1):
        what = f"scan line {line:,} of {picture.height:,}"
        if offset < table_end:
            raise Damaged(f"was not finished: its offset table has no entry for {what}")
        for _ in range(channels):
            (length,) = reader.unpack(_LENGTH, offset, what)
            if not length:
                raise Damaged(f"holds no data for {what}: not filled to the end")
            offset += _LENGTH.size + length  # noqa: PLW2901 - the line is read channel by channel
            reader.need(offset, what)
            last = max(last, (offset - length, offset))
            walked += _LENGTH.size + length
        if walked > budget:
            raise Damaged("has scan lines that overlap")
    layers = "holds layers, whose end cannot be checked" if _LAYERS in letters else None
    in_doubt = layers or reader.doubt_about(*last)
    return picture.contents(in_doubt), walked
