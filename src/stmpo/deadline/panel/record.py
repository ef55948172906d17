"""The record of an installed panel: its version, and each file with the hash of its content.

The record is one of the panel's files. It is in the zip too, so that a panel unpacked by hand is recognised.
It makes removing safe: only a file that the record names, and whose content is unchanged, is removed. Other
programs can write to the folder, so a name in the record is ignored if it leads outside.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ENTRY = "DeadlineCloudSubmitter_STMPO.jsx"
"""The script that After Effects lists in its Window menu."""

ASSETS = "DeadlineCloudSubmitter_Assets"
"""The folder beside the entry: the panel's parts, the job template pieces, the wheels for workers."""

ASSETS_BESIDE_OFFICIAL = "STMPO_Assets"
"""The name of that folder beside AWS's own submitter, which has an `ASSETS` folder and replaces it on
updates."""

RECORD = "stmpo-panel.json"
"""The record's file name, in the folder of assets."""


@dataclass(frozen=True, slots=True)
class PanelRecord:
    """The version of a panel and its files, by relative path (with `/`), without the record itself."""

    version: str
    files: dict[str, str]
    """Relative path to SHA-256."""

    assets: str = ASSETS
    """The name of the folder of assets: `ASSETS` or `ASSETS_BESIDE_OFFICIAL`."""

    @property
    def path(self) -> str:
        """The relative path of the record."""
        return f"{self.assets}/{RECORD}"

    def write(self, folder: Path) -> None:
        """Write the record below `folder`."""
        text = json.dumps({"version": self.version, "files": self.files}, indent=1, sort_keys=True)
        (folder / self.path).write_bytes(f"{text}\n".encode())


def read_record(folder: Path) -> PanelRecord | None:
    """Return the record below `folder`; None if there is none, or it is damaged."""
    for assets in (ASSETS_BESIDE_OFFICIAL, ASSETS):
        try:
            value = json.loads((folder / assets / RECORD).read_bytes())
            version, files = value["version"], value["files"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(version, str) and isinstance(files, dict):
            ours = {name: str(file_digest) for name, file_digest in files.items() if _inside(name, assets)}
            return PanelRecord(version, ours, assets)
    return None


def make_record(folder: Path, version: str, assets: str = ASSETS) -> PanelRecord:
    """Return a record of all files that are below `folder` now."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    return PanelRecord(
        version, {path.relative_to(folder).as_posix(): file_digest(path) for path in files}, assets
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; empty if it is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _inside(name: str, assets: str) -> bool:
    path = PurePosixPath(name)
    safe = ".." not in path.parts and "\\" not in name and ":" not in name
    return safe and (name == ENTRY or path.parts[:1] == (assets,))
