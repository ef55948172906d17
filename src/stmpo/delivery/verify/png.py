"""PNG: every chunk with its checksum, from IHDR to IEND (W3C PNG, section 5).

Bytes after IEND are accepted: readers stop there, so the picture is whole.
"""

from __future__ import annotations

import zlib
from struct import Struct

from stmpo.delivery.verify.reader import Damaged, Dimensions, Reader

_CHUNK = Struct(">I4s")
_CRC = Struct(">I")
_HEADER = Struct(">II")
_SIGNATURE_BYTES = 8
_MAX_LENGTH = 2**31 - 1


def check(reader: Reader) -> Dimensions:
    """Walk all chunks.

    Raises:
        Damaged: a chunk is missing, cut, or does not match its checksum.
    """
    dimensions: Dimensions | None = None
    data_chunks = 0
    offset = _SIGNATURE_BYTES
    while True:
        length, kind = reader.unpack(_CHUNK, offset, "a chunk's header; its IEND chunk is missing")
        name = _name(kind, length, offset)
        _check_crc(reader, offset, length, name)
        if dimensions is None:
            if kind != b"IHDR" or length != 13:
                raise Damaged(f"begins with a chunk {name} instead of IHDR")
            dimensions = Dimensions.checked(*reader.unpack(_HEADER, offset + _CHUNK.size, name))
        elif kind == b"IDAT":
            data_chunks += 1
        elif kind == b"IEND":
            break
        offset += _CHUNK.size + length + _CRC.size
    if not data_chunks:
        raise Damaged("holds no picture data: there is no IDAT chunk")
    return dimensions


def _name(kind: bytes, length: int, offset: int) -> str:
    if not any(kind):
        raise Damaged(
            f"holds zeros where a chunk should begin, at byte {offset:,}: reserved and never filled"
        )
    if not kind.isalpha() or length > _MAX_LENGTH:
        raise Damaged(f"holds no chunk where one should begin, at byte {offset:,}")
    return kind.decode("ascii")


def _check_crc(reader: Reader, offset: int, length: int, name: str) -> None:
    article = "an" if name[0] in "AEIOaeio" else "a"
    what = f"{article} {name} chunk"
    end = offset + _CHUNK.size + length
    reader.need(end + _CRC.size, what)
    found = 0
    for block in reader.blocks(offset + 4, 4 + length, what):
        found = zlib.crc32(block, found)
    (wanted,) = reader.unpack(_CRC, end, what)
    if found != wanted:
        raise Damaged(f"holds {what} at byte {offset:,} that does not match its checksum")
