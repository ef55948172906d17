"""Is a frame whole? Its file is read to the end of its structure, whatever an exit code or a log line said.

`verify_frame` chooses the check by the file's extension and gives `Whole` or `Broken`. Each format is a module with one
function, `check(reader)`, which raises `Damaged` with a reason; nothing else about a file's content can raise. A check
reads structure, not pictures: a black frame is a frame. It takes time linear in the file's size and memory for a block.

What no check can know is whether the renderer is done: a file can be whole and still be about to be replaced. That a
file has settled is `stmpo.delivery.settle`'s business; for extensions without a check here it is the only evidence.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from io import FileIO

from stmpo.delivery.verify.formats import HEAD_BYTES, Format, format_of, stranger
from stmpo.delivery.verify.reader import Damaged, MovieContents, Reader
from stmpo.system.files import READ_FLAGS

__all__ = ["Broken", "Whole", "has_structure", "verify_frame"]

_GONE = frozenset((errno.ENOENT, errno.ENOTDIR))


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is readable to the end of its structure."""

    size: int
    """Bytes, all of them: trailing ones count."""

    format: str
    """"PNG", "JPEG", "TIFF", "EXR", "TGA", "DPX", "PSD", "PSB", "BMP", "QuickTime movie", "MP4", "AVI", "WAV", "AIFF" or
    "MP3"; else the extension in capitals, or empty."""

    width: int | None
    """Pixels; None where the structure is not known, and for a sound."""

    height: int | None
    mtime_ns: int
    frames: int | None = None
    """Pictures of a movie, where its structure tells; None for everything else."""

    @property
    def sides(self) -> tuple[int, int] | None:
        """Width and height in pixels, where they are known."""
        return None if self.width is None or self.height is None else (self.width, self.height)


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is no frame, or not yet."""

    reason: str
    """Continues the sentence "the frame …": "ends in the middle of an IDAT chunk (812,032 of at least 904,118 bytes)"."""


def has_structure(extension: str) -> bool:
    """Whether files of this extension (with its dot) are walked to their end; others are only known by their size."""
    return format_of(extension) is not None


def verify_frame(
    path: str | os.PathLike[str], *, extension: str | None = None, minimum_bytes: int = 8
) -> Whole | Broken:
    """Read a frame to the end of its structure.

    `extension` (with its dot) stands for the path's own where the name is a temporary one. A symbolic link is no frame,
    and neither is anything but a regular file.

    Raises:
        OSError: the file is there and cannot be read (permission, a disk or network error). It says nothing about the
            frame: try again.
    """
    try:
        if reason := _no_file(os.lstat(path).st_mode):
            return Broken(reason)
        descriptor = os.open(path, READ_FLAGS)
    except OSError as error:
        if error.errno in _GONE:
            return Broken("is not there")
        raise
    with FileIO(descriptor) as file:
        return _verify(file, os.path.splitext(path)[1] if extension is None else extension, minimum_bytes)


def _no_file(mode: int) -> str | None:
    """Why something is no regular file. Asked before it is opened: opening a pipe waits for its writer."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "is a symbolic link, not a file"
    return "is a folder, not a file" if stat.S_ISDIR(mode) else "is not a regular file"


def _verify(file: FileIO, extension: str, minimum_bytes: int) -> Whole | Broken:
    before = os.fstat(file.fileno())
    size = before.st_size
    if not size:
        return Broken("is empty")
    if size < minimum_bytes:
        return Broken(f"has {size:,} bytes; a frame has at least {minimum_bytes:,}")
    form = format_of(extension)
    if form is None:
        return Whole(size, extension.lstrip(".").upper(), None, None, before.st_mtime_ns)
    found = _walk(Reader(file, size), form, before.st_mtime_ns)
    if os.fstat(file.fileno()).st_size != size:
        return Broken("is still being written: its size changed while it was read")
    return found


def _walk(reader: Reader, form: Format, mtime_ns: int) -> Whole | Broken:
    try:
        head = reader.at(0, min(HEAD_BYTES, reader.size), "its header")
        if reason := stranger(form, head):
            return Broken(reason)
        found = form.check(reader)
    except Damaged as damage:
        return Broken(str(damage))
    frames = found.frames if isinstance(found, MovieContents) else None
    return Whole(reader.size, form.short_name, found.width, found.height, mtime_ns, frames)
