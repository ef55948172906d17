"""Install the panel into a folder of After Effects, and remove exactly those files again.

A folder is in one of these states:

    nothing     neither the entry nor its folder of assets
    ours        a record lists the installed files; they may have been changed or removed since
    first       the first version of this tool, which kept no record
    half        only one of the two, or unknown files: refused, because they may belong to something else

A file that is replaced but is not known to be ours and unchanged is first saved in a zip beside the panel.
Files with other names are not touched.

AWS's own submitter has a folder of assets with the same name, and replaces it as a whole when it is updated.
If its entry is in the folder, the panel's folder gets another name (`record.ASSETS_BESIDE_OFFICIAL`), so that
both panels work.

Either all files are exchanged or none. They are copied into a hidden folder beside, then renamed into place
one by one, the record first and the entry last. If one rename fails, all are undone. After a kill in between,
the record does not match the files; installing again repairs that.
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
from stmpo.deadline.panel.record import ASSETS, ENTRY, PanelRecord, file_digest, read_record
from stmpo.deadline.panel.source import Panel, with_own_assets_folder
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

OFFICIAL = "DeadlineCloudSubmitter*.jsx"
"""AWS's entries: `DeadlineCloudSubmitter.jsx`, or `DeadlineCloudSubmitter(User).jsx` if installed for one
user."""

_FIRST_VERSION_FILE = f"{ASSETS}/JobTemplate/scripts/stmpo_wrapper.py"
_IN_USE = 32
"""ERROR_SHARING_VIOLATION: Windows reports "permission denied" for a file that is open."""


class PanelKind(Enum):
    """The state of a folder; see the module docstring."""

    NOTHING = "not installed"
    OURS = "installed"
    FIRST = "the first version"
    HALF = "part of something else"


@dataclass(frozen=True, slots=True)
class PanelState:
    """The state of a folder and of the panel in it."""

    kind: PanelKind
    version: str = ""
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    beside_official: bool = False
    """True if AWS's own submitter is in the same folder."""


@dataclass(frozen=True, slots=True)
class InstalledPanel:
    """The result of installing."""

    before: PanelState
    files: int
    backup: Path | None
    """The zip with replaced files that were not ours or had been changed; None if there were none."""


@dataclass(frozen=True, slots=True)
class RemovedPanel:
    """The result of uninstalling."""

    files: int
    kept: tuple[str, ...]
    """Files that were changed since the installation, which were kept."""


def inspect_folder(folder: Path) -> PanelState:
    """Return the state of `folder`, which may be missing.

    Raises:
        BadInput: this user may not read the folder.
    """
    try:
        os.listdir(folder)  # noqa: PTH208 - only to learn whether it may be read
    except (FileNotFoundError, NotADirectoryError):
        return PanelState(PanelKind.NOTHING)
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror or error}") from None
    official = any(path.name != ENTRY for path in folder.glob(OFFICIAL))
    record = read_record(folder)
    if record is not None:
        found = {name: file_digest(folder / name) for name in record.files}
        missing = tuple(name for name, now in found.items() if not now)
        changed = tuple(name for name, now in found.items() if now and now != record.files[name])
        return PanelState(PanelKind.OURS, record.version, missing, changed, official)
    entry, assets = (folder / ENTRY).is_file(), not official and (folder / ASSETS).is_dir()
    if entry and (folder / _FIRST_VERSION_FILE).is_file() and not (folder / ASSETS / "panel").exists():
        return PanelState(PanelKind.FIRST, beside_official=official)
    return PanelState(PanelKind.HALF if entry or assets else PanelKind.NOTHING, beside_official=official)


def install(panel: Panel, folder: Path, now: datetime) -> InstalledPanel:
    """Install the panel into `folder`, which is created if missing. `now` names the backup, if one is needed.

    Raises:
        BadInput: other files are there, or the folder cannot be written. The folder is then unchanged.
    """
    before = inspect_folder(folder)
    _refuse(before, folder)
    with tempfile.TemporaryDirectory() as scratch:
        if before.beside_official:
            panel = with_own_assets_folder(panel, Path(scratch, "panel"))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            backup = _back_up(folder, _not_ours(folder, panel.record), now)
            _exchange(panel, folder, _obsolete(folder, before, panel.record))
        except OSError as error:
            raise _unwritable(folder, error) from None
    return InstalledPanel(before, len(panel.record.files), backup)


def uninstall(folder: Path) -> RemovedPanel:
    """Remove the files that were installed in `folder`, and nothing else.

    Raises:
        BadInput: no panel is installed there, or it cannot be removed.
    """
    record = read_record(folder)
    if record is None:
        raise BadInput(f"{folder}: stmpo has not installed a panel there; nothing was removed")
    states = {name: file_digest(folder / name) for name in record.files}
    ours = [name for name, now in states.items() if now == record.files[name]]
    kept = tuple(name for name, now in states.items() if now and now != record.files[name])
    try:
        for name in sorted(ours, key=lambda name: name != ENTRY):
            (folder / name).unlink()
        (folder / record.path).unlink()
        _prune(folder, ours)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return RemovedPanel(len(ours), kept)


def _refuse(before: PanelState, folder: Path) -> None:
    if before.kind is PanelKind.HALF and not before.beside_official:
        there = [name for name in (ENTRY, ASSETS) if (folder / name).exists()]
        raise BadInput(
            f"{folder} holds {' and '.join(there)} of an older version or another tool, but not a whole panel; "
            f"move {'it' if len(there) == 1 else 'them'} away, then install again"
        )


def _not_ours(folder: Path, new: PanelRecord) -> list[str]:
    """Return the files to be replaced whose content is neither the installed nor the new one."""
    old = read_record(folder)
    known = old.files if old else {}
    there = {name: file_digest(folder / name) for name in new.files}
    return [name for name, now in there.items() if now and now not in {known.get(name), new.files[name]}]


def _obsolete(folder: Path, before: PanelState, new: PanelRecord) -> list[str]:
    """Return the unchanged files of the previous version that the new one does not have."""
    old = read_record(folder)
    left = {*old.files, old.path} if old else set()
    return sorted(left - {*new.files, new.path, *before.missing, *before.changed})


def _back_up(folder: Path, names: list[str], now: datetime) -> Path | None:
    if not names:
        return None
    target = folder / f"STMPO-backup-{now:%Y%m%d-%H%M%S}.zip"
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)
    return target


def _exchange(panel: Panel, folder: Path, gone: list[str]) -> None:
    """Rename the new files into place and the old ones away: all or none."""
    order = [panel.record.path, *sorted(panel.record.files, key=lambda name: name == ENTRY)]
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
    """Remove the folders of these files that are empty now."""
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
