"""TIFF and BigTIFF, both byte orders: directories, then every strip or tile inside the file (TIFF 6.0; BigTIFF).

A directory may stand anywhere and point anywhere. Two guards keep the walk linear on files made to be slow: a directory
is visited once, and all of them together may hold a few times what the file could if none of them overlapped.

A strip of compressed data never begins with two zero bytes in the codings named below, so a file whose space was
reserved and never filled is noticed. For raw pixels zeros are black, and only their number can be checked.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOURS = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_IN_STRIP, _STRIP_BYTES, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_OVERLAP = 4
"""Directories may share values, as the pages of one scanner do; this many times over is generous."""

_BELOW = 330
"""SubIFDs: smaller versions of the image."""

_RAW = 1
_YCBCR = 6
_NEVER_BEGIN_WITH_ZEROS = frozenset((5, 7, 8, 32946, 34887, 50000, 50001))
"""LZW, JPEG, deflate (two numbers), LERC, Zstandard, WebP."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where classic TIFF and BigTIFF differ, in one byte order."""

    order: str
    first: int
    """Offset of the first directory."""

    count: Struct
    entry: Struct
    """Tag, type, number of values; the value, or its offset, stands behind them."""

    pointer: Struct


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of one tag, still in the file."""

    kind: int
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """One image file directory."""

    tags: dict[int, _Values]
    bytes: int
    """What it takes in the file, values elsewhere included."""

    following: int
    """Offset of the next directory; 0 for none."""


def check(reader: Reader) -> Dimensions:
    """Walk all directories; the dimensions are those of the first image.

    Raises:
        Damaged: a directory, strip or tile is not inside the file, or there is no image.
    """
    layout = _layout(reader)
    dimensions: Dimensions | None = None
    visited: set[int] = set()
    budget = _OVERLAP * reader.size
    waiting = deque([layout.first])
    while waiting:
        offset = waiting.popleft()
        if offset in visited:
            raise Damaged(f"has a directory that follows itself, at byte {offset:,}")
        visited.add(offset)
        directory = _directory(reader, layout, offset)
        budget -= directory.bytes
        if budget < 0:
            raise Damaged("has directories that overlap")
        found = _check_image(reader, layout.order, directory.tags)
        dimensions = dimensions or found
        if directory.following:
            waiting.append(directory.following)
        if _BELOW in directory.tags:
            waiting.extend(_numbers(reader, layout.order, directory.tags[_BELOW]))
    if dimensions is None:
        raise Damaged("holds no image")
    return dimensions


def _layout(reader: Reader) -> _Layout:
    order = "<" if reader.at(0, 2, "its header") == b"II" else ">"
    (version,) = reader.unpack(Struct(order + "H"), 2, "its header")
    if version == 42:
        count, entry, pointer = Struct(order + "H"), Struct(order + "HHI4x"), Struct(order + "I")
        first_at = 4
    else:
        count, entry, pointer = Struct(order + "Q"), Struct(order + "HHQ8x"), Struct(order + "Q")
        first_at = 8
    (first,) = reader.unpack(pointer, first_at, "its header")
    if not first:
        raise Damaged("has no directory: it was not finished")
    return _Layout(order, first, count, entry, pointer)


def _directory(reader: Reader, layout: _Layout, offset: int) -> _Directory:
    what = f"the directory at byte {offset:,}"
    (count,) = reader.unpack(layout.count, offset, what)
    if not count:
        raise Damaged(f"has an empty directory at byte {offset:,}: it was not finished")
    at = offset + layout.count.size
    total = count * layout.entry.size
    inline = layout.pointer.size
    tags: dict[int, _Values] = {}
    for index, (tag, kind, number) in enumerate(reader.records(layout.entry, at, count, what), 1):
        if kind not in _TYPE_BYTES:  # TIFF 6.0: readers skip types that they do not know
            continue
        value_at = at + index * layout.entry.size - inline
        length = number * _TYPE_BYTES[kind]
        if length > inline:
            (value_at,) = reader.unpack(layout.pointer, value_at, what)
            reader.need(value_at + length, f"the values of tag {tag}")
            total += length
        tags[tag] = _Values(kind, number, value_at)
    (following,) = reader.unpack(layout.pointer, at + count * layout.entry.size, what)
    return _Directory(tags, total, following)


def _numbers(reader: Reader, order: str, values: _Values) -> Iterator[int]:
    if values.kind not in _INTEGERS:
        raise Damaged("has a tag whose value should be a whole number and is not")
    layout = Struct(order + _INTEGERS[values.kind])
    return (number for (number,) in reader.records(layout, values.offset, values.count, "a tag's values"))


def _number(reader: Reader, order: str, tags: dict[int, _Values], tag: int, default: int) -> int:
    return next(_numbers(reader, order, tags[tag]), default) if tag in tags else default


def _check_image(reader: Reader, order: str, tags: dict[int, _Values]) -> Dimensions | None:
    """Check the strips or tiles of a directory; None where it has none (EXIF and private directories)."""
    tiled = _TILE_OFFSETS in tags
    offsets = tags.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    if offsets is None:
        return None
    image = {tag: _number(reader, order, tags, tag, default) for tag, default in _DEFAULTS.items()}
    dimensions = Dimensions.checked(image[_WIDTH], image[_HEIGHT])
    wanted = _pieces(image, dimensions, tiled=tiled)
    if offsets.count < wanted:
        raise Damaged(
            f"names {offsets.count:,} of the {wanted:,} {'tiles' if tiled else 'strips'} of its picture"
        )
    least = 0 if tiled or image[_COLOURS] == _YCBCR else _raw_bytes(reader, order, tags, image)
    sizes = tags.get(_TILE_BYTES if tiled else _STRIP_BYTES)
    if sizes is None:  # early writers left the sizes of raw strips out
        _check_unsized(reader, order, offsets, image[_COMPRESSION], least)
        return dimensions
    if sizes.count != offsets.count:
        raise Damaged(f"names {offsets.count:,} pieces of its picture, but {sizes.count:,} sizes")
    total = _check_pieces(reader, order, offsets, sizes, image[_COMPRESSION])
    if image[_COMPRESSION] == _RAW and total < least:
        raise Damaged(f"holds {total:,} of the {least:,} bytes of its picture")
    return dimensions


_DEFAULTS = {
    _WIDTH: 0,
    _HEIGHT: 0,
    _COMPRESSION: _RAW,
    _COLOURS: 0,
    _SAMPLES: 1,
    _ROWS_IN_STRIP: 2**32 - 1,
    _PLANES: 1,
    _TILE_WIDTH: 0,
    _TILE_HEIGHT: 0,
}
"""Tags that one number stands in, and what holds where they are absent."""


def _pieces(image: dict[int, int], dimensions: Dimensions, *, tiled: bool) -> int:
    planes = image[_SAMPLES] if image[_PLANES] == 2 else 1
    if tiled:
        tile = Dimensions.checked(image[_TILE_WIDTH], image[_TILE_HEIGHT])
        return -(-dimensions.width // tile.width) * -(-dimensions.height // tile.height) * planes
    rows = image[_ROWS_IN_STRIP] or dimensions.height
    return -(-dimensions.height // rows) * planes


def _raw_bytes(reader: Reader, order: str, tags: dict[int, _Values], image: dict[int, int]) -> int:
    """What the picture's pixels take uncompressed."""
    samples = image[_SAMPLES]
    bits = next(_numbers(reader, order, tags[_BITS]), 1) if _BITS in tags else 1
    if image[_PLANES] == 2:
        return (image[_WIDTH] * bits + 7) // 8 * image[_HEIGHT] * samples
    return (image[_WIDTH] * bits * samples + 7) // 8 * image[_HEIGHT]


def _check_unsized(reader: Reader, order: str, offsets: _Values, compression: int, least: int) -> None:
    if compression != _RAW or offsets.count != 1:
        raise Damaged("does not say how long the pieces of its picture are")
    reader.need(next(_numbers(reader, order, offsets)) + least, "its picture data")


def _check_pieces(reader: Reader, order: str, offsets: _Values, sizes: _Values, compression: int) -> int:
    """Require that every strip or tile is inside the file and has been written; returns their bytes."""
    total = 0
    begins = compression in _NEVER_BEGIN_WITH_ZEROS
    pieces = zip(_numbers(reader, order, offsets), _numbers(reader, order, sizes), strict=True)
    for index, (offset, size) in enumerate(pieces, 1):
        if not offset or not size:
            raise Damaged(f"has not been written to its end: piece {index:,} of {offsets.count:,} is missing")
        reader.need(offset + size, f"piece {index:,} of {offsets.count:,} of its picture")
        if begins and reader.at(offset, 2, "a piece") == b"\0\0":
            raise Damaged(f"holds zeros for piece {index:,} of {offsets.count:,}: reserved and never filled")
        total += size
    return total
