"""JPEG 2000: the boxes of a JP2 file, then every tile part of its codestream (ITU-T T.800, annexes A and I).

A codestream ends with an end marker (EOC). Each tile part states its length, and every tile must have one.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_BOX = Struct(">I4s")
_LARGE = Struct(">Q")
_SEGMENT = Struct(">HH")
_MARKER = Struct(">H")
_SIZE = Struct(">2x8I")
"""`SIZ`, after its length: extent, offset, size of a tile, offset of the tiles; each in x and y."""

_TILE_PART = Struct(">HHHI")
_CODESTREAM, _SIZ, _START_OF_TILE, _END = 0xFF4F, 0xFF51, 0xFF90, 0xFFD9
_MAX_BOXES = 10_000
_MAX_SEGMENTS = 100_000


def check(reader: Reader) -> Dimensions:
    """Walk all boxes and the codestream.

    Raises:
        Damaged: a box or tile part is cut or missing, or the end marker is.
    """
    if reader.unpack(_MARKER, 0, "its header")[0] == _CODESTREAM:
        return _check_codestream(reader, 0, reader.size)
    picture: Dimensions | None = None
    start = 0
    for _ in range(_MAX_BOXES):
        if reader.size - start < _BOX.size:
            break
        size, kind = reader.unpack(_BOX, start, "a box's header")
        head = _BOX.size
        if size == 1:
            (size,) = reader.unpack(_LARGE, start + head, "a box's header")
            head += _LARGE.size
        elif size == 0:  # to the end of the file
            size = reader.size - start
        if size < head:
            raise Damaged(f"holds no box where one should begin, at byte {start:,}")
        reader.need(start + size, f"its {kind.decode('latin-1')!r} box")
        if kind == b"jp2c" and picture is None:
            picture = _check_codestream(reader, start + head, start + size)
        start += size
    if picture is None:
        raise Damaged("holds no picture data: there is no codestream box (jp2c)")
    return picture


def _check_codestream(reader: Reader, start: int, end: int) -> Dimensions:
    at, picture, tiles = _read_main_header(reader, start)
    seen = set()
    while True:
        (marker,) = reader.unpack(_MARKER, at, "its picture data; its end marker (EOC) is missing")
        if marker == _END:
            break
        if marker != _START_OF_TILE:
            raise Damaged(f"holds something else where a tile should begin, at byte {at:,}")
        _marker, _length, tile, length = reader.unpack(_TILE_PART, at, "a tile")
        seen.add(tile)
        if not length:  # to the end marker at the end of the codestream
            if reader.unpack(_MARKER, end - _MARKER.size, "its picture data")[0] != _END:
                raise Damaged("ends in the middle of its picture data: its end marker (EOC) is missing")
            break
        if length < _TILE_PART.size:
            raise Damaged(f"holds a tile without a length, at byte {at:,}")
        at += length
        reader.need(at, "a tile")
    if len(seen) < tiles:
        raise Damaged(f"holds {len(seen):,} of the {tiles:,} tiles of its picture")
    return picture


def _read_main_header(reader: Reader, start: int) -> tuple[int, Dimensions, int]:
    """Return where the first tile begins, the dimensions, and the number of tiles."""
    if reader.unpack(_MARKER, start, "its codestream")[0] != _CODESTREAM:
        raise Damaged(f"holds no codestream where one should begin, at byte {start:,}")
    at = start + _MARKER.size
    picture: Dimensions | None = None
    tiles = 0
    for _ in range(_MAX_SEGMENTS):
        marker, length = reader.unpack(_SEGMENT, at, "its main header")
        if marker == _START_OF_TILE:
            break
        if marker < 0xFF00 or length < 2:
            raise Damaged(f"holds no segment where one should begin, at byte {at:,}")
        if marker == _SIZ:
            x1, y1, x0, y0, tile_x, tile_y, from_x, from_y = reader.unpack(_SIZE, at + 4, "its main header")
            picture = Dimensions.checked(x1 - x0, y1 - y0)
            tile = Dimensions.checked(tile_x, tile_y)
            tiles = -(-(x1 - from_x) // tile.width) * -(-(y1 - from_y) // tile.height)
        at += _MARKER.size + length
    if picture is None:
        raise Damaged("has a main header without the size of its picture")
    return at, picture, tiles
