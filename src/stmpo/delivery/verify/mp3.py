"""MP3: after an ID3 tag, frame behind frame to the end; each tells by its header how long it is.

The check is minimal: there must be a frame, and the last one must not be cut. What follows the last frame (an ID3v1 or
APE tag, zeros) is passed over, since nothing says where the sound has to end. (ISO/IEC 11172-3, layer III.)
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Damaged, MovieContents, Reader

_HEADER = Struct(">I")
_TAG = Struct(">3s2xB4s")
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Samples a second, by version and index."""

_BITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobits a second of layer III, for version 1 and for the others."""


def check(reader: Reader) -> MovieContents:
    """Walk from frame to frame.

    Raises:
        Damaged: there is none, or the last one is cut.
    """
    offset, frames = _behind_tag(reader), 0
    while offset + _HEADER.size <= reader.size:
        (header,) = reader.unpack(_HEADER, offset, "a frame's header")
        length = frame_length(header)
        if length is None:
            break
        reader.need(offset + length, "a frame of sound")
        offset += length
        frames += 1
    if not frames:
        raise Damaged("holds no sound: no frame of it begins where one should")
    return MovieContents()


def _behind_tag(reader: Reader) -> int:
    """Where the sound begins: behind the ID3v2 tag, whose size has seven bits in each byte."""
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
    """Bytes of the frame that this header begins; None where it is none of layer III with a fixed rate."""
    version, layer = header >> 19 & 3, header >> 17 & 3
    bits, rate, padding = header >> 12 & 15, header >> 10 & 3, header >> 9 & 1
    if header >> 21 != 0x7FF or layer != 1 or version == 1 or bits in {0, 15} or rate == 3:
        return None
    kilobits = (_BITS_1 if version == 3 else _BITS_2)[bits]
    return (144 if version == 3 else 72) * kilobits * 1000 // _RATES[version][rate] + padding
