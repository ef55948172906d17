"""MP3: an ID3 tag, then frames to the end of the file; each header gives the length of its frame.

The check is minimal: there must be a frame, and the last one must not be cut. Anything after the last frame
(an ID3v1 or APE tag, zeros) is skipped, because nothing says where the sound has to end. (ISO/IEC 11172-3,
layer III.)
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

_HEADER = Struct(">I")
_TAG = Struct(">3s2xB4s")
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Samples per second, by version and index."""

_BITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobits per second of layer III, for version 1 and for the others."""


def check(reader: Reader) -> Contents:
    """Walk from frame to frame.

    Raises:
        Damaged: there is no frame, or the last one is cut.
    """
    offset, frames = _tag_end(reader), 0
    while offset + _HEADER.size <= reader.size:
        (header,) = reader.unpack(_HEADER, offset, "a frame's header")
        length = frame_length(header)
        if length is None:
            break
        reader.need(offset + length, "a frame of sound")
        offset += length
        frames += 1
    if not frames:
        raise Damaged("holds no sound: there is no frame where the first one should begin")
    return Contents()


def _tag_end(reader: Reader) -> int:
    """Return the end of the ID3v2 tag, whose size has seven bits in each byte; 0 if there is none."""
    if reader.size < 10:
        return 0
    name, flags, size = reader.unpack(_TAG, 0, "its ID3 tag")
    if name != b"ID3":
        return 0
    length = 0
    for byte in size:
        length = length << 7 | byte & 0x7F
    end = 10 + length + (10 if flags & 0x10 else 0)
    reader.need(end, "its ID3 tag")
    return end


def frame_length(header: int) -> int | None:
    """Return the bytes of the frame with this header; None if it is not of layer III with a fixed rate."""
    version, layer = header >> 19 & 3, header >> 17 & 3
    bits, rate, padding = header >> 12 & 15, header >> 10 & 3, header >> 9 & 1
    if header >> 21 != 0x7FF or layer != 1 or version == 1 or bits in {0, 15} or rate == 3:
        return None
    kilobits = (_BITS_1 if version == 3 else _BITS_2)[bits]
    return (144 if version == 3 else 72) * kilobits * 1000 // _RATES[version][rate] + padding
