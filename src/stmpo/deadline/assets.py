"""The files that a job needs to travel with it: the project and its footage, found on the disk.

A sequence is every file of its folder whose name has its form and whose number lies in its range, so gaps stay gaps
and a sequence of 50,000 frames costs one listing of its folder. Names are compared as the system compares them and in
one Unicode form: a project saved on macOS may spell a name otherwise than the disk that it was copied to.
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

    from stmpo.project.model import Footage, Project, Sequence


@dataclass(frozen=True, slots=True)
class AssetScan:
    """What the disk holds of one footage item."""

    footage: Footage

    files: tuple[str, ...]
    """Absolute paths, each once; empty where nothing was found."""

    absent: int
    """Frames that the sequence has by its range and the disk has not."""

    @property
    def missing(self) -> bool:
        """Whether nothing of it is there."""
        return not self.files


class Disk:
    """Folders as they were when first looked at: each is listed once, however many files are asked for."""

    def __init__(self) -> None:
        self._listings: dict[str, dict[str, str]] = {}

    def names(self, folder: str) -> dict[str, str]:
        """The names of a folder's files, by their comparable form; empty for a folder that cannot be read."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    names = [entry.name for entry in entries if not entry.is_dir()]
            except OSError:
                names = []
            self._listings[folder] = {_comparable(name): name for name in names}
        return self._listings[folder]

    def file(self, path: Path) -> str | None:
        """The path as the disk spells its name, or None."""
        name = self.names(str(path.parent)).get(_comparable(path.name))
        return None if name is None else os.path.join(path.parent, name)  # noqa: PTH118 - 20,000 of them

    def sequence(self, folder: Path, sequence: Sequence) -> list[str]:
        """The files of a sequence in this folder, by number."""
        names = self.names(str(folder))
        if sequence.names:
            wanted = [names[key] for key in map(_comparable, sequence.names) if key in names]
        else:
            wanted = _numbered(names, sequence)
        return [os.path.join(folder, name) for name in wanted]  # noqa: PTH118


def find_footage(project: Project) -> list[AssetScan]:
    """Look for every footage file where After Effects would: the absolute path, then the one relative to the project."""
    disk = Disk()
    return [_find(footage, project.path, disk) for footage in project.footage]


def input_files(project: Project, found: Iterable[AssetScan], also: Iterable[Path] = ()) -> list[str]:
    """Everything that a worker needs of the project, sorted, each once; `also` are files and folders named by hand.

    Raises:
        BadInput: what is named is not there, or holds nothing.
    """
    footage = (path for one in found for path in one.files)
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


def _find(footage: Footage, project: Path, disk: Disk) -> AssetScan:
    for place in footage.places(project):
        if footage.sequence is None:
            files = [path] if (path := disk.file(place)) is not None else []
        else:
            files = disk.sequence(place.parent, footage.sequence)
        if files:
            return AssetScan(footage, tuple(files), _absent(footage.sequence, len(files)))
    return AssetScan(footage, (), _absent(footage.sequence, 0))


def _absent(sequence: Sequence | None, found: int) -> int:
    if sequence is None:
        return 0
    whole = len(sequence.names) or sequence.last - sequence.first + 1
    return max(0, whole - found)


def _numbered(names: dict[str, str], sequence: Sequence) -> list[str]:
    """Numbers wider than the first one's have outgrown its padding; narrower ones belong to something else."""
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
