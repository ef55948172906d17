"""Putting the panel into a folder of After Effects', and taking exactly that away again.

What stands in a folder is one of these:

    nothing     neither the entry nor its folder of assets
    ours        a record says what was put there; files may have been changed or be missing since
    first       the first version of this tool, which kept no record
    half        one of the two without the other, or of unknown make: refused, since nobody can tell whose it is

Every file that is replaced without being known as ours, unchanged, is kept in a zip beside the panel first; every file
with another name is left alone.

AWS's own submitter has a folder of assets with the same name, and replaces all of it when it is updated. Where one of its
entries lies, that folder is taken for its, and ours gets a name of its own (`record.BESIDE`): both panels work.

Files are exchanged all or none: they are copied whole into a hidden folder beside, then renamed into place one by one, the
record first and the entry last, and renamed back where one cannot be. Who is killed in between finds a record whose
files do not agree; installing again repairs that.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.panel.places import elevation
from stmpo.deadline.panel.record import ASSETS, ENTRY, PanelRecord, digest, read_record
from stmpo.deadline.panel.source import Panel, renamed
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

OFFICIAL = "DeadlineCloudSubmitter*.jsx"
"""AWS's entries: `DeadlineCloudSubmitter.jsx`, and `DeadlineCloudSubmitter(User).jsx` where it was installed for one user."""

_OF_THE_FIRST = f"{ASSETS}/JobTemplate/scripts/stmpo_wrapper.py"
_IN_USE = 32
"""ERROR_SHARING_VIOLATION: Windows says "permission denied" of a file that somebody reads."""


class Kind(Enum):
    """What stands in a folder; see the module's text."""

    NOTHING = "not installed"
    OURS = "installed"
    FIRST = "the first version"
    HALF = "part of something else"


@dataclass(frozen=True, slots=True)
class PanelState:
    """What a folder holds."""

    kind: Kind
    version: str = ""
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    beside_official: bool = False
    """Whether AWS's own submitter lies in the same folder."""


@dataclass(frozen=True, slots=True)
class InstalledPanel:
    """What installing did."""

    before: PanelState
    files: int
    backup: Path | None
    """Where replaced files that were not ours, or had been changed, are kept."""


@dataclass(frozen=True, slots=True)
class RemovedPanel:
    """What removing did."""

    files: int
    kept: tuple[str, ...]
    """Files of ours that somebody has changed since: they were left."""


def look(folder: Path) -> PanelState:
    """What stands in `folder`, which may be missing.

    Raises:
        BadInput: the system does not let this user look.
    """
    try:
        os.listdir(folder)  # noqa: PTH208 - only to be told whether it may be read
    except (FileNotFoundError, NotADirectoryError):
        return PanelState(Kind.NOTHING)
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror or error}") from None
    official = any(path.name != ENTRY for path in folder.glob(OFFICIAL))
    record = read_record(folder)
    if record is not None:
        found = {name: digest(folder / name) for name in record.files}
        missing = tuple(name for name, now in found.items() if not now)
        changed = tuple(name for name, now in found.items() if now and now != record.files[name])
        return PanelState(Kind.OURS, record.version, missing, changed, official)
    entry, assets = (folder / ENTRY).is_file(), not official and (folder / ASSETS).is_dir()
    if entry and (folder / _OF_THE_FIRST).is_file() and not (folder / ASSETS / "panel").exists():
        return PanelState(Kind.FIRST, beside_official=official)
    return PanelState(Kind.HALF if entry or assets else Kind.NOTHING, beside_official=official)


def install(panel: Panel, folder: Path, now: datetime) -> InstalledPanel:
    """Put the panel into `folder`, which is made where missing. `now` names the backup, where one is needed.

    Raises:
        BadInput: something else stands there, or the folder cannot be written; then it is as it was.
    """
    before = look(folder)
    _refuse(before, folder)
    with tempfile.TemporaryDirectory() as scratch:
        if before.beside_official:
            panel = renamed(panel, Path(scratch, "panel"))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            backup = _back_up(folder, _not_ours(folder, panel.record), now)
            _exchange(panel, folder, _gone(folder, before, panel.record))
        except OSError as error:
            raise _unwritable(folder, error) from None
    return InstalledPanel(before, len(panel.record.files), backup)


def uninstall(folder: Path) -> RemovedPanel:
    """Remove what was installed in `folder`, and nothing else.

    Raises:
        BadInput: nothing of ours is there, or it cannot be removed.
    """
    record = read_record(folder)
    if record is None:
        raise BadInput(f"{folder}: no panel was installed there by this program; nothing was removed")
    states = {name: digest(folder / name) for name in record.files}
    ours = [name for name, now in states.items() if now == record.files[name]]
    kept = tuple(name for name, now in states.items() if now and now != record.files[name])
    try:
        for name in sorted(ours, key=lambda name: name != ENTRY):
            (folder / name).unlink()
        (folder / record.place).unlink()
        _prune(folder, ours)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return RemovedPanel(len(ours), kept)


def _refuse(before: PanelState, folder: Path) -> None:
    if before.kind is Kind.HALF and not before.beside_official:
        there = [name for name in (ENTRY, ASSETS) if (folder / name).exists()]
        raise BadInput(
            f"{folder} holds {' and '.join(there)} of an older version or another tool, and not the whole of it; "
            f"move {'it' if len(there) == 1 else 'them'} away, then install again"
        )


def _not_ours(folder: Path, new: PanelRecord) -> list[str]:
    """Files that will be replaced and are not known: neither as they were installed, nor as they will be."""
    old = read_record(folder)
    known = old.files if old else {}
    there = {name: digest(folder / name) for name in new.files}
    return [name for name, now in there.items() if now and now not in {known.get(name), new.files[name]}]


def _gone(folder: Path, before: PanelState, new: PanelRecord) -> list[str]:
    """Files of the version before that this one has no more; a changed one stays."""
    old = read_record(folder)
    left = {*old.files, old.place} if old else set()
    return sorted(left - {*new.files, new.place, *before.missing, *before.changed})


def _back_up(folder: Path, names: list[str], now: datetime) -> Path | None:
    if not names:
        return None
    target = folder / f"STMPO-backup-{now:%Y%m%d-%H%M%S}.zip"
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)
    return target


def _exchange(panel: Panel, folder: Path, gone: list[str]) -> None:
    """Rename the new files into place and the old ones away; all, or none."""
    order = [panel.record.place, *sorted(panel.record.files, key=lambda name: name == ENTRY)]
    with tempfile.TemporaryDirectory(prefix=".stmpo-panel-", dir=folder) as hidden:
        new, old = Path(hidden, "new"), Path(hidden, "old")
        shutil.copytree(panel.folder, new, copy_function=shutil.copyfile)
        done: list[tuple[Path, Path]] = []
        try:
            for name in (*gone, *order):
                if (folder / name).exists():
                    _rename(folder / name, old / name, done)
                if name not in gone:
                    _rename(new / name, folder / name, done)
        except OSError:
            for source, target in reversed(done):
                os.replace(target, source)  # noqa: PTH105 - replaces on Windows as well
            _prune(folder, order)
            raise
    _prune(folder, gone)


def _rename(source: Path, target: Path, done: list[tuple[Path, Path]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)  # noqa: PTH105
    done.append((source, target))


def _prune(folder: Path, names: Iterable[str]) -> None:
    """Remove the folders of these files that hold nothing any more."""
    folders = {parent for name in names for parent in (folder / name).parents if folder in parent.parents}
    for empty in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _unwritable(folder: Path, error: OSError) -> BadInput:
    if getattr(error, "winerror", None) == _IN_USE:
        return BadInput(f"{error.filename} is in use; close After Effects, then try again")
    if isinstance(error, PermissionError):
        return BadInput(f"{folder} can only be written by an administrator; {elevation()}")
    return BadInput(f"{folder} cannot be written: {error.strerror or error}")
