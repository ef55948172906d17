"""What counts as a whole frame: the same rules for every format, on files written from the specifications."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stmpo.delivery.verify import Broken, Whole, has_structure, verify_frame

Sample = Callable[[str], bytes]
CHECKED = "png jpg tif exr tga dpx psd psb bmp sgi hdr iff cin jp2 pct rla rpf mov avi wav aif mp3 mxf wmv webm mpg m2ts"
EXTENSIONS = tuple("." + extension for extension in CHECKED.split())
PICTURES = "PNG JPEG TIFF EXR TGA DPX PSD PSB BMP SGI IFF PICT RLA RPF"
FORMATS = {*PICTURES.split(), "Radiance picture", "Cineon file", "JPEG 2000"}


def _verify(folder: Path, data: bytes, extension: str) -> Whole | Broken:
    path = folder / f"frame{extension}"
    path.write_bytes(data)
    return verify_frame(path)


def _reason(found: Whole | Broken) -> str:
    assert isinstance(found, Broken), found
    return found.reason


def test_a_whole_file_is_whole_with_its_dimensions(name: str, sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / name.upper()  # the extension counts in any case
    path.write_bytes(sample(name))
    found = verify_frame(path)
    assert isinstance(found, Whole), found
    height = 6 if name.endswith(".exr") else 4
    width = 9 if name == "coded.hdr" else 5
    assert (found.width, found.height, found.size) == (width, height, len(sample(name)))
    assert found.in_doubt is None
    assert found.mtime_ns == path.stat().st_mtime_ns
    assert found.format in FORMATS


def test_a_file_cut_at_any_byte_is_broken(name: str, sample: Sample, tmp_path: Path) -> None:
    data = sample(name)
    path = tmp_path / name
    path.write_bytes(data)
    lengths = {
        *range(min(len(data), 700)),
        *range(max(0, len(data) - 300), len(data)),
    }  # a DPX has 2 kB of header
    if name in {"footer.tga", "coded_footer.tga"}:
        lengths.discard(len(data) - 26)  # without its footer it is a whole file of version 1
    for length in sorted(lengths, reverse=True):
        os.truncate(path, length)
        assert _reason(verify_frame(path)), f"{length:,} of {len(data):,} bytes"


def test_a_file_whose_end_was_never_filled_is_broken_or_in_doubt(
    name: str, sample: Sample, tmp_path: Path
) -> None:
    """Reserved and filled in part: broken, or in doubt where pixels may be black, and never an exception."""
    data = sample(name)
    for filled in range(0, len(data) - 7, max(1, len(data) // 60)):
        reserved = data[:filled] + bytes(len(data) - filled)
        found = _verify_is_total(tmp_path, reserved, Path(name).suffix)
        assert isinstance(found, Broken) or found.in_doubt or reserved == data, filled


def _verify_is_total(folder: Path, data: bytes, extension: str) -> Whole | Broken:
    found = _verify(folder, data, extension)
    assert isinstance(found, (Whole, Broken))
    if isinstance(found, Broken):
        assert found.reason
        assert "\n" not in found.reason
    return found


@pytest.mark.parametrize(
    "wanted", ["chunks.png", "progressive.jpeg", "intel.tif", "lines.exr", "coded.psd", "intel.dpx"]
)
def test_a_file_that_is_reserved_and_never_filled_is_broken(
    wanted: str, sample: Sample, tmp_path: Path
) -> None:
    assert "zeros" in _reason(_verify(tmp_path, bytes(len(sample(wanted))), Path(wanted).suffix))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(data=st.data())
def test_flipped_bytes_never_raise(data: st.DataObject, name: str, sample: Sample, tmp_path: Path) -> None:
    damaged = bytearray(sample(name))
    places = st.integers(0, len(damaged) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=6)):
        damaged[place] = data.draw(st.integers(0, 255))
    _verify_is_total(tmp_path, bytes(damaged), Path(name).suffix)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(content=st.binary(max_size=400), extension=st.sampled_from(EXTENSIONS))
def test_random_bytes_never_raise(content: bytes, extension: str, tmp_path: Path) -> None:
    _verify_is_total(tmp_path, content, extension)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(content=st.binary(max_size=400))
def test_random_bytes_behind_a_true_beginning_never_raise(
    content: bytes, name: str, sample: Sample, tmp_path: Path
) -> None:
    _verify_is_total(tmp_path, sample(name)[:16] + content, Path(name).suffix)


@pytest.mark.parametrize(
    ("content", "extension", "reason"),
    [
        ("intel.tif", ".png", "is a TIFF, not a PNG"),
        ("chunks.png", ".tga", "is a PNG, not a TGA"),
        ("raw.psb", ".psd", "is a PSB, not a PSD"),
        ("raw.psd", ".exr", "is a PSD, not an EXR"),
        ("lines.exr", ".JPE", "is an EXR, not a JPEG"),
        ("raw.tga", ".png", "is not a PNG: it begins with 03 00 02 00 00 00 00 00"),
    ],
)
def test_another_format_than_the_name_says_is_named(
    content: str, extension: str, reason: str, sample: Sample, tmp_path: Path
) -> None:
    assert _reason(_verify(tmp_path, sample(content), extension)) == reason


def test_the_given_extension_stands_for_the_name(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / ".stmpo-0-frame.part"
    path.write_bytes(sample("chunks.png"))
    assert isinstance(verify_frame(path, extension=".png"), Whole)


def test_a_cut_chunk_is_named_with_both_sizes(sample: Sample, tmp_path: Path) -> None:
    data = sample("chunks.png")
    at = data.index(b"IDAT")
    assert _reason(_verify(tmp_path, data[: at + 6], ".png")) == (
        f"ends in the middle of an IDAT chunk ({at + 6} of at least {at + 18} bytes)"
    )


def test_a_flipped_bit_inside_a_png_chunk_is_noticed(sample: Sample, tmp_path: Path) -> None:
    data = bytearray(sample("chunks.png"))
    data[data.index(b"IDAT") + 5] ^= 1
    assert "does not match its checksum" in _reason(_verify(tmp_path, bytes(data), ".png"))


@pytest.mark.parametrize(
    "tolerant", ["chunks.png", "baseline.jpg", "intel.tif", "lines.exr", "raw.psd", "intel.dpx"]
)
def test_bytes_behind_the_structure_are_tolerated(tolerant: str, sample: Sample, tmp_path: Path) -> None:
    data = sample(tolerant) + b"more"
    found = _verify(tmp_path, data, Path(tolerant).suffix)
    assert isinstance(found, Whole)
    assert found.size == len(data)


def test_a_tga_ends_with_its_pixels_or_with_a_footer(sample: Sample, tmp_path: Path) -> None:
    assert "do not end in a TGA footer" in _reason(_verify(tmp_path, sample("raw.tga") + bytes(4), ".tga"))


def test_an_exr_whose_offset_table_was_not_filled_in_is_unfinished(sample: Sample, tmp_path: Path) -> None:
    data = sample("lines.exr")
    last_chunk = data.rindex(struct.pack("<ii", 4, 10))
    damaged = data.replace(struct.pack("<Q", last_chunk), bytes(8))
    assert _reason(_verify(tmp_path, damaged, ".exr")) == (
        "was not finished: its offset table has no entry for chunk 6 of 6"
    )


def test_pictures_that_after_effects_does_not_write_are_refused(sample: Sample, tmp_path: Path) -> None:
    """No check walks deep pictures, tiles of several resolutions and sub-images to their end."""
    tiles = sample("tiles.exr")
    for mode in (1, 2, 0x11):
        several = tiles.replace(struct.pack("<IIB", 4, 4, 0), struct.pack("<IIB", 4, 4, mode))
        assert "tiles of several resolutions" in _reason(_verify(tmp_path, several, ".exr"))
    deep = tiles.replace(struct.pack("<I", 0x202), struct.pack("<I", 0xA02), 1)
    deep_part = sample("multi_part.exr").replace(b"tiledimage", b"deeptile\0\0")
    for data in (deep, deep_part):
        assert _reason(_verify(tmp_path, data, ".exr")) == (
            "is a deep OpenEXR file, which After Effects does not write"
        )
    sub_images = sample("intel.tif").replace(struct.pack("<HH", 262, 3), struct.pack("<HH", 330, 3))
    assert "sub-images" in _reason(_verify(tmp_path, sub_images, ".tif"))


def test_a_tiff_directory_that_follows_itself_ends(sample: Sample, tmp_path: Path) -> None:
    data = bytearray(sample("tiled.tif"))
    struct.pack_into("<I", data, 8 + 2 + 9 * 12, 8)
    assert _reason(_verify(tmp_path, bytes(data), ".tif")) == "has a directory that follows itself, at byte 8"


def test_overlapping_tiff_directories_take_linear_time(tmp_path: Path) -> None:
    """Each directory claims thousands of entries, and the next begins 12 bytes on: quadratic to walk."""
    entries = b"".join(struct.pack("<HHII", 60_000, 7, 1, 0x00AA) for _ in range(20_000))
    chain = bytearray(b"II*\0" + struct.pack("<I", 8) + entries * 3)
    for at in range(8, 12 * 10_000, 12):
        struct.pack_into("<H", chain, at, 10_000)
        struct.pack_into("<I", chain, at + 2 + 10_000 * 12, at + 12)
    assert _reason(_verify(tmp_path, bytes(chain), ".tif"))


def test_a_tiff_strip_that_was_never_written_is_noticed(sample: Sample, tmp_path: Path) -> None:
    """Compressed pixels never begin with zeros; raw ones may be black."""
    data = bytearray(sample("intel.tif"))
    compression = data.index(struct.pack("<HHI", 259, 3, 1)) + 8
    pixels = len(data) - 20
    data[pixels:] = bytes(20)
    assert isinstance(_verify(tmp_path, bytes(data), ".tif"), Whole)
    data[compression] = 5
    assert (
        _reason(_verify(tmp_path, bytes(data), ".tif"))
        == "holds zeros for piece 1 of 2: reserved and never filled"
    )


def test_a_raw_tiff_with_too_few_bytes_is_broken(sample: Sample, tmp_path: Path) -> None:
    data = sample("intel.tif").replace(struct.pack("<II", 10, 10), struct.pack("<II", 10, 9))
    assert _reason(_verify(tmp_path, data, ".tif")) == "holds 19 of the 20 bytes of its picture"


def test_other_extensions_are_known_by_their_size_alone(tmp_path: Path) -> None:
    found = _verify(tmp_path, b"0123456789", ".xyz")
    assert isinstance(found, Whole)
    assert (found.format, found.width, found.size) == ("XYZ", None, 10)
    assert found.in_doubt == "is of a format whose structure is not checked"
    assert not has_structure(".xyz")
    assert has_structure(".TIFF")


def test_the_floor_holds_for_every_format(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "frame.png"
    path.write_bytes(sample("chunks.png"))
    size = path.stat().st_size
    assert isinstance(verify_frame(path, minimum_bytes=size), Whole)
    assert _reason(verify_frame(path, minimum_bytes=1000)) == f"has {size} bytes; a frame has at least 1,000"
    assert _reason(_verify(tmp_path, b"1234567", ".xyz")) == "has 7 bytes; a frame has at least 8"


def test_what_is_no_file_is_no_frame(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    assert _reason(verify_frame(tmp_path / "absent.png")) == "is not there"
    assert _reason(verify_frame(tmp_path / "empty.png" / "below.png")) == "is not there"
    assert _reason(verify_frame(tmp_path / "folder.png")) == "is a folder, not a file"
    assert _reason(verify_frame(tmp_path / "empty.png")) == "is empty"


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights there, or do not exist")
def test_links_and_pipes_are_no_frames(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "whole.png").write_bytes(sample("chunks.png"))
    (tmp_path / "link.png").symlink_to(tmp_path / "whole.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert _reason(verify_frame(tmp_path / "link.png")) == "is a symbolic link, not a file"
    assert _reason(verify_frame(tmp_path / "pipe.png")) == "is not a regular file"


def test_what_cannot_be_read_says_nothing_about_the_frame(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "frame.png"
    path.write_bytes(sample("chunks.png"))
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError):
        verify_frame(path)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("verbatim.sgi", (b"\1\xda\0\1", b"\1\xda\0\3"), "no SGI header has these values"),
        ("coded.rgb", (struct.pack(">I", 512 + 96), bytes(4)), "its tables have no entry for row 1 of 12"),
        ("coded.rgb", (b"\3\7\x82", b"\0\7\x82"), "holds zeros for row 1 of 12"),
        ("flat.hdr", (b"-Y 4 +X 5", b"-X 4 +X 5"), "its header states no resolution"),
        ("coded.hdr", (b"\x84", b"\x00"), "holds an empty run"),
        ("coded.hdr", (b"\x84", b"\xf4"), "a run that is longer than its scan line"),
        ("coded.hdr", (b"lits!\2\2\0\x09", b"lits!\2\2\0\0"), "something else where scan line 2 of 4 should begin"),
        ("maya.iff", (b"TBHD", b"XXXX"), "holds a tile that is not in its picture"),
        ("maya.iff", (b"RGBA", b"ZBUF"), "holds 1 of the 2 tiles"),
        ("maya.iff", (b"CIMG", b"AIFF"), "is not a picture"),
        ("amiga.iff", (b"BODY", b"XXXX"), "there is no BODY chunk"),
        ("motorola.cin", (b"\0\0\x0a\0", b"\0\0\x0b\0"), "a channel of 11 bits"),
        ("boxes.jp2", (b"jp2c", b"xml "), "there is no codestream box"),
        ("stream.j2k", (struct.pack(">HHH", 0xFF90, 10, 1), struct.pack(">HHH", 0xFF90, 10, 0)), "holds 1 of the 2 tiles"),
        ("stream.j2k", (b"\xff\x90", b"\x00\x90"), "no segment where one should begin"),
        ("direct.pct", (b"\x00\x9a", b"\x00\x12"), "holds the opcode 0012"),
        ("direct.pct", (b"\6\xfc", b"\0\xfc"), "holds no data for row 1 of 4"),
        ("indexed.pict", (struct.pack(">I", 0x001102FF), struct.pack(">I", 0x11010000)), "is not a PICT of version 2"),
        ("lines.rla", (struct.pack(">I", 756), bytes(4)), "its offset table has no entry for scan line 1 of 4"),
        ("lines.rla", (b"\0\2\4\x55", b"\0\0\4\x55"), "holds no data for scan line 1 of 4"),
    ],
)  # fmt: skip
def test_what_a_renderer_left_unfinished_is_said(
    file: str, change: tuple[bytes, bytes], words: str, sample: Sample, tmp_path: Path
) -> None:
    data = sample(file)
    assert change[0] in data
    assert words in _reason(_verify(tmp_path, data.replace(*change, 1), Path(file).suffix))


def test_layers_of_an_rpf_are_in_doubt(sample: Sample, tmp_path: Path) -> None:
    layered = sample("channels.rpf").replace(b"( Z E )", b"( Z E L )")
    found = _verify(tmp_path, layered.replace(b"L )\0\0", b"L )"), ".rpf")
    assert isinstance(found, Whole)
    assert found.in_doubt == "holds layers, whose end cannot be checked"


def test_a_black_frame_is_whole_and_in_doubt(sample: Sample, tmp_path: Path) -> None:
    """It is all zeros, as reserved space is: only what became of its renderer tells them apart."""
    for name, header in (("raw.tga", 21), ("info.bmp", 54), ("verbatim.sgi", 512), ("motorola.cin", 1024)):
        data = sample(name)
        found = _verify(tmp_path, data[:header] + bytes(len(data) - header), Path(name).suffix)
        assert isinstance(found, Whole), name
        assert found.in_doubt == "ends in zeros: black pixels, or reserved space that was never filled"
