"""MXF: packets of key, length and value to the end of the file (SMPTE ST 377-1).

A writer appends the footer partition when it closes the file, so a file without one is unfinished. Most
writers put a random index pack at the very end. It may be left out, and then nothing marks the end: the file
is in doubt.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

_LABEL = bytes.fromhex("060e2b34")
_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
"""Key of a partition pack; its kind and status follow."""

_HEADER, _FOOTER, _RANDOM_INDEX = 2, 4, 0x11
_KEY_BYTES = 16
_MAX_RUN_IN = 65_536
_BYTE_COUNTS = Struct(">32xQQ")
"""In a partition pack: bytes of header metadata and of index tables that follow it."""


def check(reader: Reader) -> Contents:
    """Walk all packets.

    Raises:
        Damaged: a packet is cut, or there is no footer partition.
    """
    head = reader.at(0, min(_MAX_RUN_IN + _KEY_BYTES, reader.size), "its header")
    at = head.find(_PARTITION + bytes((_HEADER,)))
    if at < 0:
        raise Damaged("is not an MXF: it has no header partition")
    footer = closed = False
    while at < reader.size:
        key, value, end = _packet(reader, at)
        if key.startswith(_PARTITION):
            footer |= key[13] == _FOOTER
            closed |= key[13] == _RANDOM_INDEX
            if key[13] == _FOOTER:
                reader.need(end + sum(reader.unpack(_BYTE_COUNTS, value, "its footer")), "its footer")
        at = end
    if not footer:
        raise Damaged("was not finished: it has no footer partition")
    return Contents(
        in_doubt=None if closed else "has no random index pack, which marks the end of most files"
    )


def _packet(reader: Reader, at: int) -> tuple[bytes, int, int]:
    """Return the key of a packet, and where its value begins and ends."""
    key = reader.at(at, _KEY_BYTES + 1, "a packet")
    if not key.startswith(_LABEL):
        raise Damaged(f"holds no packet where one should begin, at byte {at:,}")
    length, value = key[_KEY_BYTES], at + _KEY_BYTES + 1
    if length >= 0x80:  # BER: the number of bytes that the length takes
        count = length & 0x7F
        if not 1 <= count <= 8:
            raise Damaged(f"holds a packet without a length, at byte {at:,}")
        length = int.from_bytes(reader.at(value, count, "a packet"), "big")
        value += count
    reader.need(value + length, "a packet")
    return key, value, value + length
