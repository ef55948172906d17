"""The headers of an OpenEXR file: the attributes that determine the number and the kind of its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_U32 = Struct("<I")
_I32 = Struct("<i")
_BOX = Struct("<iiii")
_TILES = Struct("<IIB")
_TILED, _DEEP, _MULTI_PART = 0x200, 0x800, 0x1000
_KNOWN_VERSIONS = (1, 2)
_MAX_NAME = 255
_MAX_PARTS = 65_536
_WANTED = frozenset((b"dataWindow", b"displayWindow", b"compression", b"tiles", b"type", b"chunkCount"))

_LINES = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256, 10: 256, 11: 32, 12: 256, 13: 1}
"""Scan lines in a chunk by compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB, HTJ2K256,
HTJ2K32, LJ2K, Zstandard (as OpenEXR 3.5 writes them)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One picture of the file."""

    data: Dimensions
    """Of the data window: the stored pixels."""

    display: Dimensions
    """Of the display window: the frame. A writer may store only the part of it that is not empty."""

    first_line: int
    """The y coordinate of the data window's first line; may be negative."""

    lines_in_chunk: int
    tile: Dimensions | None
    """Of one tile; None if the picture is stored in scan lines."""

    stated_chunks: int | None
    """The `chunkCount` attribute, which only multi-part files must have."""

    def chunk_count(self) -> int:
        """Return the number of chunks that the picture takes.

        Raises:
            Damaged: the header states another number.
        """
        count = -(-self.data.height // self.lines_in_chunk)
        if self.tile:
            count = -(-self.data.width // self.tile.width) * -(-self.data.height // self.tile.height)
        if self.stated_chunks not in {None, count}:
            raise Damaged(
                f"says that it has {self.stated_chunks:,} chunks, where its picture takes {count:,}"
            )
        return count


@dataclass(frozen=True, slots=True)
class Headers:
    """All headers of a file."""

    parts: tuple[Part, ...]
    multi_part: bool
    end: int
    """Where the offset tables begin."""


def read_headers(reader: Reader) -> Headers:
    """Read from the magic number to the end of the last header.

    Raises: Damaged: a header is cut, lacks an attribute, is invalid, or describes a picture that After
    Effects does not write.
    """
    (version,) = reader.unpack(_U32, 4, "its header")
    if version & 0xFF not in _KNOWN_VERSIONS:
        raise Damaged(f"is an OpenEXR file of version {version & 0xFF}, which is not known")
    attributes, offset = _read_attributes(reader, 8)
    if not version & _MULTI_PART:
        return Headers((_part(attributes, version),), multi_part=False, end=offset)
    parts = []
    while attributes:  # an empty header ends the list
        parts.append(_part(attributes, version))
        if len(parts) > _MAX_PARTS:
            raise Damaged(f"says that it has more than {_MAX_PARTS:,} parts")
        attributes, offset = _read_attributes(reader, offset)
    if not parts:
        raise Damaged("holds no part")
    return Headers(tuple(parts), multi_part=True, end=offset)


def _read_attributes(reader: Reader, offset: int) -> tuple[dict[bytes, bytes], int]:
    """Return the attributes in `_WANTED`, and where the header ends."""
    attributes: dict[bytes, bytes] = {}
    while True:
        name, offset = _text(reader, offset)
        if not name:
            return attributes, offset
        _type, offset = _text(reader, offset)
        (size,) = reader.unpack(_I32, offset, "its header")
        offset += _I32.size
        if size < 0:
            raise Damaged(f"has an invalid header, at byte {offset:,}")
        reader.need(offset + size, "its header")
        if name in _WANTED:
            attributes[name] = reader.at(offset, min(size, 64), "its header")
        offset += size


def _text(reader: Reader, offset: int) -> tuple[bytes, int]:
    """Return a text that ends with a zero byte, and the offset after that."""
    reader.need(offset + 1, "its header")
    start = reader.at(offset, min(_MAX_NAME + 1, reader.size - offset), "its header")
    length = start.find(b"\0")
    if length < 0:
        if len(start) <= _MAX_NAME:
            reader.need(reader.size + 1, "its header")
        raise Damaged(f"has an invalid header, at byte {offset:,}")
    return start[:length], offset + length + 1


def _part(attributes: dict[bytes, bytes], version: int) -> Part:
    kind = attributes.get(b"type", b"").rstrip(b"\0")
    if version & _DEEP or kind in {b"deepscanline", b"deeptile"}:
        raise Damaged("is a deep OpenEXR file, which After Effects does not write")
    left, top, right, bottom = _fields(_BOX, attributes, b"dataWindow")
    data = Dimensions.checked(right - left + 1, bottom - top + 1)
    display = data
    if b"displayWindow" in attributes:
        x0, y0, x1, y1 = _fields(_BOX, attributes, b"displayWindow")
        display = Dimensions.checked(x1 - x0 + 1, y1 - y0 + 1)
    tiled = bool(version & _TILED) or kind == b"tiledimage"
    (compression,) = _fields(Struct("<B"), attributes, b"compression")
    if compression not in _LINES and not tiled:
        raise Damaged(f"has the compression {compression}, which is not known")
    return Part(
        data,
        display,
        top,
        _LINES.get(compression, 1),
        _tile(attributes) if tiled else None,
        _fields(_I32, attributes, b"chunkCount")[0] if b"chunkCount" in attributes else None,
    )


def _fields(layout: Struct, attributes: dict[bytes, bytes], name: bytes) -> tuple[int, ...]:
    value = attributes.get(name)
    if value is None or len(value) < layout.size:
        raise Damaged(f"has a header without {name.decode('ascii')}")
    return layout.unpack(value[: layout.size])


def _tile(attributes: dict[bytes, bytes]) -> Dimensions:
    width, height, mode = _fields(_TILES, attributes, b"tiles")
    if mode & 0x0F:
        raise Damaged("has tiles of several resolutions, which After Effects does not write")
    if not width or not height:
        raise Damaged(f"says that its tiles are {width:,} x {height:,} pixels")
    return Dimensions(width, height)
