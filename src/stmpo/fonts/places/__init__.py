"""Where each system keeps the fonts that After Effects sees, Adobe's own folders included. The one place that picks."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import Folder, Origin
from stmpo.fonts.sfnt import read_faces

if sys.platform == "win32":
    from stmpo.fonts.places.registry import registered
    from stmpo.fonts.places.windows import cache_folder, folders
elif sys.platform == "darwin":
    from stmpo.fonts.places.macos import cache_folder, folders
else:
    from stmpo.fonts.places.linux import cache_folder, folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = [
    "Folder",
    "FontFile",
    "Origin",
    "cache_folder",
    "find_fonts",
    "folders",
    "font_files",
    "font_folders",
]

SUFFIXES = frozenset({".otf", ".ttf", ".ttc", ".otc", ""})
"""Of font files; Adobe Fonts keeps its own without one, and hidden."""

LEGACY_SUFFIXES = frozenset({".fon", ".fnt", ".pfb", ".pfa", ".pfm", ".dfont"})
"""Of fonts that are recognised and never sent; see `stmpo.fonts.legacy`."""

MAX_FILES = 50_000
"""Files of one place that are looked at, at most: a folder that somebody named by mistake must neither take all day nor
hide the others."""

_MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class FontFile:
    """A file that may be a font, as its folder lists it."""

    path: Path
    origin: Origin
    size: int
    mtime_ns: int

    ctime_ns: int = 0
    """When it was last changed in any way, its time of modification included; on Windows, when it was made. A copy that
    keeps the time of modification keeps none of the two."""


def font_folders(environ: Mapping[str, str], more: Iterable[Path] = ()) -> list[Folder]:
    """Every place to look in, `more` before the system's own."""
    found = [Folder(path, Origin.USER) for path in more] + folders(environ)
    if sys.platform == "win32":
        found += registered()
    return found


def font_files(places: Iterable[Folder]) -> Iterator[FontFile]:
    """Every file that may be a font, in the order of the places, each once; at most `MAX_FILES` of each place."""
    seen: set[str] = set()
    for place in places:
        for entry in islice(_files(os.fspath(place.path), place.origin), MAX_FILES):
            if str(entry.path) not in seen:
                seen.add(str(entry.path))
                yield entry


def find_fonts(wanted: Collection[str], environ: Mapping[str, str]) -> dict[str, Path]:
    """The file of each font (by PostScript name) that is installed here; the others are left out.

    By the standard library alone and without an index, for a machine that has only a Python.
    """
    found: dict[str, Path] = {}
    if not wanted:
        return found
    for file in font_files(font_folders(environ)):
        if os.path.splitext(file.path)[1].lower() not in SUFFIXES:  # noqa: PTH122 - thousands of them
            continue
        faces = read_faces(file.path)
        for name in wanted:
            if name not in found and any(face.style_of(name) is not None for face in faces):
                found[name] = file.path
        if len(found) == len(set(wanted)):
            break
    return found


def _files(path: str, origin: Origin) -> Iterator[FontFile]:
    """The files of a folder and those below it, links followed once; or the file itself."""
    known: set[tuple[int, int]] = set()
    left = [(path, 0)]
    while left:
        folder, depth = left.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except NotADirectoryError:
            yield from _file(folder, origin)
            continue
        except OSError:  # it is not there, or not for us
            continue
        below = []
        for entry in entries:
            if _is_folder(entry):
                if depth < _MAX_DEPTH and _first_time(entry, known):
                    below.append((entry.path, depth + 1))
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES | LEGACY_SUFFIXES:  # noqa: PTH122
                yield from _file(entry, origin)
        left += reversed(below)


def _file(entry: os.DirEntry[str] | str, origin: Origin) -> Iterator[FontFile]:
    """The file as it is now; none where it has just gone, is empty, or is a pipe or device that would keep a reader waiting."""
    try:
        status = os.stat(entry) if isinstance(entry, str) else entry.stat()  # noqa: PTH116
    except OSError:
        return
    if stat.S_ISREG(status.st_mode) and status.st_size:
        yield FontFile(Path(entry), origin, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _first_time(entry: os.DirEntry[str], known: set[tuple[int, int]]) -> bool:
    """Whether a folder was not met before: only links can lead to one twice, and only they cost a look."""
    try:
        if not entry.is_symlink():
            return True
        status = entry.stat()
    except OSError:
        return False
    identity = (status.st_dev, status.st_ino)
    new = identity not in known
    known.add(identity)
    return new
