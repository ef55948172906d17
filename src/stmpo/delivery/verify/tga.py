"""TGA: header, colour map and pixels to the end (Truevision TGA 2.0 specification, 1991).

TGA has no magic number, and any 18 bytes could be a header, so its fields must have values that the
specification allows. Uncompressed pixels end where the file ends; run-length packets are walked one by one.
Only the developer and extension areas of version 2 may follow the pixels, and then the file ends with the
footer. Other trailing bytes mean that the header is of another file, or that a version 2 file was cut.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import BLOCK_BYTES, Contents, Damaged, Dimensions, Reader

_HEADER = Struct("<BBBHHBHHHHBB")
_FOOTER_BYTES = 26
_SIGNATURE = b"TRUEVISION-XFILE.\0"
_RUN_LENGTH = 8
_DEPTHS = {1: (8, 16), 2: (15, 16, 24, 32), 3: (8, 16)}  # colour-mapped, true-colour, greyscale
_MAP_DEPTHS = (15, 16, 24, 32)


def check(reader: Reader) -> Contents:
    """Walk the file.

    Raises:
        Damaged: the header is invalid, or the file is too short for it.
    """
    fields = reader.unpack(_HEADER, 0, "its header")
    id_bytes, has_map, kind, _first, map_entries, map_depth, _x, _y, width, height, depth, flags = fields
    colours = kind & ~_RUN_LENGTH
    map_fits = has_map == 0 or (has_map == 1 and map_depth in _MAP_DEPTHS)
    if (
        not map_fits
        or depth not in _DEPTHS.get(colours, ())
        or flags & 0xC0
        or (colours == 1 and not has_map)
    ):
        raise Damaged("is not a TGA: no TGA header has these values")
    dimensions = Dimensions.checked(width, height)
    start = _HEADER.size + id_bytes
    if has_map:
        start += map_entries * ((map_depth + 7) // 8)
    reader.need(start, "its colour map")
    pixel_bytes = (depth + 7) // 8
    if kind & _RUN_LENGTH:
        end = _walk_packets(reader, start, width * height, pixel_bytes)
    else:
        end = start + width * height * pixel_bytes
    reader.need(end, "its picture data")
    _check_rest(reader, end)
    return dimensions.contents(reader.doubt_about(start, end))


def _walk_packets(reader: Reader, offset: int, pixels: int, pixel_bytes: int) -> int:
    """Return where the run-length packets of all pixels end.

    The loop runs once per packet, so it is kept short.
    """
    run_bytes = 1 + pixel_bytes
    block, base = b"", offset
    at, length = 0, 0
    while pixels > 0:
        if at >= length:
            base += at
            reader.need(base + 1, f"its picture data, {pixels:,} pixels before the last,")
            block = b"".join(reader.blocks(base, min(BLOCK_BYTES, reader.size - base), "its picture data"))
            at, length = 0, len(block)
        head = block[at]
        if head & 0x80:
            at += run_bytes
            pixels -= head - 0x7F
        else:
            at += 1 + (head + 1) * pixel_bytes
            pixels -= head + 1
    return base + at


def _check_rest(reader: Reader, end: int) -> None:
    rest = reader.size - end
    if not rest:
        return
    if rest >= _FOOTER_BYTES:
        tail = reader.at(reader.size - len(_SIGNATURE), len(_SIGNATURE), "its footer")
        if tail == _SIGNATURE:
            return
    raise Damaged(f"has {rest:,} bytes after its picture that do not end in a TGA footer")
