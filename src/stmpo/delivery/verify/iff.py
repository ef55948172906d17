"""IFF: Maya pictures (FOR4, tiles) and Amiga ones (FORM, ILBM): chunks inside groups, each of a stated size.

A writer fills in the size of the outer group, and the number of tiles, when it closes the file. After Effects
writes Maya's kind. (Maya IFF file format; EA IFF 85.)
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = Struct(">4sI")
_KIND = Struct(">4s")
_MAYA_HEADER = Struct(">II8xHH")
"""Width, height, pixel aspect and flags, bytes per channel, tiles."""

_TILE = Struct(">HHHH")
_AMIGA_HEADER = Struct(">HH")
_PADDING = {b"FORM": 2, b"FOR4": 4}
_MAX_CHUNKS = 100_000


def check(reader: Reader) -> Contents:
    """Walk all groups and chunks.

    Raises:
        Damaged: a group, chunk or tile is cut or missing.
    """
    group, size = reader.unpack(_CHUNK, 0, "its header")
    (kind,) = reader.unpack(_KIND, _CHUNK.size, "its header")
    if not size:
        raise Damaged("was not finished: its size was never filled in")
    reader.need(_CHUNK.size + size, "its picture data")
    chunks = _chunks(reader, _CHUNK.size, _CHUNK.size + size, _PADDING.get(group, 2))
    if group == b"FOR4" and kind == b"CIMG":
        return _check_maya(reader, chunks)
    if group == b"FORM" and kind in {b"ILBM", b"PBM "}:
        return _check_amiga(reader, chunks)
    raise Damaged(f"is not a picture: its IFF group is of type {kind.hex(' ')}")


def _check_maya(reader: Reader, chunks: Iterator[tuple[bytes, int, int]]) -> Contents:
    picture: Dimensions | None = None
    wanted = tiles = 0
    last = (0, 0)
    for name, at, length in chunks:
        if name == b"TBHD":
            width, height, _bytes, wanted = reader.unpack(_MAYA_HEADER, at, "its TBHD chunk")
            picture = Dimensions.checked(width, height)
        elif name == b"FOR4" and reader.unpack(_KIND, at, "a group")[0] == b"TBMP":
            for inner, tile_at, tile_length in _chunks(reader, at, at + length, 4):
                if inner == b"RGBA":
                    tiles += 1
                    _check_tile(reader, tile_at, tile_length, picture)
                    last = max(last, (tile_at, min(tile_at + tile_length, reader.size)))
    if picture is None:
        raise Damaged("has no TBHD chunk")
    if tiles < max(1, wanted):
        raise Damaged(f"holds {tiles:,} of the {max(1, wanted):,} tiles of its picture")
    return picture.contents(reader.doubt_about(*last))


def _check_tile(reader: Reader, at: int, length: int, picture: Dimensions | None) -> None:
    x0, y0, x1, y1 = reader.unpack(_TILE, at, "a tile")
    inside = picture is not None and x0 <= x1 < picture.width and y0 <= y1 < picture.height
    if not inside or length <= _TILE.size:
        raise Damaged(f"holds a tile that is not in its picture, at byte {at:,}")


def _check_amiga(reader: Reader, chunks: Iterator[tuple[bytes, int, int]]) -> Contents:
    picture: Dimensions | None = None
    body = (0, 0)
    for name, at, length in chunks:
        if name == b"BMHD":
            picture = Dimensions.checked(*reader.unpack(_AMIGA_HEADER, at, "its BMHD chunk"))
        elif name == b"BODY":
            body = (at, min(at + length, reader.size))
    if picture is None:
        raise Damaged("has no BMHD chunk")
    if body[0] == body[1]:
        raise Damaged("holds no picture data: there is no BODY chunk with anything in it")
    return picture.contents(reader.doubt_about(*body))


def _chunks(reader: Reader, start: int, end: int, padding: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, offset and length of the chunks of a group whose type is at `start`."""
    start += _KIND.size
    for _ in range(_MAX_CHUNKS):
        if end - start < _CHUNK.size:
            return
        name, length = reader.unpack(_CHUNK, start, "a chunk's header")
        at = start + _CHUNK.size
        if at + length >= end + padding:  # some writers count padding that they do not write
            raise Damaged(f"holds a chunk that is longer than the group around it, at byte {start:,}")
        yield name, at, length
        start = at + -(-length // padding) * padding
    raise Damaged(f"holds more than {_MAX_CHUNKS:,} chunks in one group")
