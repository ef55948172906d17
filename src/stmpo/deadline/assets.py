"""Finds the files that travel with a job: the project and its footage on the disk.

A sequence is every file of its folder whose name has its form and whose number lies in its range. So gaps
stay gaps, and a sequence of 50,000 frames costs one listing of its folder. Names are compared as the system
compares them and in one Unicode form, because a project saved on macOS may spell a name differently from the
disk it was copied to.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.system import paths

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from stmpo.project.model import FileSequence, Footage, Project


@dataclass(frozen=True, slots=True)
class AssetScan:
    """The files of one footage item that are on the disk."""

    footage: Footage

    files: tuple[str, ...]
    """Absolute paths, each once; empty if nothing was found."""

    absent: int
    """Number of frames in the sequence's range that have no file."""

    @property
    def missing(self) -> bool:
        """Return whether no file of it was found."""
        return not self.files


class FolderListings:
    """The listings of folders. Each folder is read once, however many of its files are asked for."""

    def __init__(self) -> None:
        self._listings: dict[str, dict[str, str]] = {}

    def names(self, folder: str) -> dict[str, str]:
        """Return the names of a folder's files by their comparable form; {} if the folder cannot be read."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    names = [entry.name for entry in entries if not entry.is_dir()]
            except OSError:
                names = []
            self._listings[folder] = {_comparable(name): name for name in names}
        return self._listings[folder]

    def file(self, path: Path) -> str | None:
        """Return the path with its name as the disk spells it, or None."""
        name = self.names(str(path.parent)).get(_comparable(path.name))
        return None if name is None else os.path.join(path.parent, name)  # noqa: PTH118 - called 20,000 times

    def sequence(self, folder: Path, sequence: FileSequence) -> list[str]:
        """Return the files of a sequence in this folder, ordered by number."""
        names = self.names(str(folder))
        if sequence.names:
            wanted = [names[key] for key in map(_comparable, sequence.names) if key in names]
        else:
            wanted = _numbered(names, sequence)
        return [os.path.join(folder, name) for name in wanted]  # noqa: PTH118


def scan_footage(project: Project) -> list[AssetScan]:
    """Look for every footage file at its absolute path, then relative to the project."""
    listings = FolderListings()
    return [_scan(footage, project.path, listings) for footage in project.footage]


def input_files(project: Project, scans: Iterable[AssetScan], also: Iterable[Path] = ()) -> list[str]:
    """Return every file that a worker needs of the project, sorted, each once.

    `also` are further files and folders, from `--also`.

    Raises:
        BadInput: a path of `also` does not exist, or is a folder without a file.
    """
    footage = (path for scan in scans for path in scan.files)
    more = (path for place in also for path in _files_of(place))
    return sorted({str(project.path), *footage, *more})


def _files_of(place: Path) -> list[str]:
    if paths.is_file(place):
        return [str(place)]
    if not paths.is_folder(place):
        raise BadInput(f"--also {place}: there is no such file or folder")
    files = [os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names]  # noqa: PTH118
    if not files:
        raise BadInput(f"--also {place}: the folder holds no file")
    return files


def _scan(footage: Footage, project: Path, listings: FolderListings) -> AssetScan:
    sequence = footage.sequence
    for place in footage.places(project):
        if sequence is None:
            files = [path] if (path := listings.file(place)) is not None else []
        else:
            files = listings.sequence(place.parent, sequence)
        if files:
            return AssetScan(footage, tuple(files), _absent(sequence, len(files)))
    return AssetScan(footage, (), _absent(sequence, 0))


def _absent(sequence: FileSequence | None, found: int) -> int:
    if sequence is None:
        return 0
    whole = len(sequence.names) or sequence.last - sequence.first + 1
    return max(0, whole - found)


def _numbered(names: dict[str, str], sequence: FileSequence) -> list[str]:
    """Return the names of the sequence's frames, in order.

    A number wider than the first frame's has outgrown its padding; a narrower one belongs to other files.
    """
    pattern = re.compile(
        f"{re.escape(_comparable(sequence.before))}([0-9]{{{max(1, sequence.width)},}})"
        f"{re.escape(_comparable(sequence.after))}"
    )
    numbered = []
    for key, name in names.items():
        match = pattern.fullmatch(key)
        if match is None or (len(match[1]) > sequence.width and match[1].startswith("0")):
            continue
        if sequence.first <= int(match[1]) <= sequence.last:
            numbered.append((int(match[1]), name))
    return [name for _, name in sorted(numbered)]


def _comparable(name: str) -> str:
    return unicodedata.normalize("NFC", os.path.normcase(name))
