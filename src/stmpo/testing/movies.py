"""Movies and sounds that the fake writes: small, structurally whole, the same bytes for the same frames.

Their media are a stamp that names the frames, and filler; a movie's index counts one picture per frame.
Formats whose structure is not verified are the stamp and the filler alone.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 4096
"""Bytes of media."""

WIDTH, HEIGHT = 16, 16


def movie(first: int, last: int, extension: str = ".mov") -> bytes:
    """Return the single file with these frames, for an extension with its dot, in any case."""
    media = b"STMPO-MOVIE first=%d last=%d " % (first, last) + filler(SIZE) + b" END\n"
    build = _BUILDERS.get(extension.lower())
    return media if build is None else build(media, last - first + 1)


def filler(size: int) -> bytes:
    """Return `size` bytes that are always the same."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Build a box of a QuickTime or MP4 file."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def table(kind: bytes, *fields: int) -> bytes:
    """Build a box that begins with version and flags and holds 32-bit numbers."""
    return box(kind, bytes(4), struct.pack(f">{len(fields)}I", *fields))


def _mov(media: bytes, frames: int) -> bytes:
    head = box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"wide")
    sample = len(media) // frames
    tables = (
        table(b"stts", 1, frames, 1001),
        table(b"stsz", sample, frames),
        table(b"stco", 1, len(head) + 8),
    )
    sides = struct.pack(">II", WIDTH << 16, HEIGHT << 16)
    trak = box(
        b"trak",
        box(b"tkhd", bytes(76), sides),
        box(
            b"mdia",
            box(b"hdlr", bytes(4), b"mhlr", b"vide", bytes(12)),
            box(b"minf", box(b"stbl", *tables)),
        ),
    )
    return head + box(b"mdat", media) + box(b"moov", table(b"mvhd", *[0] * 24), trak)


def chunk(kind: bytes, body: bytes, order: str = "<") -> bytes:
    """Build a chunk of a RIFF or (order ">") FORM file, padded to an even length."""
    return struct.pack(f"{order}4sI", kind, len(body)) + body + bytes(len(body) % 2)


def _avi(media: bytes, frames: int) -> bytes:
    main = struct.pack("<4I4I2I4I", 33_333, 0, 0, 0x10, frames, 0, 1, len(media), WIDTH, HEIGHT, 0, 0, 0, 0)
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4H", b"vids", b"DIB ", 0, 0, 0, 0, 1, 30, 0, frames, 0, 0, 0, 0, 0, 0, 0
    )
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + chunk(b"LIST", b"strl" + chunk(b"strh", stream)))
    movi = chunk(b"LIST", b"movi" + chunk(b"00db", media))
    index = chunk(b"idx1", struct.pack("<4sIII", b"00db", 0x10, 4, len(media)) * frames)
    return chunk(b"RIFF", b"AVI " + header + movi + index)


def _wav(media: bytes, _: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, 2, 48_000, 192_000, 4, 16)
    return chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", form) + chunk(b"data", media))


def _aiff(media: bytes, _: int) -> bytes:
    common = struct.pack(">hIh", 1, len(media) // 2, 16) + b"\x40\x0e\xbb\x80" + bytes(6)
    sound = chunk(b"SSND", bytes(8) + media, ">")
    return chunk(b"FORM", b"AIFF" + chunk(b"COMM", common, ">") + sound, ">")


def _mp3(media: bytes, _: int) -> bytes:
    size = 144 * 128_000 // 44_100
    head = b"\xff\xfb\x90\x00"
    return b"".join(
        head + media[at : at + size - 4].ljust(size - 4, b"\0") for at in range(0, len(media), size - 4)
    )


def _wmv(media: bytes, _: int) -> bytes:
    def item(kind: str, body: bytes) -> bytes:
        return bytes.fromhex(kind) + struct.pack("<Q", 24 + len(body)) + body

    data = item("3626b2758e66cf11a6d900aa0062ce6c", bytes(16) + struct.pack("<QH", 1, 0x0101) + media)
    stream = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b") + bytes(38) + struct.pack("<II", WIDTH, HEIGHT)
    streams = item("9107dcb7b7a9cf118ee600c00c205365", stream)
    size = 30 + 104 + len(streams) + len(data)
    each = len(media)
    facts = bytes(16) + struct.pack("<QQQQQQIIII", size, 0, 1, 0, 0, 0, 2, each, each, 0)
    properties = item("a1dcab8c47a9cf118ee400c00c205365", facts)
    header = struct.pack("<IH", 2, 0x0201) + properties + streams
    return item("3026b2758e66cf11a6d900aa0062ce6c", header) + data


def _webm(media: bytes, _: int) -> bytes:
    def element(kind: str, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return bytes.fromhex(kind) + struct.pack(">Q", 1 << 56 | len(body)) + body

    video = element("e0", element("b0", bytes([WIDTH])), element("ba", bytes([HEIGHT])))
    tracks = element("1654ae6b", element("ae", element("d7", b"\1"), element("83", b"\1"), video))
    cluster = element("1f43b675", element("e7", b"\0"), element("a3", b"\x81\0\0\x80", media))
    return element("1a45dfa3", element("4282", b"webm")) + element("18538067", tracks, cluster)


def _mxf(media: bytes, _: int) -> bytes:
    def packet(key: str, body: bytes) -> bytes:
        return bytes.fromhex(key) + b"\x83" + len(body).to_bytes(3, "big") + body

    def partition(kind: int) -> bytes:
        return packet(f"060e2b34020501010d010201010{kind}0400", struct.pack(">HHI", 1, 3, 0) + bytes(80))

    essence = packet("060e2b34010201010d01030115010500", media)
    index = packet("060e2b34020501010d01020101110100", struct.pack(">IQIQI", 0, 0, 0, 0, 28))
    return partition(2) + essence + partition(4) + index


def _mpg(media: bytes, _: int) -> bytes:
    pack = struct.pack(">I", 0x1BA) + b"\x44" + bytes(8) + b"\xf8"
    return pack + struct.pack(">IH", 0x1E0, len(media)) + media + struct.pack(">I", 0x1B9)


def _m2ts(media: bytes, _: int) -> bytes:
    return b"".join(
        b"\0\0\0\0\x47" + media[at : at + 187].ljust(187, b"\xff") for at in range(0, len(media), 187)
    )


_BUILDERS: dict[str, Callable[[bytes, int], bytes]] = {
    ".mov": _mov,
    ".mp4": _mov,
    ".m4v": _mov,
    ".avi": _avi,
    ".wav": _wav,
    ".aif": _aiff,
    ".aiff": _aiff,
    ".mp3": _mp3,
    ".wmv": _wmv,
    ".webm": _webm,
    ".mxf": _mxf,
    ".mpg": _mpg,
    ".m2ts": _m2ts,
}
