"""The folders with fonts that After Effects sees, Adobe's own included. One file per system."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import FontFolder, Origin
from stmpo.fonts.sfnt import read_faces

if sys.platform == "win32":
    from stmpo.fonts.places.registry import registered
    from stmpo.fonts.places.windows import folders
elif sys.platform == "darwin":
    from stmpo.fonts.places.macos import folders
else:
    from stmpo.fonts.places.linux import folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = [
    "FontFile",
    "FontFolder",
    "Origin",
    "find_fonts",
    "folders",
    "font_files",
    "font_folders",
]

SUFFIXES = frozenset({".otf", ".ttf", ".ttc", ".otc", ""})
"""Extensions of font files. The files of Adobe Fonts are hidden and have none."""

LEGACY_SUFFIXES = frozenset({".fon", ".fnt", ".pfb", ".pfa", ".pfm", ".dfont"})
"""Extensions of fonts that are recognised and never sent; see `stmpo.fonts.legacy`."""

MAX_FILES = 50_000
"""Files examined per folder, so that a huge folder given by mistake neither takes all day nor hides the
others."""

_MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class FontFile:
    """A file that may be a font, with its size and times from the directory listing."""

    path: Path
    origin: Origin
    size: int
    mtime_ns: int

    ctime_ns: int = 0
    """The inode change time; on Windows, the creation time. Unlike `mtime_ns`, a copy does not keep it."""


def font_folders(environ: Mapping[str, str], more: Iterable[Path] = ()) -> list[FontFolder]:
    """Return every folder to search, `more` before those of the system."""
    found = [FontFolder(path, Origin.USER) for path in more] + folders(environ)
    if sys.platform == "win32":
        found += registered()
    return found


def font_files(places: Iterable[FontFolder]) -> Iterator[FontFile]:
    """Yield each possible font file once, in the order of the folders; at most `MAX_FILES` per folder."""
    seen: set[str] = set()
    for place in places:
        for entry in islice(_files(os.fspath(place.path), place.origin), MAX_FILES):
            if str(entry.path) not in seen:
                seen.add(str(entry.path))
                yield entry


def find_fonts(wanted: Collection[str], environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the file of each installed font, by PostScript name; fonts that are not installed are left out.

    No index is used: a worker looks once per session.
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
    """Yield the files of a folder and its subfolders, following each link once; or the file itself."""
    known: set[tuple[int, int]] = set()
    left = [(path, 0)]
    while left:
        folder, depth = left.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except NotADirectoryError:
            yield from _file(folder, origin)
            continue
        except OSError:  # it does not exist, or this user may not read it
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
    """Yield the file as it is now; nothing if it has gone, is empty, or is a pipe or device."""
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
    """Return whether a folder is visited for the first time. Only links can lead to one twice."""
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
