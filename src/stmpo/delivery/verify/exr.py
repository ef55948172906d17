"""OpenEXR: headers, then the offset table, then every chunk that the table names (OpenEXR file layout, version 2).

A writer reserves the offset table first and fills it in when it closes the file, so an entry that is zero is the mark
of a file that was not finished. Scan lines and tiles, single and multi-part, flat and deep are walked alike: a part
tells how many chunks it has, and each chunk tells which piece of which part it is and how long.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from stmpo.delivery.verify.exr_header import Part, read_headers
from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_OFFSET = Struct("<Q")
_PART_NUMBER = Struct("<i")
_LINE = Struct("<i")
_TILE = Struct("<iiii")
_SIZE = Struct("<i")
_DEEP_SIZES = Struct("<QQQ")


@dataclass(frozen=True, slots=True)
class _Table:
    """The offset table of one part."""

    part: Part
    number: int | None
    """The part's number as its chunks repeat it; None in a single-part file, whose chunks have none."""

    offset: int
    count: int


def check(reader: Reader) -> Dimensions:
    """Walk all parts; the dimensions are those of the first part's frame, its display window.

    Raises:
        Damaged: a header, the offset table or a chunk is cut, missing or contradicts the others.
    """
    headers = read_headers(reader)
    tables = []
    offset = headers.end
    for number, part in enumerate(headers.parts):
        count = part.chunk_count()
        reader.need(offset + count * _OFFSET.size, "its offset table")
        tables.append(_Table(part, number if headers.multi_part else None, offset, count))
        offset += count * _OFFSET.size
    for table in tables:
        _check_chunks(reader, table, offset)
    return headers.parts[0].shown


def _check_chunks(reader: Reader, table: _Table, chunks_at: int) -> None:
    entries = reader.records(_OFFSET, table.offset, table.count, "its offset table")
    for index, (offset,) in enumerate(entries):
        what = f"chunk {index + 1:,} of {table.count:,}"
        if not offset:
            raise Damaged(f"was not finished: its offset table has no entry for {what}")
        if offset < chunks_at:
            raise Damaged(f"has an offset table that points into its header for {what}")
        if table.number is not None:
            (number,) = reader.unpack(_PART_NUMBER, offset, what)
            if number != table.number:
                raise Damaged(f"holds something else where {what} should be, at byte {offset:,}")
            offset += _PART_NUMBER.size  # noqa: PLW2901 - the chunk is read field by field
        _check_chunk(reader, table.part, index, offset, what)


def _check_chunk(reader: Reader, part: Part, index: int, offset: int, what: str) -> None:
    if part.tiles:
        x, y, level_x, level_y = reader.unpack(_TILE, offset, what)
        fits = x >= 0 and y >= 0 and 0 <= level_x < 32 and 0 <= level_y < 32
        offset += _TILE.size
    else:
        (line,) = reader.unpack(_LINE, offset, what)
        fits = line == part.first_line + index * part.lines_in_chunk
        offset += _LINE.size
    if not fits:
        raise Damaged(f"holds something else where {what} should be, at byte {offset:,}")
    if part.deep:
        table, samples, _unpacked = reader.unpack(_DEEP_SIZES, offset, what)
        size, end = table, offset + _DEEP_SIZES.size + table + samples
    else:
        (size,) = reader.unpack(_SIZE, offset, what)
        end = offset + _SIZE.size + size
    if size <= 0:
        raise Damaged(f"holds no data for {what}: not filled to the end")
    reader.need(end, what)
