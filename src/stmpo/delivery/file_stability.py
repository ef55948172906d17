"""Find the files that renderers write, and decide when a file is finished.

A renderer creates a frame's file empty and fills it. So a file is read only after its size and modification
time have stayed the same for a while. A format whose structure is checked needs a short while, because a cut
file is noticed anyway. For every other format stability is the only evidence, so it must last longer.

Times are arguments: nothing here reads a clock. Paths of frames are plain strings, here and all the way to
the destination, because `pathlib` interns every part of every path: over a long night Python's table of
interned strings would grow by megabytes (some versions of Python never free it).
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stmpo.delivery.verify import has_structure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

QUIET_SECONDS = 0.2
"""Time without a change for formats whose structure is checked."""

QUIET_SECONDS_UNCHECKED = 1.0
"""Time without a change for all other formats, at least."""

_FRAME = re.compile(r"frame_(-?\d{1,18})(\.[^.]+)?", re.ASCII)
_MOVIE = re.compile(r"movie(\.[^.]+)?", re.ASCII)
_TEMPORARY = "aetemp"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file that a renderer wrote in its scratch folder."""

    frame: int | None
    """Its frame number; None for the single file of a movie or sound."""

    path: str
    name: str
    extension: str
    """With its dot, or empty. The output module may have forced another one than was asked for."""

    size: int
    mtime_ns: int


def scan(folder: Path) -> Iterator[RenderedFile]:
    """Yield a folder's frames (`frame_00012.png`, any padding) and single files (`movie.mov`), in any order.

    Skip everything else, such as After Effects' temporary files (`*AEtemp*`) and files that vanish meanwhile.
    Yield nothing if the folder is missing or is not a folder.
    """
    try:
        entries = _open_folder(folder)
    except OSError:
        return
    with entries as listed:
        for entry in listed:
            if (file := _rendered_file(entry.name, entry.path)) is not None:
                yield file


def _open_folder(folder: Path) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
    try:
        return os.scandir(folder)
    except PermissionError:  # the renderer changed the mode of a folder that is ours
        folder.chmod(stat.S_IRWXU)
        return os.scandir(folder)


def _rendered_file(name: str, path: str) -> RenderedFile | None:
    frame = _FRAME.fullmatch(name)
    match = frame or _MOVIE.fullmatch(name)
    if match is None or _TEMPORARY in name.lower():
        return None
    try:
        # The folder entry's own size and time are stale on Windows until the file is closed.
        status = os.lstat(path)
    except OSError:
        return None
    number = int(frame[1]) if frame else None
    extension = match[match.re.groups] or ""
    return RenderedFile(number, path, name, extension, status.st_size, status.st_mtime_ns)


def ranked(file: RenderedFile, extension: str) -> tuple[bool, bool, str]:
    """Return a key by which the file that counts comes first, of several for one frame.

    The extension that was asked for comes before others, and the padded name, which was asked for too,
    before a shorter or longer one.
    """
    padded = file.frame is None or file.name.startswith(f"frame_{file.frame:05d}")
    return file.extension.lower() != extension.lower(), not padded, file.name


@dataclass(frozen=True, slots=True)
class _Observation:
    size: int
    mtime_ns: int
    since: float


class StabilityCheck:
    """Remembers size and time of the files of one folder, and since when they are the same.

    Times are in seconds.
    """

    def __init__(
        self, quiet: float = QUIET_SECONDS, quiet_unchecked: float = QUIET_SECONDS_UNCHECKED
    ) -> None:
        self._quiet = quiet
        self._quiet_unchecked = max(quiet, quiet_unchecked)
        self._observed: dict[str, _Observation] = {}

    def observe(self, name: str, size: int, mtime_ns: int, now: float) -> bool:
        """Return whether the file has been the same for long enough.

        `now` is of any clock that never goes back.

        A change starts the wait again. An empty file has been opened and not written, so it is never stable.
        """
        last = self._observed.get(name)
        if last is None or (last.size, last.mtime_ns) != (size, mtime_ns):
            last = self._observed[name] = _Observation(size, mtime_ns, now)
        checked = has_structure(os.path.splitext(name)[1])
        return size > 0 and now - last.since >= (self._quiet if checked else self._quiet_unchecked)

    def restart(self, now: float) -> None:
        """Start the wait of all files again, after a time in which their writer was suspended."""
        self._observed = {name: replace(last, since=now) for name, last in self._observed.items()}

    def forget(self, name: str) -> None:
        """Drop a file that is delivered or removed."""
        self._observed.pop(name, None)
