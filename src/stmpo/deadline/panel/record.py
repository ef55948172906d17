"""What an installation of the panel consists of: its version, and each file with what it held when it was put there.

The record lies among the panel's files and travels in the zip as well, so that a panel unpacked by hand is known as ours.
It is what makes removing safe: only a file that it names, and that still holds what it held, is this program's to remove.
It is read from a folder that others write to, so its names are believed only where they stay inside that folder.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ENTRY = "DeadlineCloudSubmitter_STMPO.jsx"
"""What After Effects lists in its Window menu."""

ASSETS = "DeadlineCloudSubmitter_Assets"
"""The folder beside it: the panel's parts, the job template's pieces, the wheels for workers."""

BESIDE = "STMPO_Assets"
"""What that folder is called where AWS's own submitter lies: it has an `ASSETS` of its own, and replaces it when updated."""

RECORD = "stmpo-panel.json"
"""In the folder of assets, whatever that is called."""


@dataclass(frozen=True, slots=True)
class PanelRecord:
    """A version of the panel, and its files by their place below the folder (with `/`), the record itself left out."""

    version: str
    files: dict[str, str]
    """SHA-256 of each."""

    assets: str = ASSETS
    """The folder of assets: `ASSETS` or `BESIDE`."""

    @property
    def place(self) -> str:
        """Where the record lies, below the same folder as the files."""
        return f"{self.assets}/{RECORD}"

    def write(self, folder: Path) -> None:
        """Write it to its place below `folder`."""
        text = json.dumps({"version": self.version, "files": self.files}, indent=1, sort_keys=True)
        (folder / self.place).write_bytes(f"{text}\n".encode())


def read_record(folder: Path) -> PanelRecord | None:
    """The record below `folder`; None where there is none that can be read as one."""
    for assets in (BESIDE, ASSETS):
        try:
            value = json.loads((folder / assets / RECORD).read_bytes())
            version, files = value["version"], value["files"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(version, str) and isinstance(files, dict):
            ours = {name: str(digest) for name, digest in files.items() if _inside(name, assets)}
            return PanelRecord(version, ours, assets)
    return None


def make_record(folder: Path, version: str, assets: str = ASSETS) -> PanelRecord:
    """The record of everything that lies below `folder` now."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    return PanelRecord(version, {path.relative_to(folder).as_posix(): digest(path) for path in files}, assets)


def digest(path: Path) -> str:
    """What a file holds, as SHA-256; of a missing one, nothing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _inside(name: str, assets: str) -> bool:
    path = PurePosixPath(name)
    safe = ".." not in path.parts and "\\" not in name and ":" not in name
    return safe and (name == ENTRY or path.parts[:1] == (assets,))
