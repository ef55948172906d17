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


def _sgi(*, coded: bool = False, sample: int = 1) -> bytes:
    """5 x 4 RGB pixels; coded rows are a run of three and two as they are."""
    head = struct.pack(">HBBHHHH", 474, int(coded), sample, 3, 5, 4, 3).ljust(512, b"\0")
    if not coded:
        return head + bytes(range(1, 61)) * sample
    word = ">B" if sample == 1 else ">H"
    rows = [
        b"".join(struct.pack(word, value) for value in (3, 7 + n, 0x82, 200, 201 + n, 0)) for n in range(12)
    ]
    starts = [512 + 96 + sum(map(len, rows[:n])) for n in range(12)]
    return head + struct.pack(">24I", *starts, *map(len, rows)) + b"".join(rows)


def _hdr(coding: str) -> bytes:
    """5 x 4 pixels, flat or with repeated pixels; or 9 x 4, coded by component."""
    width = 9 if coding == "coded" else 5
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X %d\n" % width
    lines = {
        "flat": b"".join(bytes((9, 8, n, 130)) for n in range(5)),
        "repeated": bytes((9, 8, 7, 130)) + b"\1\1\1\3" + bytes((4, 5, 6, 131)),
        "coded": bytes((2, 2, 0, 9)) + (bytes((0x84, 77, 5)) + b"lits!") * 4,
    }
    return head + lines[coding] * 4


def _iff_group(kind: bytes, body: bytes, padding: int) -> bytes:
    return struct.pack(">4sI", kind, len(body)) + body + bytes(-len(body) % padding)


def _iff_maya() -> bytes:
    """5 x 4 RGB pixels in two tiles."""
    head = _iff_group(b"TBHD", struct.pack(">IIHHIHHI", 5, 4, 1, 1, 1, 0, 2, 0), 4)
    tiles = b"".join(
        _iff_group(b"RGBA", struct.pack(">HHHH", 0, y, 4, y + 1) + bytes(range(1, 31)), 4) for y in (0, 2)
    )
    return _iff_group(b"FOR4", b"CIMG" + head + _iff_group(b"FOR4", b"TBMP" + tiles, 4), 4)


def _iff_amiga() -> bytes:
    head = _iff_group(b"BMHD", struct.pack(">HH", 5, 4) + bytes(16), 2)
    return _iff_group(b"FORM", b"ILBM" + head + _iff_group(b"BODY", bytes(range(1, 41)), 2), 2)


def _cineon(order: str) -> bytes:
    """5 x 4 RGB pixels of 10 bits, three in a word."""
    size = 1024 + 5 * 4 * 4
    head = bytearray(1024)
    struct.pack_into(order + "IIIIII", head, 0, 0x802A5FD7, 1024, 712, 0, 0, size)
    head[193], head[681] = 3, 5
    for channel in range(3):
        struct.pack_into(order + "2xBxII", head, 196 + 28 * channel, 10, 5, 4)
    return bytes(head) + bytes(range(1, 81))


def _jpeg2000(*, boxes: bool = True) -> bytes:
    """5 x 4 pixels in tiles of 4 x 4; the last tile part runs to the end marker. Structure only."""
    sizes = struct.pack(">H8IH", 0, 5, 4, 0, 0, 4, 4, 0, 0, 1) + bytes((7, 1, 1))
    stream = b"\xff\x4f" + struct.pack(">HH", 0xFF51, len(sizes) + 2) + sizes
    stream += struct.pack(">HHHIBB", 0xFF90, 10, 0, 14 + 6, 0, 1) + b"\xff\x93" + b"tile 0"
    stream += struct.pack(">HHHIBB", 0xFF90, 10, 1, 0, 0, 1) + b"\xff\x93" + b"tile 1" + b"\xff\xd9"
    if not boxes:
        return stream
    head = b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I4s12s", 20, b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return head + struct.pack(">I4s", 8 + len(stream), b"jp2c") + stream


def _pict(*, direct: bool) -> bytes:
    """5 x 4 pixels, after a clip region and a comment: 32 bits in packed rows, or 8 bits with two colours."""
    bounds = struct.pack(">4h", 0, 0, 4, 5)
    out = bytes(512) + struct.pack(">H", 0) + bounds + struct.pack(">IH24s", 0x001102FF, 0x0C00, b"")
    out += struct.pack(">HH", 0x0001, 10) + bounds + struct.pack(">HHH5sx", 0x00A1, 100, 5, b"hello")
    pixels = struct.pack(">HHIII", 0, 4 if direct else 0, 0, 72 << 16, 72 << 16)
    if direct:
        pixels += struct.pack(">HHHHIII", 16, 32, 3, 8, 0, 0, 0)
        out += struct.pack(">HIH", 0x009A, 0xFF, 0x8000 | 20) + bounds + pixels
        row = b"\xfc\x11\xfc\x22\xfc\x33"
    else:
        pixels += struct.pack(">HHHHIII", 0, 8, 1, 8, 0, 0, 0)
        colours = struct.pack(">IHH", 0, 0, 1) + b"colour 1colour 2"
        out += struct.pack(">HH", 0x0098, 0x8000 | 8) + bounds + pixels + colours
        row = b"\xf9\x01"
    out += bounds * 2 + b"\0\0" + (bytes([len(row)]) + row) * 4
    return out + bytes(len(out) % 2) + b"\0\xff"


def _rla(program: bytes = b"", channels: int = 4, extra: bytes = b"") -> bytes:
    """5 x 4 pixels: three colours and a matte, then as many channels as `program` names."""
    window = struct.pack(">4h", 0, 4, 0, 3)
    head = window + window + struct.pack(">hhhhhH", 1, 0, 3, 1, 0, 0xFFFE)
    head = head.ljust(400, b"\0") + program
    line = (struct.pack(">H", 2) + b"\x04\x55") * channels + extra
    starts = [740 + 16 + n * len(line) for n in range(4)]
    return head.ljust(740, b"\0") + struct.pack(">4I", *starts) + line * 4


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
    "verbatim.sgi": _sgi,
    "coded.rgb": lambda: _sgi(coded=True),
    "wide.sgi": lambda: _sgi(sample=2),
    "wide_coded.sgi": lambda: _sgi(coded=True, sample=2),
    "flat.hdr": lambda: _hdr("flat"),
    "repeated.hdr": lambda: _hdr("repeated"),
    "coded.hdr": lambda: _hdr("coded"),
    "maya.iff": _iff_maya,
    "amiga.iff": _iff_amiga,
    "motorola.cin": lambda: _cineon(">"),
    "intel.cin": lambda: _cineon("<"),
    "boxes.jp2": _jpeg2000,
    "stream.j2k": lambda: _jpeg2000(boxes=False),
    "direct.pct": lambda: _pict(direct=True),
    "indexed.pict": lambda: _pict(direct=False),
    "lines.rla": _rla,
    "channels.rpf": lambda: _rla(b"3DStudioMAX : ( Z E )", 9),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `name` runs for every sample."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", list(_MAKERS))


@pytest.fixture(scope="session")
def sample() -> Sample:
    """A whole file by its name: "coded.tga"."""
    return lambda name: _MAKERS[name]()
