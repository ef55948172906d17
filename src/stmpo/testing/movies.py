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


_BUILDERS: dict[str, Callable[[bytes, int], bytes]] = {
    ".mov": _mov,
    ".mp4": _mov,
    ".m4v": _mov,
    ".avi": _avi,
    ".wav": _wav,
    ".aif": _aiff,
    ".aiff": _aiff,
    ".mp3": _mp3,
}
