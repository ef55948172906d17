"""TIFF and BigTIFF, both byte orders: every directory, then all its strips or tiles (TIFF 6.0; BigTIFF).

A directory may lie anywhere and point anywhere. Two guards keep the time linear on hostile files: a directory
is visited once, and all of them together may take only a few times the bytes of the file.

A strip of compressed data never begins with two zero bytes in the compressions named below, so space that was
reserved and never filled is noticed. For raw pixels zeros are black, and only their number can be checked.

Sub-images (SubIFDs) are refused. After Effects does not write them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import Struct
from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

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

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES, _SUB_IMAGES = 322, 323, 324, 325, 330

_MAX_OVERLAP = 4
"""Directories may share values, as the pages of one scanner do; four times the file's size is generous."""

_RAW = 1
_YCBCR = 6
_NEVER_BEGIN_WITH_ZEROS = frozenset((5, 7, 8, 32946, 34887, 50000, 50001))
"""LZW, JPEG, deflate (two numbers), LERC, Zstandard, WebP."""

_DEFAULTS = {
    _WIDTH: 0,
    _HEIGHT: 0,
    _BITS: 1,
    _COMPRESSION: _RAW,
    _PHOTOMETRIC: 0,
    _SAMPLES: 1,
    _ROWS_PER_STRIP: 2**32 - 1,
    _PLANES: 1,
    _TILE_WIDTH: 0,
    _TILE_HEIGHT: 0,
}
"""Tags that hold one number (of bits per sample the first counts), with the value that an absent tag stands
for."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The differences between TIFF and BigTIFF, in one byte order."""

    order: str
    first: int
    """Offset of the first directory."""

    count: Struct
    entry: Struct
    """Tag, type and number of values; the value or its offset follows."""

    pointer: Struct


@dataclass(frozen=True, slots=True)
class _Values:
    """Where the values of one tag are in the file."""

    kind: int
    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """One image file directory."""

    tags: dict[int, _Values]
    bytes: int
    """Its size in the file, values elsewhere included."""

    following: int
    """Offset of the next directory; 0 if it is the last one."""


def check(reader: Reader) -> Contents:
    """Walk all directories; the dimensions are those of the first image.

    Raises: Damaged: a directory, strip or tile is not inside the file, there is no image, or there are
    sub-images.
    """
    layout = _layout(reader)
    contents: Contents | None = None
    visited: set[int] = set()
    budget = _MAX_OVERLAP * reader.size
    offset = layout.first
    while offset:
        if offset in visited:
            raise Damaged(f"has a directory that follows itself, at byte {offset:,}")
        visited.add(offset)
        directory = _directory(reader, layout, offset)
        budget -= directory.bytes
        if budget < 0:
            raise Damaged("has directories that overlap")
        if _SUB_IMAGES in directory.tags:
            raise Damaged("holds sub-images (SubIFDs), which After Effects does not write")
        image = _check_image(reader, layout.order, directory.tags)
        if image is not None:
            contents = replace(contents or image, in_doubt=(contents or image).in_doubt or image.in_doubt)
        offset = directory.following
    if contents is None:
        raise Damaged("holds no image")
    return contents


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


def _check_image(reader: Reader, order: str, tags: dict[int, _Values]) -> Contents | None:
    """Check the strips or tiles of a directory; return None if it has none (EXIF and private directories)."""
    tiled = _TILE_OFFSETS in tags
    offsets = tags.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS)
    if offsets is None:
        return None
    image = {
        tag: next(_numbers(reader, order, tags[tag]), default) if tag in tags else default
        for tag, default in _DEFAULTS.items()
    }
    dimensions = Dimensions.checked(image[_WIDTH], image[_HEIGHT])
    wanted = _pieces(image, dimensions, tiled=tiled)
    if offsets.count < wanted:
        pieces = "tiles" if tiled else "strips"
        raise Damaged(f"names {offsets.count:,} of the {wanted:,} {pieces} of its picture")
    least = 0 if tiled or image[_PHOTOMETRIC] == _YCBCR else _raw_bytes(image)
    sizes = tags.get(_TILE_BYTES if tiled else _STRIP_BYTES)
    if sizes is None:
        return dimensions.contents(_check_unsized(reader, order, offsets, image[_COMPRESSION], least))
    if sizes.count != offsets.count:
        raise Damaged(f"names {offsets.count:,} pieces of its picture, but {sizes.count:,} sizes")
    total, last = _check_pieces(reader, order, offsets, sizes, image[_COMPRESSION])
    if image[_COMPRESSION] == _RAW and total < least:
        raise Damaged(f"holds {total:,} of the {least:,} bytes of its picture")
    return dimensions.contents(reader.doubt_about(*last))


def _pieces(image: dict[int, int], dimensions: Dimensions, *, tiled: bool) -> int:
    """Return the number of strips or tiles that the picture takes."""
    planes = image[_SAMPLES] if image[_PLANES] == 2 else 1
    if tiled:
        tile = Dimensions.checked(image[_TILE_WIDTH], image[_TILE_HEIGHT])
        return -(-dimensions.width // tile.width) * -(-dimensions.height // tile.height) * planes
    rows = image[_ROWS_PER_STRIP] or dimensions.height
    return -(-dimensions.height // rows) * planes


def _raw_bytes(image: dict[int, int]) -> int:
    """Return the uncompressed size of the picture."""
    if image[_PLANES] == 2:
        return (image[_WIDTH] * image[_BITS] + 7) // 8 * image[_HEIGHT] * image[_SAMPLES]
    return (image[_WIDTH] * image[_BITS] * image[_SAMPLES] + 7) // 8 * image[_HEIGHT]


def _check_unsized(reader: Reader, order: str, offsets: _Values, compression: int, least: int) -> str | None:
    """Check a picture without sizes of its strips: early writers left them out for one raw strip.

    Return the doubt about it, if any.
    """
    if compression != _RAW or offsets.count != 1:
        raise Damaged("does not say how long the pieces of its picture are")
    start = next(_numbers(reader, order, offsets))
    reader.need(start + least, "its picture data")
    return reader.doubt_about(start, start + least)


def _check_pieces(
    reader: Reader, order: str, offsets: _Values, sizes: _Values, compression: int
) -> tuple[int, tuple[int, int]]:
    """Require that every strip or tile is inside the file and was written.

    Return their total size, and where the last one in the file begins and ends.
    """
    total = 0
    last = (0, 0)
    never_zeros = compression in _NEVER_BEGIN_WITH_ZEROS
    pieces = zip(_numbers(reader, order, offsets), _numbers(reader, order, sizes), strict=True)
    for index, (offset, size) in enumerate(pieces, 1):
        if not offset or not size:
            raise Damaged(f"has not been written to its end: piece {index:,} of {offsets.count:,} is missing")
        reader.need(offset + size, f"piece {index:,} of {offsets.count:,} of its picture")
        if never_zeros and reader.at(offset, 2, "a piece") == b"\0\0":
            raise Damaged(f"holds zeros for piece {index:,} of {offsets.count:,}: reserved and never filled")
        total += size
        last = max(last, (offset, offset + size))
    return total, last
