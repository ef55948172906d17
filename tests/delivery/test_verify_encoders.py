"""Files of real encoders are whole, and cut ones are not.

A library that is not installed is skipped by name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.delivery.verify import Broken, Whole, verify_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT = 61, 47
NOISE = bytes((x * x + 7 * y * x + y) & 0xFF for y in range(HEIGHT) for x in range(WIDTH * 3))

PILLOW: list[tuple[str, dict[str, Any]]] = [
    ("plain.png", {}),
    ("plain.jpg", {}),
    ("progressive.jpg", {"progressive": True, "optimize": True}),
    ("restarts.jpg", {"restart_marker_blocks": 2}),
    ("raw.tif", {}),
    ("lzw.tif", {"compression": "tiff_lzw"}),
    ("deflate.tif", {"compression": "tiff_adobe_deflate"}),
    ("packbits.tif", {"compression": "packbits"}),
    ("jpeg.tif", {"compression": "jpeg"}),
    ("big.tif", {"big_tiff": True}),
    ("plain.tga", {}),
    ("coded.tga", {"compression": "tga_rle"}),
    ("plain.bmp", {}),
    ("plain.sgi", {}),
    ("plain.jp2", {}),
    ("tiles.jp2", {"tile_size": (32, 32)}),
    ("stream.j2k", {"no_jp2": True}),
]


def _is_whole_and_its_cuts_are_broken(path: Path) -> None:
    found = verify_frame(path)
    assert isinstance(found, Whole), found
    assert (found.width, found.height) == (WIDTH, HEIGHT)
    for length in {found.size - 1, *range(0, found.size, max(1, found.size // 50))} - {found.size}:
        if path.suffix == ".tga" and length == found.size - 26:
            continue
        cut = path.with_name("cut" + path.suffix)
        cut.write_bytes(path.read_bytes()[:length])
        assert isinstance(verify_frame(cut), Broken), f"{length:,} of {found.size:,} bytes"


@pytest.mark.parametrize(("file", "settings"), PILLOW, ids=[name for name, _ in PILLOW])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pillow(file: str, settings: dict[str, Any], mode: str, tmp_path: Path) -> None:
    images = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image = images.frombytes("RGB", (WIDTH, HEIGHT), NOISE).convert(mode)
    image.save(tmp_path / file, **settings)
    _is_whole_and_its_cuts_are_broken(tmp_path / file)


def test_pillow_pages_and_exif(tmp_path: Path) -> None:
    images = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image = images.frombytes("RGB", (WIDTH, HEIGHT), NOISE)
    exif = images.Exif()
    exif[0x010E] = "a description"
    image.save(tmp_path / "exif.jpg", exif=exif)
    image.save(tmp_path / "pages.tif", save_all=True, append_images=[image, image], compression="tiff_lzw")
    assert isinstance(verify_frame(tmp_path / "exif.jpg"), Whole)
    assert isinstance(verify_frame(tmp_path / "pages.tif"), Whole)


def _openexr(folder: Path, compression: str, kind: str) -> Path:
    library = pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    if not hasattr(library, compression):
        pytest.skip(f"this OpenEXR does not know {compression}")
    pixels = numpy.frombuffer(NOISE, "u1").reshape(HEIGHT, WIDTH, 3).astype("f2")
    header = {"compression": getattr(library, compression), "type": getattr(library, kind)}
    if kind == "tiledimage":
        header["tiles"] = library.TileDescription()
    path = folder / "frame.exr"
    with library.File(header, {"RGB": pixels}) as file:
        file.write(os.fspath(path))
    return path


@pytest.mark.parametrize("kind", ["scanlineimage", "tiledimage"])
@pytest.mark.parametrize(
    "compression",
    [
        f"{name}_COMPRESSION"
        for name in (
            "NO",
            "RLE",
            "ZIPS",
            "ZIP",
            "PIZ",
            "PXR24",
            "B44",
            "B44A",
            "DWAA",
            "DWAB",
            "HTJ2K256",
            "HTJ2K32",
            "LJ2K",
            "ZSTD",
        )
    ],
)
def test_openexr(compression: str, kind: str, tmp_path: Path) -> None:
    _is_whole_and_its_cuts_are_broken(_openexr(tmp_path, compression, kind))


@pytest.mark.parametrize("coding", ["RAW", "RLE", "ZIP", "ZIP_WITH_PREDICTION"])
def test_psd_tools(coding: str, tmp_path: Path) -> None:
    library = pytest.importorskip("psd_tools", reason="psd-tools is not installed")
    constants = pytest.importorskip("psd_tools.constants", reason="psd-tools is not installed")
    images = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image = images.frombytes("RGB", (WIDTH, HEIGHT), NOISE)
    make: Callable[..., Any] = library.PSDImage.frompil
    make(image, compression=constants.Compression[coding]).save(os.fspath(tmp_path / "frame.psd"))
    _is_whole_and_its_cuts_are_broken(tmp_path / "frame.psd")


@pytest.mark.parametrize(
    "settings",
    [
        {"compression": "zstd"},
        {"compression": "lzw", "tile": (16, 16)},
        {"compression": "zlib", "predictor": True},
        {"planarconfig": "separate"},
        {"byteorder": ">", "rowsperstrip": 5},
        {"bigtiff": True, "byteorder": ">"},
    ],
    ids=str,
)
def test_tifffile(settings: dict[str, Any], tmp_path: Path) -> None:
    library = pytest.importorskip("tifffile", reason="tifffile is not installed")
    pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    pixels = numpy.frombuffer(NOISE, "u1").reshape(HEIGHT, WIDTH, 3)
    if "planarconfig" in settings:
        pixels = numpy.moveaxis(pixels, -1, 0).copy()
    library.imwrite(tmp_path / "frame.tif", pixels, photometric="rgb", **settings)
    _is_whole_and_its_cuts_are_broken(tmp_path / "frame.tif")


def test_tifffile_sub_images_are_refused(tmp_path: Path) -> None:
    library = pytest.importorskip("tifffile", reason="tifffile is not installed")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    pixels = numpy.frombuffer(NOISE, "u1").reshape(HEIGHT, WIDTH, 3)
    with library.TiffWriter(tmp_path / "frame.tif") as writer:
        writer.write(pixels, photometric="rgb", subifds=1)
        writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1)
    assert isinstance(verify_frame(tmp_path / "frame.tif"), Broken)


OPENIMAGEIO = [
    ("raw.sgi", 3, "uint8", ""),
    ("coded.sgi", 3, "uint8", "rle"),
    ("wide.rgb", 4, "uint16", "rle"),
    ("coded.hdr", 3, "float", ""),
    ("raw.iff", 4, "uint16", "none"),
    ("coded.iff", 3, "uint8", ""),
    ("bytes.rla", 3, "uint8", ""),
    ("words.rla", 4, "uint16", ""),
    ("floats.rla", 4, "float", ""),
    ("plain.jp2", 3, "uint16", ""),
]
"""File, channels, type of a sample, compression."""


@pytest.mark.parametrize("written", OPENIMAGEIO, ids=[name for name, *_ in OPENIMAGEIO])
@pytest.mark.parametrize("smooth", [True, False])
def test_openimageio(written: tuple[str, int, str, str], smooth: bool, tmp_path: Path) -> None:
    file, channels, kind, compression = written
    library = pytest.importorskip("OpenImageIO", reason="OpenImageIO is not installed")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    spec = library.ImageSpec(WIDTH, HEIGHT, channels, kind)
    if compression:
        spec.attribute("compression", compression)
    pixels = numpy.frombuffer(NOISE * 2, "u1")[: WIDTH * HEIGHT * channels].astype("f4") / 255
    if smooth:
        pixels = pixels * 0 + 0.7
    output = library.ImageOutput.create(file)
    assert output.open(os.fspath(tmp_path / file), spec), output.geterror()
    assert output.write_image(pixels.reshape(HEIGHT, WIDTH, channels)), output.geterror()
    output.close()
    _is_whole_and_its_cuts_are_broken(tmp_path / file)


@pytest.mark.parametrize(
    ("file", "codec", "container", "pixels"),
    [
        ("a.mxf", "mpeg2video", "mxf", "yuv422p"),
        ("a.wmv", "wmv2", "asf", "yuv420p"),
        ("a.webm", "libvpx-vp9", "webm", "yuv420p"),
        ("a.mkv", "mpeg4", "matroska", "yuv420p"),
        ("a.mpg", "mpeg2video", "vob", "yuv420p"),
        ("b.mpg", "mpeg1video", "mpeg", "yuv420p"),
        ("a.m2v", "mpeg2video", "mpeg2video", "yuv420p"),
        ("a.ts", "mpeg2video", "mpegts", "yuv420p"),
        ("a.m2ts", "mpeg2video", "mpegts", "yuv420p"),
        ("a.mov", "mpeg4", "mov", "yuv420p"),
        ("a.avi", "mpeg4", "avi", "yuv420p"),
    ],
)
def test_ffmpeg(file: str, codec: str, container: str, pixels: str, tmp_path: Path) -> None:
    library = pytest.importorskip("av", reason="PyAV is not installed")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    path = tmp_path / file
    options = {"mpegts_m2ts_mode": "1"} if file.endswith(".m2ts") else {}
    with library.open(os.fspath(path), "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, pixels
        for number in range(5):
            image = numpy.frombuffer(NOISE * 9, "u1")[number : number + 128 * 96 * 3].reshape(96, 128, 3)
            for packet in stream.encode(library.VideoFrame.from_ndarray(image, format="rgb24")):
                output.mux(packet)
        for packet in stream.encode():
            output.mux(packet)
    found = verify_frame(path)
    assert isinstance(found, Whole), found
    assert (found.in_doubt is None) is (path.suffix not in {".mpg", ".m2v", ".ts", ".m2ts"})
    data = path.read_bytes()
    for length in {len(data) - 1, *range(0, len(data), max(1, len(data) // 50))} - {len(data)}:
        path.write_bytes(data[:length])
        cut = verify_frame(path)
        assert isinstance(cut, Broken) or cut.in_doubt, f"{length:,} of {len(data):,} bytes"
