"""What this system lets a path be: names that no file can have, and folders too deep for a plain path.

`refusal` says why files cannot be called so; `fits` whether programs can open names of some length in a folder;
`reachable` gives the folder in a form in which this program can; `remote` says whether a file lies across a network.

`is_file`, `is_folder` and `exists` answer for what users name: no, where the system refuses to look (a folder above that
may not be entered, a name that is too long). `pathlib` raises there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    from stmpo.system.paths.windows import fits, reachable, refusal, remote, user_cache
else:
    from stmpo.system.paths.posix import fits, reachable, refusal, remote, user_cache

__all__ = [
    "exists",
    "fits",
    "is_file",
    "is_folder",
    "leads_inside",
    "reachable",
    "refusal",
    "remote",
    "user_cache",
]


def is_file(path: Path) -> bool:
    """Whether a file is seen there."""
    return os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises where it may not look


def is_folder(path: Path) -> bool:
    """Whether a folder is seen there."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def exists(path: Path) -> bool:
    """Whether anything is seen there, at the end of links."""
    return os.path.exists(path)  # noqa: PTH110 - as above


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, or is it, at the end of all links. Links in a circle lead nowhere else."""
    real = os.path.realpath  # `Path.resolve` raises where links lead in a circle
    return Path(real(path)).is_relative_to(real(folder))
