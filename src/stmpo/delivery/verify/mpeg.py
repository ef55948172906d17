"""MPEG program streams (.mpg, .mpeg, .vob), elementary ones (.m2v) and transport streams (.m2ts, .mts, .ts).

All packets are walked, so a packet that was cut is noticed. (ISO/IEC 11172-1, 13818-1 and 13818-2.) Nothing
states how many packets there are. A program or elementary stream may end with an end code; without one, and
for every transport stream, the file is in doubt.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import BLOCK_BYTES, Contents, Damaged, Reader

_CODE = Struct(">I")
_LENGTH = Struct(">H")
_PACK, _END, _SYSTEM = 0x1BA, 0x1B9, 0x1BB
_SEQUENCE, _SEQUENCE_END = 0x1B3, 0x1B7
_SYNC = b"\x47"
_LAYOUTS = ((188, 0), (192, 4))
"""Size of a packet, and where its sync byte is: without and with a time stamp."""

_NO_END = "has no end code, so packets may be missing"


def check(reader: Reader) -> Contents:
    """Walk a program stream, or look for the end code of an elementary one.

    Raises:
        Damaged: a packet is cut or invalid.
    """
    (code,) = reader.unpack(_CODE, 0, "its header")
    if code == _SEQUENCE:
        (last,) = reader.unpack(_CODE, reader.size - _CODE.size, "its pictures")
        return Contents(in_doubt=None if last == _SEQUENCE_END else _NO_END)
    at = 0
    while at < reader.size:
        (code,) = reader.unpack(_CODE, at, "a packet")
        if code == _PACK:
            at += _pack_bytes(reader, at)
        elif code == _END:
            at += _CODE.size
        elif _SYSTEM <= code <= 0x1FF:
            at += _CODE.size + _LENGTH.size + reader.unpack(_LENGTH, at + _CODE.size, "a packet")[0]
        else:
            raise Damaged(f"holds no packet where one should begin, at byte {at:,}")
        reader.need(at, "a packet")
    return Contents(in_doubt=None if code == _END else _NO_END)


def _pack_bytes(reader: Reader, at: int) -> int:
    """Return the bytes of a pack header, which differ between MPEG-1 and MPEG-2."""
    kind = reader.at(at + _CODE.size, 1, "a pack")[0]
    if kind >> 6 == 1:
        return 14 + (reader.at(at + 13, 1, "a pack")[0] & 7)
    if kind >> 4 == 2:
        return 12
    raise Damaged(f"holds no packet where one should begin, at byte {at:,}")


def check_transport(reader: Reader) -> Contents:
    """Check that a transport stream consists of whole packets: 188 bytes, or 192 with a time stamp.

    Raises:
        Damaged: the last packet is cut, or one does not begin as a packet does.
    """
    packet, sync_at = _packet_layout(reader)
    at_once = BLOCK_BYTES // packet * packet
    for start in range(0, reader.size, at_once):
        length = min(at_once, reader.size - start)
        block = b"".join(reader.blocks(start, length, "a packet"))
        if block[sync_at::packet].strip(_SYNC):
            raise Damaged(f"holds no packet where one should begin, after byte {start:,}")
    reader.need(-(-reader.size // packet) * packet, "a packet")
    return Contents(in_doubt="has no end mark, so packets may be missing")


def _packet_layout(reader: Reader) -> tuple[int, int]:
    """Return size and place of the sync byte of all packets. A time stamp may hold that byte by chance."""
    for packet, sync_at in _LAYOUTS:
        offsets = range(sync_at, min(reader.size, 4 * packet), packet)
        if offsets and all(reader.at(offset, 1, "its header") == _SYNC for offset in offsets):
            return packet, sync_at
    raise Damaged("is not a transport stream: no packet begins where one should")
