"""OpenEXR: headers, offset table, then every chunk that the table names (OpenEXR file layout, version 2).

A writer reserves the offset table first and fills it in when it closes the file, so a zero entry marks an
unfinished file. Scan lines and tiles of one resolution, in one part or several, are walked alike: a part has
a known number of chunks, and each chunk names its place in the picture and its length.

Deep pictures and tiles of several resolutions (mip-map, rip-map) are refused. After Effects does not write
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from stmpo.delivery.verify.exr_header import Part, read_headers
from stmpo.delivery.verify.reader import Contents, Damaged, Reader

_OFFSET = Struct("<Q")
_PART_NUMBER = Struct("<i")
_LINE = Struct("<i")
_TILE = Struct("<iiii")
_SIZE = Struct("<i")


@dataclass(frozen=True, slots=True)
class _OffsetTable:
    """The offset table of one part."""

    part: Part
    number: int | None
    """The part's number, which its chunks repeat; None in a single-part file, whose chunks have no number."""

    offset: int
    count: int


def check(reader: Reader) -> Contents:
    """Walk all parts; the dimensions are those of the first part's display window.

    Raises:
        Damaged: a header, the offset table or a chunk is cut, missing or contradicts the others.
    """
    headers = read_headers(reader)
    tables = []
    offset = headers.end
    for number, part in enumerate(headers.parts):
        count = part.chunk_count()
        reader.need(offset + count * _OFFSET.size, "its offset table")
        tables.append(_OffsetTable(part, number if headers.multi_part else None, offset, count))
        offset += count * _OFFSET.size
    last = max(_check_chunks(reader, table, offset) for table in tables)
    return headers.parts[0].display.contents(reader.doubt_about(*last))


def _check_chunks(reader: Reader, table: _OffsetTable, tables_end: int) -> tuple[int, int]:
    """Check all chunks of a part, and return where the data of the last one in the file begins and ends."""
    last = (0, 0)
    entries = reader.records(_OFFSET, table.offset, table.count, "its offset table")
    for index, (offset,) in enumerate(entries):
        what = f"chunk {index + 1:,} of {table.count:,}"
        if not offset:
            raise Damaged(f"was not finished: its offset table has no entry for {what}")
        if offset < tables_end:
            raise Damaged(f"has an offset table that points into its header for {what}")
        if table.number is not None:
            (number,) = reader.unpack(_PART_NUMBER, offset, what)
            if number != table.number:
                raise Damaged(f"holds something else where {what} should be, at byte {offset:,}")
            offset += _PART_NUMBER.size  # noqa: PLW2901 - the chunk is read field by field
        last = max(last, _check_chunk(reader, table.part, index, offset, what))
    return last


def _check_chunk(reader: Reader, part: Part, index: int, offset: int, what: str) -> tuple[int, int]:
    if part.tile:
        x, y, level_x, level_y = reader.unpack(_TILE, offset, what)
        fits = x >= 0 and y >= 0 and level_x == level_y == 0
        offset += _TILE.size
    else:
        (line,) = reader.unpack(_LINE, offset, what)
        fits = line == part.first_line + index * part.lines_in_chunk
        offset += _LINE.size
    if not fits:
        raise Damaged(f"holds something else where {what} should be, at byte {offset:,}")
    (size,) = reader.unpack(_SIZE, offset, what)
    if size <= 0:
        raise Damaged(f"holds no data for {what}: not filled to the end")
    start = offset + _SIZE.size
    reader.need(start + size, what)
    return start, start + size
