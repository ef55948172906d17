"""Radiance HDR (.hdr, .rgbe, .xyze): the text header, then every scan line (Radiance file formats).

A scan line is run-length coded by component, or flat, or in the old coding that repeats whole pixels. All
lines of a file are of the same kind. Nothing states the size of the data, so each line is walked to its end.
"""

from __future__ import annotations

import re

from stmpo.delivery.verify.reader import BLOCK_BYTES, Contents, Damaged, Dimensions, Reader

_MAX_HEADER = 64 * 1024
_RESOLUTION = re.compile(rb"\n\n[-+]([XY]) {1,8}(\d{1,6}) {1,8}[-+]([XY]) {1,8}(\d{1,6})\n")
_PIXEL = 4
_CODED_WIDTHS = range(8, 0x8000)
_REPEAT = b"\1\1\1"
"""Red, green and blue of a pixel that repeats the one before it, in the old coding."""


def check(reader: Reader) -> Contents:
    """Walk all scan lines.

    Raises:
        Damaged: the header is invalid, or a scan line is cut or invalid.
    """
    head = reader.at(0, min(_MAX_HEADER, reader.size), "its header")
    found = _RESOLUTION.search(head)
    if found is None:
        if reader.size < _MAX_HEADER and b"\0" not in head:
            reader.need(reader.size + 1, "its header")
        raise Damaged("is not a Radiance picture: its header states no resolution")
    lines, length = int(found[2]), int(found[4])
    width, height = (length, lines) if found[1] == b"Y" else (lines, length)
    if found[1] == found[3]:
        raise Damaged("is not a Radiance picture: its header states no resolution")
    picture = Dimensions.checked(width, height)
    end, coded = _walk(reader, found.end(), lines, length)
    in_doubt = None if coded else reader.doubt_about(found.end(), end)
    return picture.contents(in_doubt)


def _walk(reader: Reader, offset: int, lines: int, length: int) -> tuple[int, bool]:
    """Return where the scan lines end, and whether they are coded by component."""
    at_once = max(BLOCK_BYTES, length * _PIXEL)  # no line takes more
    block, base, at = b"", offset, 0
    coded = False
    for line in range(lines):
        what = f"scan line {line + 1:,} of {lines:,}"
        if len(block) - at < at_once and base + len(block) < reader.size:
            base, at = base + at, 0
            block = b"".join(reader.blocks(base, min(2 * at_once, reader.size - base), what))
        begins_coded = length in _CODED_WIDTHS and block[at : at + 4] == bytes(
            (2, 2, length >> 8, length & 0xFF)
        )
        if line and coded and not begins_coded:
            reader.need(base + at + 4, what)
            raise Damaged(f"holds something else where {what} should begin, at byte {base + at:,}")
        coded = begins_coded
        try:
            at = _coded_line(block, at + 4, length) if coded else _flat_line(block, at, length)
        except IndexError:
            at = len(block) + 1
        if at > len(block):
            reader.need(base + at, what)
    return base + at, coded


def _coded_line(block: bytes, at: int, length: int) -> int:
    """Return where a line that is coded by component ends. The loop runs once per run, so it is kept short.

    Raises:
        IndexError: the block ends before.
    """
    for _ in range(_PIXEL):
        left = length
        while left > 0:
            count = block[at]
            if count > 128:
                left -= count - 128
                at += 2
            elif count:
                left -= count
                at += 1 + count
            else:
                raise Damaged("holds an empty run in a scan line: not filled to the end")
        if left:
            raise Damaged("holds a run that is longer than its scan line")
    return at


def _flat_line(block: bytes, at: int, length: int) -> int:
    """Return where a flat line, or one in the old coding, ends.

    Raises:
        IndexError: the block ends before.
    """
    end = at + length * _PIXEL
    if block.find(_REPEAT, at, end) < 0:
        return end
    shift = 0
    while length > 0:
        if block[at : at + 3] == _REPEAT:
            length -= block[at + 3] << shift
            shift += 8
        else:
            length -= 1
            shift = 0
        at += _PIXEL
        if at > len(block):
            raise IndexError
    return at
