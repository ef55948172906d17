"""The formats that are checked: their names, their extensions, and their first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.verify import (
    aiff,
    asf,
    bmp,
    cineon,
    dpx,
    exr,
    hdr,
    iff,
    isobmff,
    jpeg,
    jpeg2000,
    matroska,
    mp3,
    mpeg,
    mxf,
    pict,
    png,
    psd,
    riff,
    rla,
    sgi,
    tga,
    tiff,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stmpo.delivery.verify.reader import Contents, Dimensions, Reader


@dataclass(frozen=True, slots=True)
class Format:
    """A file format with a check."""

    name: str
    """With its article: "a PNG"."""

    magics: tuple[bytes, ...]
    """The possible first bytes of its files; empty if it has no magic number."""

    check: Callable[[Reader], Dimensions | Contents]

    @property
    def short_name(self) -> str:
        """The name without its article: "PNG"."""
        return self.name.split(" ", 1)[1]


_PNG = Format("a PNG", (b"\x89PNG\r\n\x1a\n",), png.check)
_JPEG = Format("a JPEG", (b"\xff\xd8\xff",), jpeg.check)
_TIFF = Format("a TIFF", (b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"), tiff.check)
_EXR = Format("an EXR", (b"v/1\x01",), exr.check)
_TGA = Format("a TGA", (), tga.check)
_DPX = Format("a DPX", (b"SDPX", b"XPDS"), dpx.check)
_PSD = Format("a PSD", (b"8BPS\0\x01",), psd.check)
_PSB = Format("a PSB", (b"8BPS\0\x02",), psd.check_large)
_BMP = Format("a BMP", (b"BM",), bmp.check)
_SGI = Format("an SGI", (b"\x01\xda",), sgi.check)
_HDR = Format("a Radiance picture", (b"#?",), hdr.check)
_IFF = Format("an IFF", (b"FOR4", b"FORM"), iff.check)
_CINEON = Format("a Cineon file", (b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80"), cineon.check)
_JP2 = Format("a JPEG 2000", (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), jpeg2000.check)
_PICT = Format("a PICT", (), pict.check)
_RLA = Format("an RLA", (), rla.check)
_RPF = Format("an RPF", (), rla.check)
_MOV = Format("a QuickTime movie", (), isobmff.check)
_MP4 = Format("an MP4", (), isobmff.check)
_AVI = Format("an AVI", (b"RIFF",), riff.check_avi)
_WAV = Format("a WAV", (b"RIFF", b"RF64", b"BW64"), riff.check_wav)
_AIFF = Format("an AIFF", (b"FORM",), aiff.check)
_MP3 = Format("an MP3", (), mp3.check)
_MXF = Format("an MXF", (), mxf.check)
_ASF = Format("a WMV", (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",), asf.check)
_MATROSKA = Format("a Matroska file", (b"\x1a\x45\xdf\xa3",), matroska.check)
_MPEG = Format("an MPEG stream", (b"\0\0\1\xba", b"\0\0\1\xb3"), mpeg.check)
_TRANSPORT = Format("an MPEG transport stream", (), mpeg.check_transport)

_BY_EXTENSION: Mapping[str, Format] = {
    extension: known
    for known, extensions in (
        (_PNG, ".png"),
        (_JPEG, ".jpg .jpeg .jpe"),
        (_TIFF, ".tif .tiff"),
        (_EXR, ".exr"),
        (_TGA, ".tga"),
        (_DPX, ".dpx"),
        (_PSD, ".psd"),
        (_PSB, ".psb"),
        (_BMP, ".bmp"),
        (_SGI, ".sgi .rgb .rgba .bw"),
        (_HDR, ".hdr .rgbe .xyze"),
        (_IFF, ".iff"),
        (_CINEON, ".cin"),
        (_JP2, ".jp2 .jpf .jpx .j2k .j2c"),
        (_PICT, ".pct .pict"),
        (_RLA, ".rla"),
        (_RPF, ".rpf"),
        (_MOV, ".mov"),
        (_MP4, ".mp4 .m4v"),
        (_AVI, ".avi"),
        (_WAV, ".wav"),
        (_AIFF, ".aif .aiff"),
        (_MP3, ".mp3"),
        (_MXF, ".mxf"),
        (_ASF, ".wmv .wma .asf"),
        (_MATROSKA, ".webm .mkv"),
        (_MPEG, ".mpg .mpeg .vob .m2v"),
        (_TRANSPORT, ".m2ts .mts .ts"),
    )
    for extension in extensions.split()
}

_NAMES_BY_MAGIC = (
    *(
        (magic, known.name)
        for known in (_PNG, _JPEG, _TIFF, _EXR, _DPX, _PSD, _PSB, _BMP, _CINEON, _JP2, _ASF, _MATROSKA)
        for magic in known.magics
    ),
    (b"GIF8", "a GIF"),
    (b"RIFF", "a RIFF file"),
    (b"%PDF", "a PDF"),
)

HEAD_BYTES = 12
"""Length of the longest magic number."""


def format_of(extension: str) -> Format | None:
    """Return the format of an extension (with its dot, in any case); None if there is no check for it."""
    return _BY_EXTENSION.get(extension.lower())


def mismatch(wanted: Format, head: bytes) -> str | None:
    """Return what a file that begins with `head` is instead of the format `wanted`; None if they agree."""
    if any(head.startswith(magic) for magic in wanted.magics):
        return None
    for magic, name in _NAMES_BY_MAGIC:
        if head.startswith(magic):
            return f"is {name}, not {wanted.name}"
    if not wanted.magics:
        return None
    if not any(head):
        return f"begins with zeros, as {wanted.name} never does: reserved and never filled"
    return f"is not {wanted.name}: it begins with {head[:8].hex(' ')}"
