"""ASF (.wmv, .wma, .asf): all objects, and all data packets in the header (Advanced Systems Format).

A writer fills in the sizes and the number of packets when it closes the file. Until then the header has the
broadcast flag, or zeros in their place.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECT = Struct("<16sQ")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_STREAM_PROPERTIES = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_PROPERTIES = Struct("<40xQ8xQ24xII")
"""File size, data packets, flags, size of a packet."""

_STREAM = Struct("<24x16s38xII")
"""Type, width, height."""

_HEADER_HEAD = 30
_DATA_HEAD = 50
_BROADCAST = 1
_MAX_OBJECTS = 100_000


def check(reader: Reader) -> Contents:
    """Walk all objects.

    Raises:
        Damaged: an object is cut or missing, or the header was not filled in.
    """
    reader.need(_OBJECT.size, "its header")
    objects = _objects(reader, 0, reader.size)
    _, _, header_end = next(objects)
    contents, packet_bytes = _read_header(reader, header_end)
    data_bytes = sum(end - at for kind, at, end in objects if kind == _DATA)
    if data_bytes < _DATA_HEAD + packet_bytes:
        raise Damaged(f"holds {data_bytes:,} of {_DATA_HEAD + packet_bytes:,} bytes of data packets")
    return contents


def _read_header(reader: Reader, end: int) -> tuple[Contents, int]:
    """Return the contents, and the bytes that all data packets take."""
    contents = Contents()
    packet_bytes: int | None = None
    for kind, at, _ in _objects(reader, _HEADER_HEAD, end):
        if kind == _FILE_PROPERTIES:
            size, packets, flags, each = reader.unpack(_PROPERTIES, at, "its properties")
            if flags & _BROADCAST or not size or not packets:
                raise Damaged("was not finished: its header states no size")
            reader.need(size, "its data")
            packet_bytes = packets * each
        elif kind == _STREAM_PROPERTIES:
            stream, width, height = reader.unpack(_STREAM, at, "its streams")
            if stream == _VIDEO:
                contents = Contents(width or None, height or None)
    if packet_bytes is None:
        raise Damaged("has a header without the properties of the file")
    return contents, packet_bytes


def _objects(reader: Reader, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the objects from `start` to `end`."""
    for _ in range(_MAX_OBJECTS):
        if end - start < _OBJECT.size:
            return
        kind, size = reader.unpack(_OBJECT, start, "an object's header")
        if size < _OBJECT.size:
            raise Damaged(f"was not finished: it holds an object without a size, at byte {start:,}")
        reader.need(start + size, "an object")
        if start + size > end:
            raise Damaged(f"holds an object that is longer than the one around it, at byte {start:,}")
        yield kind, start, start + size
        start += size
    raise Damaged(f"holds more than {_MAX_OBJECTS:,} objects")
