"""What renderers have written, and whether they have stopped writing it.

A renderer creates a frame's file empty and fills it, so a file is only looked at once it has been left alone: size and
modification time the same for a while. Files whose structure can be read to its end need a short while, because a cut
one is noticed anyhow; for the others it is the only evidence, so they wait longer.

Times are arguments: nothing here reads a clock. Paths of frames are plain strings here and all the way to the
destination: `pathlib` interns every part of every path, and over a long night Python's table of such names grows by
megabytes (some versions of Python never let go of one).
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.verify import has_structure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

QUIET_SECONDS = 0.2
"""Seconds without a change for files with a structure that is checked."""

QUIET_SECONDS_UNCHECKED = 1.0
"""Seconds without a change for all other files, at least."""

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
    """With its dot; the renderer may have forced another one than was asked for. Empty where there is none."""

    size: int
    mtime_ns: int


def scan(folder: Path) -> Iterator[RenderedFile]:
    """The frames (`frame_00012.png`, of any padding) and single files (`movie.mov`) in a scratch folder, in no order.

    After Effects' own temporary files (`*AEtemp*`) and everything else are passed over, and so is what vanishes
    meanwhile. A folder that is gone, or is none any more, holds nothing.
    """
    try:
        entries = _entries(folder)
    except OSError:
        return
    with entries as listed:
        for entry in listed:
            if (found := _found(entry.name, entry.path)) is not None:
                yield found


def _entries(folder: Path) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
    try:
        return os.scandir(folder)
    except PermissionError:  # it is ours: whatever its renderer has locked up is unlocked
        folder.chmod(stat.S_IRWXU)
        return os.scandir(folder)


def _found(name: str, path: str) -> RenderedFile | None:
    frame = _FRAME.fullmatch(name)
    match = frame or _MOVIE.fullmatch(name)
    if match is None or _TEMPORARY in name.lower():
        return None
    try:
        # Not the folder entry's own figures: Windows brings those up to date only when the file is closed.
        status = os.lstat(path)
    except OSError:
        return None
    number = int(frame[1]) if frame else None
    extension = match[match.re.groups] or ""
    return RenderedFile(number, path, name, extension, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int
    mtime_ns: int
    since: float


class StabilityCheck:
    """Remembers what the files of one folder looked like, and since when."""

    def __init__(
        self, quiet: float = QUIET_SECONDS, quiet_without_structure: float = QUIET_SECONDS_UNCHECKED
    ) -> None:
        self._quiet = quiet
        self._quiet_without_structure = max(quiet, quiet_without_structure)
        self._seen: dict[str, _Seen] = {}

    def observe(self, name: str, size: int, mtime_ns: int, now: float) -> bool:
        """Whether the file has been left alone long enough. `now` is in seconds of any clock that never goes back.

        A change starts the wait again. An empty file has been opened and not written: it never settles.
        """
        seen = self._seen.get(name)
        if seen is None or (seen.size, seen.mtime_ns) != (size, mtime_ns):
            seen = self._seen[name] = _Seen(size, mtime_ns, now)
        structured = has_structure(os.path.splitext(name)[1])
        wanted = self._quiet if structured else self._quiet_without_structure
        return size > 0 and now - seen.since >= wanted

    def forget(self, name: str) -> None:
        """Drop what is known of a file, once it is delivered or thrown away."""
        self._seen.pop(name, None)
