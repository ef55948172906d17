"""Small, whole, valid image files in twelve formats, made with the standard library alone.

Each is one flat colour that encodes its frame number (or black), and carries `STMPO-FRAME=<n>;` in its
format's text field. `frame_stamp` reads the number back from any of them. JPEG holds the low byte as its
grey.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.testing.movies import filler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STAMP = b"STMPO-FRAME="


@dataclass(frozen=True, slots=True)
class Picture:
    """The content of an image file. Sides are in pixels."""

    frame: int
    width: int = 16
    height: int = 16
    black: bool = False

    @property
    def rgb(self) -> bytes:
        """The one colour: the low 24 bits of the frame number."""
        return bytes(3) if self.black else (self.frame & 0xFFFFFF).to_bytes(3, "big")

    @property
    def stamp(self) -> bytes:
        """The text that `frame_stamp` finds."""
        return _STAMP + b"%d;" % self.frame


def frame_stamp(path: Path | str) -> int:
    """Return the frame number that a file of the fake aerender carries.

    Raises:
        ValueError: the file carries none: it is empty, cut before its stamp, or of another program.
    """
    data = Path(path).read_bytes()
    _, found, rest = data.partition(_STAMP)
    number, end, _ = rest[:24].partition(b";")
    if not found or not end:
        raise ValueError(f"{path}: carries no frame number of the fake aerender")
    return int(number)


def encode(extension: str, picture: Picture, at_least: int = 0) -> bytes:
    """Return the image file for an extension with its dot, grown to `at_least` bytes by height or comments.

    An unknown extension gives a short stamped blob.
    """
    encoder = _ENCODERS.get(extension.lower())
    if encoder is None:
        return (picture.stamp + b"\n").ljust(max(at_least, 64), b".")
    if encoder is not _jpeg and at_least > 3 * picture.width * picture.height:
        width = max(picture.width, 512)
        picture = Picture(picture.frame, width, at_least // (width * 3) + 1, picture.black)
    data = encoder(picture)
    return _padded_jpeg(data, at_least) if encoder is _jpeg else data


def _rows(picture: Picture, pixel: bytes, before: bytes = b"") -> bytes:
    return (before + pixel * picture.width) * picture.height


def _png(picture: Picture) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(_rows(picture, picture.rgb, b"\0"), 0)  # stored: as large as a real frame
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"tEXt", b"Comment\0" + picture.stamp),
            chunk(b"IDAT", pixels),
            chunk(b"IEND", b""),
        )
    )


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _jpeg(picture: Picture) -> bytes:
    """Baseline grey. Every 8 x 8 block is flat and like the first, so that all but that one take two bits.

    Huffman codes of the level: `0` is no difference, five bits a difference of 1 to 8 bits; `0` ends each
    block.
    """
    level = picture.rgb[2] - 128
    size = abs(level).bit_length()
    first = f"{0b10000 + size - 1:05b}{level if level > 0 else level + 2**size - 1:0{size}b}" if size else "0"
    blocks = -(-picture.width // 8) * -(-picture.height // 8)
    bits = first + "0" + "00" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            _segment(0xFE, picture.stamp),
            _segment(0xDB, b"\0" + b"\x08" * 64),  # a step of 8 makes a block's level its grey less 128
            _segment(0xC0, struct.pack(">BHHB3B", 8, picture.height, picture.width, 1, 1, 0x11, 0)),
            _segment(0xC4, b"\x00" + bytes([1, 0, 0, 0, 8] + [0] * 11) + bytes(range(9))),
            _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),
            _segment(0xDA, b"\1\1\0\0\x3f\0"),
            scan,
            b"\xff\xd9",
        )
    )


def _padded_jpeg(data: bytes, at_least: int) -> bytes:
    """Insert comments after the stamp's until the file is large enough."""
    at = data.index(b"\xff\xdb")
    comments = bytearray()
    while len(data) + len(comments) < at_least:
        comments += _segment(0xFE, filler(min(60_000, at_least)))
    return data[:at] + comments + data[at:]


def _tiff(picture: Picture) -> bytes:
    """Little-endian, one uncompressed strip, which ends the file."""
    words = picture.stamp + b"\0"
    count = 10
    after = 8 + 2 + 12 * count + 4
    bits = after + len(words) + len(words) % 2
    strip = bits + 6
    pixels = _rows(picture, picture.rgb)
    short, long = 3, 4
    entries = [
        (256, long, 1, picture.width),
        (257, long, 1, picture.height),
        (258, short, 3, bits),
        (259, short, 1, 1),
        (262, short, 1, 2),
        (270, 2, len(words), after),
        (273, long, 1, strip),
        (277, short, 1, 3),
        (278, long, 1, picture.height),
        (279, long, 1, len(pixels)),
    ]
    directory = (
        struct.pack("<H", count) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    )
    return b"".join(
        (
            b"II*\0\x08\0\0\0",
            directory,
            words.ljust(bits - after, b"\0"),
            struct.pack("<3H", 8, 8, 8),
            pixels,
        )
    )


def _exr(picture: Picture) -> bytes:
    """Scan lines of half floats, uncompressed: the layout of OpenEXR 2."""

    def attribute(name: bytes, kind: bytes, value: bytes) -> bytes:
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value

    channels = (
        b"".join(name + b"\0" + struct.pack("<iB3xii", 1, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    )
    window = struct.pack("<4i", 0, 0, picture.width - 1, picture.height - 1)
    header = b"".join(
        (
            struct.pack("<II", 20000630, 2),
            attribute(b"channels", b"chlist", channels),
            attribute(b"comments", b"string", picture.stamp),
            attribute(b"compression", b"compression", b"\0"),
            attribute(b"dataWindow", b"box2i", window),
            attribute(b"displayWindow", b"box2i", window),
            attribute(b"lineOrder", b"lineOrder", b"\0"),
            attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
            attribute(b"screenWindowCenter", b"v2f", struct.pack("<2f", 0, 0)),
            attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)),
            b"\0",
        )
    )
    line = b"".join(struct.pack("<e", value / 255) * picture.width for value in reversed(picture.rgb))
    start = len(header) + 8 * picture.height
    offsets = (start + row * (8 + len(line)) for row in range(picture.height))
    table = b"".join(struct.pack("<Q", offset) for offset in offsets)
    return (
        header + table + b"".join(struct.pack("<ii", row, len(line)) + line for row in range(picture.height))
    )


def _tga(picture: Picture) -> bytes:
    """Uncompressed true colour with an image identification and the footer of version 2."""
    words = picture.stamp
    header = struct.pack("<BBB5xHHHHBB", len(words), 0, 2, 0, 0, picture.width, picture.height, 24, 0x20)
    footer = struct.pack("<II", 0, 0) + b"TRUEVISION-XFILE.\0"
    return header + words + _rows(picture, picture.rgb[::-1]) + footer


def _dpx(picture: Picture) -> bytes:
    """SMPTE 268M version 1, big-endian, 10 bits a channel, filled to 32 bits a pixel (method A)."""
    red, green, blue = (value << 2 for value in picture.rgb)
    pixels = _rows(picture, struct.pack(">I", red << 22 | green << 12 | blue << 2))
    start = 2048
    generic = struct.pack(">4sI8sIIIII", b"SDPX", start, b"V1.0", start + len(pixels), 1, 1664, 384, 0)
    generic += picture.stamp.ljust(100, b"\0") + bytes(24) + b"stmpo".ljust(100, b"\0") + bytes(200 + 200)
    generic += struct.pack(">I", 0xFFFFFFFF) + bytes(104)
    image = struct.pack(">HHII", 0, 1, picture.width, picture.height)
    image += struct.pack(">IIfIfBBBBHHIII32s", 0, 0, 0, 1023, 2, 50, 2, 2, 10, 1, 0, start, 0, 0, b"")
    return (generic + image).ljust(start, b"\0") + pixels


def _psd(picture: Picture) -> bytes:
    """Version 1, three raw planes, with the caption as its only resource."""
    words = bytes([len(picture.stamp)]) + picture.stamp
    words += b"\0" * (len(words) % 2)
    resource = b"8BIM" + struct.pack(">HHI", 1008, 0, len(words)) + words
    plane = picture.width * picture.height
    return b"".join(
        (
            struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, picture.height, picture.width, 8, 3),
            struct.pack(">I", 0),
            struct.pack(">I", len(resource)) + resource,
            struct.pack(">I", 0),
            struct.pack(">H", 0),
            *(bytes([value]) * plane for value in picture.rgb),
        )
    )


def _bmp(picture: Picture) -> bytes:
    """24 bits a pixel, bottom up; the stamp stands between the header and the pixels."""
    words = picture.stamp.ljust(-(-len(picture.stamp) // 4) * 4, b"\0")
    start = 14 + 40 + len(words)
    line = picture.rgb[::-1] * picture.width
    pixels = (line + bytes(-len(line) % 4)) * picture.height
    header = struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start)
    return (
        header
        + struct.pack(
            "<IiiHHIIiiII", 40, picture.width, picture.height, 1, 24, 0, len(pixels), 2835, 2835, 0, 0
        )
        + words
        + pixels
    )


def _sgi(picture: Picture) -> bytes:
    """Verbatim, three planes, with the stamp as the name of the image."""
    header = struct.pack(
        ">HBBHHHHII4x80s", 474, 0, 1, 3, picture.width, picture.height, 3, 0, 255, picture.stamp
    )
    return header.ljust(512, b"\0") + b"".join(
        bytes([value]) * (picture.width * picture.height) for value in picture.rgb
    )


def _hdr(picture: Picture) -> bytes:
    """Radiance with flat scan lines; the stamp is a comment of the header."""
    size = b"-Y %d +X %d\n" % (picture.height, picture.width)
    header = b"#?RADIANCE\n# " + picture.stamp + b"\nFORMAT=32-bit_rle_rgbe\n\n" + size
    return header + _rows(picture, picture.rgb + b"\x80")


def _iff(picture: Picture) -> bytes:
    """Maya's kind, one tile of raw pixels; the stamp is the author."""

    def group(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">4sI", kind, len(body)) + body + bytes(-len(body) % 4)

    header = struct.pack(">IIHHIHHIII", picture.width, picture.height, 1, 1, 1, 0, 1, 0, 0, 0)
    tile = struct.pack(">HHHH", 0, 0, picture.width - 1, picture.height - 1) + _rows(
        picture, picture.rgb[::-1]
    )
    chunks = group(b"TBHD", header) + group(b"AUTH", picture.stamp)
    return group(b"FOR4", b"CIMG" + chunks + group(b"FOR4", b"TBMP" + group(b"RGBA", tile)))


def _cineon(picture: Picture) -> bytes:
    """Big-endian, 10 bits a channel, filled to 32 bits a pixel."""
    red, green, blue = (value << 2 for value in picture.rgb)
    pixels = _rows(picture, struct.pack(">I", red << 22 | green << 12 | blue << 2))
    start = 2048
    header = struct.pack(
        ">IIIIII8s100s", 0x802A5FD7, start, 1024, 1024, 0, start + len(pixels), b"V4.5", picture.stamp
    )
    header = header.ljust(192, b"\0") + bytes((0, 3, 0, 0))
    for channel in (1, 2, 3):
        header += struct.pack(">BBBxII16x", 0, channel, 10, picture.width, picture.height)
    return (header.ljust(681, b"\0") + b"\5").ljust(start, b"\0") + pixels


_ENCODERS: Mapping[str, Callable[[Picture], bytes]] = {
    ".bmp": _bmp,
    ".cin": _cineon,
    ".dpx": _dpx,
    ".exr": _exr,
    ".hdr": _hdr,
    ".iff": _iff,
    ".jpeg": _jpeg,
    ".jpg": _jpeg,
    ".png": _png,
    ".psd": _psd,
    ".sgi": _sgi,
    ".tga": _tga,
    ".tif": _tiff,
    ".tiff": _tiff,
}
