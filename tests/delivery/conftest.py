"""Small whole files of every checked format, made from the specifications without any library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

Sample = Callable[[str], bytes]


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + bytes([y, 7, 9] * 5) for y in range(4)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 4, 8, 2, 0, 0, 0))
        + chunk(b"tEXt", b"Comment\0made by hand")
        + chunk(b"IDAT", rows[:10])
        + chunk(b"IDAT", rows[10:])
        + chunk(b"IEND", b"")
    )


def _jpeg(*, progressive: bool) -> bytes:
    """Structure only: nothing here reads the coded data. A thumbnail stands in its EXIF segment."""

    def segment(marker: int, data: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56\xff\xd1\x78"
    thumbnail = b"\xff\xd8" + scan + b"\xff\xd9"
    frame = segment(0xC2 if progressive else 0xC0, struct.pack(">BHHB", 8, 4, 5, 1) + b"\x01\x11\x00")
    return (
        b"\xff\xd8"
        + segment(0xE1, b"Exif\0\0" + thumbnail)
        + b"\xff\xff"  # fill bytes before a marker
        + frame
        + scan * (3 if progressive else 1)
        + b"\xff\xd9"
    )


def _tiff(order: str, *, big: bool = False, tiled: bool = False, pages: int = 1) -> bytes:
    """5 x 4 grey pixels in two strips, or one 16 x 16 tile, a page; directories first, pixels last."""
    word, count, entry = ("Q", "Q", "HHQ") if big else ("I", "H", "HHI")
    width = struct.calcsize("<" + word)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    if big:
        head += struct.pack(order + "HH", 8, 0)
    first = len(head) + width
    pieces = [256] if tiled else [10, 10]
    tags = 9 if tiled else 8
    listed = 2 * width * len(pieces) if len(pieces) > 1 else 0
    length = struct.calcsize("<" + count) + tags * (struct.calcsize("<" + entry) + width) + width + listed
    pixels_at = first + pages * length
    out = head + struct.pack(order + word, first)
    for page in range(pages):
        at = first + page * length
        starts = [pixels_at + page * sum(pieces) + sum(pieces[:n]) for n in range(len(pieces))]
        lists_at = at + length - listed
        values: list[tuple[int, int, int, int]] = [
            (256, 3, 1, 5),
            (257, 3, 1, 4),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
        ]
        kind = 16 if big else 4
        if tiled:
            values += [(322, 3, 1, 16), (323, 3, 1, 16), (324, kind, 1, starts[0]), (325, kind, 1, 256)]
        else:
            lists = (lists_at, lists_at + width * 2)
            values += [(273, kind, 2, lists[0]), (278, 3, 1, 2), (279, kind, 2, lists[1])]
        out += struct.pack(order + count, tags)
        for tag, form, number, value in values:
            inline = struct.pack(order + ("H" if form == 3 else word), value).ljust(width, b"\0")
            out += struct.pack(order + entry, tag, form, number) + inline
        out += struct.pack(order + word, at + length if page + 1 < pages else 0)
        if listed:
            out += struct.pack(order + word * 4, *starts, *pieces)
    return out + bytes(range(1, 251)).ljust(sum(pieces), b"\x55")[: sum(pieces)] * pages


def _exr_attribute(name: bytes, kind: bytes, value: bytes) -> bytes:
    return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value


def _exr_header(*, kind: bytes = b"", tiles: tuple[int, int, int] | None = None, chunks: int = 0) -> bytes:
    window = struct.pack("<iiii", -2, -1, 2, 4)  # 5 x 6 pixels, the first line at -1
    out = _exr_attribute(b"channels", b"chlist", b"Y\0" + struct.pack("<iB3xii", 1, 0, 1, 1) + b"\0")
    out += _exr_attribute(b"compression", b"compression", b"\0")
    out += _exr_attribute(b"dataWindow", b"box2i", window) + _exr_attribute(
        b"displayWindow", b"box2i", window
    )
    out += _exr_attribute(b"lineOrder", b"lineOrder", b"\0")
    if kind:
        out += _exr_attribute(b"type", b"string", kind) + _exr_attribute(b"name", b"string", kind)
    if tiles:
        out += _exr_attribute(b"tiles", b"tiledesc", struct.pack("<IIB", *tiles))
    if chunks:
        out += _exr_attribute(b"chunkCount", b"int", struct.pack("<i", chunks))
    return out + b"\0"


def _exr(flags: int, headers: list[bytes], parts: list[list[bytes]]) -> bytes:
    head = b"v/1\x01" + struct.pack("<I", 2 | flags) + b"".join(headers)
    multi_part = bool(flags & 0x1000)
    head += b"\0" if multi_part else b""
    at = len(head) + 8 * sum(map(len, parts))
    table = body = b""
    for number, chunks in enumerate(parts):
        for chunk in chunks:
            table += struct.pack("<Q", at + len(body))
            body += (struct.pack("<i", number) if multi_part else b"") + chunk
    return head + table + body


def _exr_lines() -> list[bytes]:
    return [struct.pack("<ii", y, 10) + bytes(range(10)) for y in range(-1, 5)]


def _exr_tiles() -> list[bytes]:
    """4 x 4 tiles over 5 x 6 pixels: 2 x 2 of them."""
    return [struct.pack("<iiiii", x, y, 0, 0, 4) + b"abcd" for y in range(2) for x in range(2)]


def _exr_multi_part() -> bytes:
    headers = [
        _exr_header(kind=b"scanlineimage", chunks=6),
        _exr_header(kind=b"tiledimage", tiles=(4, 4, 0), chunks=4),
    ]
    return _exr(0x1000, headers, [_exr_lines(), _exr_tiles()])


def _tga(*, coded: bool = False, footer: bool = False) -> bytes:
    head = struct.pack("<BBBHHBHHHHBB", 3, 0, 10 if coded else 2, 0, 0, 0, 0, 0, 5, 4, 24, 0x20) + b"id."
    runs = b"\x8b" + b"rgb" + b"\x07" + b"xyz" * 8  # 20 pixels: a run of 12, then 8 as they are
    pixels = runs if coded else b"rgb" * 20
    return head + pixels + (struct.pack("<II", 0, 0) + b"TRUEVISION-XFILE.\0" if footer else b"")


def _dpx(order: str) -> bytes:
    """5 x 4 RGB pixels of 10 bits, three in a word."""
    size = 2048 + 5 * 4 * 4
    head = bytearray(2048)
    struct.pack_into(order + "4sI8sI", head, 0, b"SDPX" if order == ">" else b"XPDS", 2048, b"V1.0", size)
    struct.pack_into(order + "HHII", head, 768, 0, 1, 5, 4)
    struct.pack_into(order + "20xBBBBHHI", head, 780, 50, 2, 2, 10, 1, 0, 2048)
    return bytes(head) + bytes(range(80))


def _psd(*, large: bool = False, coded: bool = False) -> bytes:
    """5 x 4 RGB pixels of 8 bits, with an image resource and an empty layer section."""
    out = b"8BPS" + struct.pack(">H6xHIIHH", 2 if large else 1, 3, 4, 5, 8, 3)
    out += struct.pack(">I", 0) + struct.pack(">I", 6) + b"8BIM.." + struct.pack(">Q" if large else ">I", 0)
    if not coded:
        return out + struct.pack(">H", 0) + bytes(range(60))
    rows = [bytes([0xFC, y]) for y in range(12)]
    lengths = struct.pack(">12" + ("I" if large else "H"), *map(len, rows))
    return out + struct.pack(">H", 1) + lengths + b"".join(rows)


def _bmp(*, core: bool = False) -> bytes:
    pixels = (b"bgr" * 5 + b"\0") * 4
    info = struct.pack("<IHHHH", 12, 5, 4, 1, 24)
    if not core:
        info = struct.pack("<IiiHHIIiiII", 40, 5, -4, 1, 24, 0, 0, 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 14 + len(info) + len(pixels), 0, 0, 14 + len(info)) + info + pixels


_MAKERS: dict[str, Callable[[], bytes]] = {
    "chunks.png": _png,
    "baseline.jpg": lambda: _jpeg(progressive=False),
    "progressive.jpeg": lambda: _jpeg(progressive=True),
    "intel.tif": lambda: _tiff("<"),
    "motorola.tif": lambda: _tiff(">"),
    "big.tiff": lambda: _tiff("<", big=True),
    "big_motorola.tiff": lambda: _tiff(">", big=True, pages=2),
    "tiled.tif": lambda: _tiff("<", tiled=True),
    "pages.tif": lambda: _tiff(">", pages=3),
    "lines.exr": lambda: _exr(0, [_exr_header()], [_exr_lines()]),
    "tiles.exr": lambda: _exr(0x200, [_exr_header(tiles=(4, 4, 0))], [_exr_tiles()]),
    "multi_part.exr": _exr_multi_part,
    "raw.tga": _tga,
    "coded.tga": lambda: _tga(coded=True),
    "footer.tga": lambda: _tga(footer=True),
    "coded_footer.tga": lambda: _tga(coded=True, footer=True),
    "motorola.dpx": lambda: _dpx(">"),
    "intel.dpx": lambda: _dpx("<"),
    "raw.psd": _psd,
    "coded.psd": lambda: _psd(coded=True),
    "raw.psb": lambda: _psd(large=True),
    "coded.psb": lambda: _psd(large=True, coded=True),
    "info.bmp": _bmp,
    "core.bmp": lambda: _bmp(core=True),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `name` runs for every sample."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", list(_MAKERS))


@pytest.fixture(scope="session")
def sample() -> Sample:
    """A whole file by its name: "coded.tga"."""
    return lambda name: _MAKERS[name]()
