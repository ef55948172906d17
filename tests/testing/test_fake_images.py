"""The fake's image files: whole, readable by others, stamped with their frame."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.testing import frame_stamp
from stmpo.testing.images import Picture, encode

if TYPE_CHECKING:
    from pathlib import Path

Image = pytest.importorskip("PIL.Image", reason="needs Pillow to read the files back")

READABLE = (".bmp", ".jpg", ".png", ".psd", ".tga", ".tif")
"""What Pillow reads; EXR and DPX are checked by their own numbers below."""

pictures = st.builds(
    Picture, st.integers(-(2**31), 2**31), st.integers(1, 40), st.integers(1, 40), st.booleans()
)


@given(st.sampled_from(READABLE), pictures)
def test_pillow_reads_back_size_and_colour(extension: str, picture: Picture) -> None:
    with Image.open(io.BytesIO(encode(extension, picture))) as image:
        image.load()
        assert image.size == (picture.width, picture.height)
        grey = extension == ".jpg"
        assert image.getpixel((0, 0)) == (picture.rgb[2] if grey else tuple(picture.rgb))


@pytest.mark.parametrize("extension", [*READABLE, ".exr", ".dpx", ".sgi", ".hdr", ".iff", ".cin", ".unknown"])
def test_every_format_carries_its_frame_and_grows(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"x{extension}"
    path.write_bytes(encode(extension, Picture(-12), at_least=100_000))
    assert frame_stamp(path) == -12
    assert path.stat().st_size >= 100_000


@pytest.mark.parametrize("extension", READABLE)
def test_a_grown_file_is_still_a_picture(extension: str) -> None:
    with Image.open(io.BytesIO(encode(extension, Picture(7), at_least=200_000))) as image:
        image.load()


def test_dpx_names_its_own_size() -> None:
    data = encode(".dpx", Picture(7, 20, 10))
    magic, offset, _, size = struct.unpack_from(">4sI8sI", data)
    assert (magic, size) == (b"SDPX", len(data))
    assert struct.unpack_from(">II", data, 772) == (20, 10)
    assert offset + 20 * 10 * 4 == len(data)


def test_exr_s_last_scan_line_ends_the_file() -> None:
    data = encode(".exr", Picture(7, 20, 10))
    table = data.index(b"screenWindowWidth")
    first = data.index(b"\0", table + 18 + 6 + 4 + 4) + 1
    offsets = struct.unpack_from("<10Q", data, first)
    line, size = struct.unpack_from("<ii", data, offsets[-1])
    assert (line, size) == (9, 20 * 3 * 2)
    assert offsets[-1] + 8 + size == len(data)


def test_a_file_without_a_stamp_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="carries no frame number"):
        frame_stamp(path)
