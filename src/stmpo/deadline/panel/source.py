"""Gather the files of the panel as they will be in a folder of After Effects.

    DeadlineCloudSubmitter_STMPO.jsx            the entry
    DeadlineCloudSubmitter_Assets/
      panel/                                    its parts
      JobTemplate/                              the pieces of the job template, and the workers' scripts
      wheels/                                   this package and psutil, for the workers
      stmpo-panel.json                          the record

In the repository the files are where the panel itself needs them; the wheel of this package contains them as
data.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import stmpo
from stmpo.deadline.fragments import fragments_folder
from stmpo.deadline.panel.record import (
    ASSETS,
    ASSETS_BESIDE_OFFICIAL,
    ENTRY,
    RECORD,
    PanelRecord,
    make_record,
)
from stmpo.deadline.wheels import collect_wheels, psutil_systems
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE.parents[3], _HERE / "files")
"""The folders of entry and parts: the repository, for an editable install; the installed package."""

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "wheels", ".*")


@dataclass(frozen=True, slots=True)
class Panel:
    """A complete panel in a folder."""

    folder: Path
    record: PanelRecord
    systems: frozenset[str]
    """The worker systems with a psutil wheel: `windows`, `macos`, `linux`."""


def gather(folder: Path, *, wheels: Sequence[Path] = (), download: bool = True) -> Panel:
    """Put every file of the panel into `folder`, which is created.

    `wheels` are folders with psutil wheels; `download` allows pip to fetch missing ones.

    Raises:
        BadInput: this installation has no panel, or the folder cannot be written.
    """
    home = _home()
    assets = folder / ASSETS
    try:
        assets.mkdir(parents=True)
        shutil.copyfile(home / ENTRY, folder / ENTRY)
        shutil.copytree(
            home / ASSETS / "panel", assets / "panel", ignore=_LEFT_OUT, copy_function=shutil.copyfile
        )
        shutil.copytree(
            fragments_folder(), assets / "JobTemplate", ignore=_LEFT_OUT, copy_function=shutil.copyfile
        )
    except (OSError, shutil.Error) as error:
        raise BadInput(f"the panel's files cannot be copied to {folder}: {error}") from None
    packed = collect_wheels(assets / "wheels", sources=wheels, download=download)
    record = make_record(folder, stmpo.__version__)
    record.write(folder)
    return Panel(folder, record, frozenset(psutil_systems(packed)))


def with_own_assets_folder(panel: Panel, folder: Path) -> Panel:
    """Copy the panel to `folder`, which is created, with its folder of assets named `ASSETS_BESIDE_OFFICIAL`.

    The entry is the only file that contains the folder's name.
    """
    shutil.copytree(
        panel.folder / ASSETS,
        folder / ASSETS_BESIDE_OFFICIAL,
        ignore=shutil.ignore_patterns(RECORD),
        copy_function=shutil.copyfile,
    )
    entry = (panel.folder / ENTRY).read_bytes()
    (folder / ENTRY).write_bytes(entry.replace(ASSETS.encode(), ASSETS_BESIDE_OFFICIAL.encode()))
    record = make_record(folder, panel.record.version, ASSETS_BESIDE_OFFICIAL)
    record.write(folder)
    return Panel(folder, record, panel.systems)


def _home() -> Path:
    for place in _PLACES:
        if (place / ENTRY).is_file() and (place / ASSETS / "panel").is_dir():
            return place
    raise BadInput(f"this installation of stmpo lacks the panel ({ENTRY}); install stmpo again")
