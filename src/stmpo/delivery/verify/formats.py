"""The formats that are checked: their names, their extensions, and their first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.verify import aiff, bmp, dpx, exr, isobmff, jpeg, mp3, png, psd, riff, tga, tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stmpo.delivery.verify.reader import Dimensions, MovieContents, Reader


@dataclass(frozen=True, slots=True)
class Format:
    """A file format with a check."""

    name: str
    """With its article: "a PNG"."""

    magics: tuple[bytes, ...]
    """The possible first bytes of its files; empty if it has no magic number."""

    check: Callable[[Reader], Dimensions | MovieContents]

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
_MOV = Format("a QuickTime movie", (), isobmff.check)
_MP4 = Format("an MP4", (), isobmff.check)
_AVI = Format("an AVI", (b"RIFF",), riff.check_avi)
_WAV = Format("a WAV", (b"RIFF", b"RF64", b"BW64"), riff.check_wav)
_AIFF = Format("an AIFF", (b"FORM",), aiff.check)
_MP3 = Format("an MP3", (), mp3.check)

_BY_EXTENSION: Mapping[str, Format] = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jpe": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".exr": _EXR,
    ".tga": _TGA,
    ".dpx": _DPX,
    ".psd": _PSD,
    ".psb": _PSB,
    ".bmp": _BMP,
    ".mov": _MOV,
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".avi": _AVI,
    ".wav": _WAV,
    ".aif": _AIFF,
    ".aiff": _AIFF,
    ".mp3": _MP3,
}

_UNCHECKED = (
    (b"GIF8", "a GIF"),
    (b"RIFF", "a RIFF file"),
    (b"\x80\x2a\x5f\xd7", "a Cineon file"),
    (b"%PDF", "a PDF"),
)
_NAMES_BY_MAGIC = (
    *(
        (magic, known.name)
        for known in (_PNG, _JPEG, _TIFF, _EXR, _DPX, _PSD, _PSB, _BMP)
        for magic in known.magics
    ),
    *_UNCHECKED,
)

HEAD_BYTES = 8
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
    return f"is not {wanted.name}: it begins with {head.hex(' ')}"
