"""Verification: read a frame's file to the end of its structure, whatever the renderer reported.

`verify_frame` chooses the check by the file's extension and returns `Whole` or `Broken`. Each format is a
module with a function `check(reader)`, which raises `Damaged` with a reason and nothing else. A new format is
a new module and its rows in `formats`. A check reads structure, not pictures: a black frame is a frame. It
takes time linear in the file's size, and memory for one block.

No check can know whether the renderer is done: a file can be whole and still be replaced a moment later.
`stmpo.delivery.file_stability` decides that. For an extension without a check it is the only evidence.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, replace
from io import FileIO

from stmpo.delivery.verify.formats import HEAD_BYTES, Format, format_of, mismatch
from stmpo.delivery.verify.reader import Contents, Damaged, Reader
from stmpo.system.files import READ_FLAGS

__all__ = ["Broken", "Whole", "has_structure", "verify_frame"]

_MISSING = frozenset((errno.ENOENT, errno.ENOTDIR))


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is readable to the end of its structure."""

    size: int
    """In bytes, trailing ones included."""

    format: str
    """The format's name without an article ("PNG", "QuickTime movie"), or the extension in capitals if there
    is no check for it; empty if there is no extension."""

    width: int | None
    """In pixels; None if the structure is not known, and for a sound."""

    height: int | None
    mtime_ns: int
    frames: int | None = None
    """Number of pictures of a movie, if its structure says so; None for everything else."""

    in_doubt: str | None = None
    """Why the structure does not prove that the file is whole; None if it does. Continues "the frame …".

    Pixels that end in zeros may be black, or space that the writer reserved and never filled.
    Some movies have no mark at their end. The file counts if there is other evidence: the renderer reported
    the frame, or a later one, or ended normally.
    """

    @property
    def sides(self) -> tuple[int, int] | None:
        """Width and height in pixels, if they are known."""
        return None if self.width is None or self.height is None else (self.width, self.height)


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is not a whole frame, or not yet."""

    reason: str
    """Continues "the frame …": "ends in the middle of an IDAT chunk (812,032 of at least 904,118 bytes)"."""


def has_structure(extension: str) -> bool:
    """Return whether there is a check for files of this extension (with its dot)."""
    return format_of(extension) is not None


def verify_frame(
    path: str | os.PathLike[str], *, extension: str | None = None, minimum_bytes: int = 8
) -> Whole | Broken:
    """Read a frame to the end of its structure.

    `extension` (with its dot) replaces the path's own if that is a temporary name. Only a regular file can be
    a frame; a symbolic link cannot.

    Raises: OSError: the file is there and cannot be read (permission, a disk or network error). This says
    nothing about the frame: try again.
    """
    try:
        # Before it is opened: opening a pipe would wait for its writer.
        if reason := _why_not_a_file(os.lstat(path).st_mode):
            return Broken(reason)
        descriptor = os.open(path, READ_FLAGS)
    except OSError as error:
        if error.errno in _MISSING:
            return Broken("is not there")
        raise
    with FileIO(descriptor) as file:
        return _verify(file, os.path.splitext(path)[1] if extension is None else extension, minimum_bytes)


def _why_not_a_file(mode: int) -> str | None:
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
    wanted = format_of(extension)
    if wanted is None:
        doubt = "is of a format whose structure is not checked"
        return Whole(size, extension.lstrip(".").upper(), None, None, before.st_mtime_ns, in_doubt=doubt)
    result = _check(Reader(file, size), wanted, before.st_mtime_ns)
    if os.fstat(file.fileno()).st_size != size:
        return Broken("is still being written: its size changed while it was read")
    return result


def _check(reader: Reader, wanted: Format, mtime_ns: int) -> Whole | Broken:
    try:
        head = reader.at(0, min(HEAD_BYTES, reader.size), "its header")
        if reason := mismatch(wanted, head):
            return Broken(reason)
        contents = wanted.check(reader)
    except Damaged as damage:
        return Broken(str(damage))
    whole = Whole(reader.size, wanted.short_name, contents.width, contents.height, mtime_ns)
    if isinstance(contents, Contents):
        return replace(whole, frames=contents.frames, in_doubt=contents.in_doubt)
    return whole
