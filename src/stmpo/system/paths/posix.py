"""Linux and macOS: every name can be a file's, and the file system itself reports a path that is too long."""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NETWORK = ("nfs", "cifs", "smb", "afp", "webdav", "fuse.sshfs", "lustre", "beegfs", "gpfs", "ceph")
"""How the names of network file systems begin."""


def path_problem(path: str) -> str | None:  # noqa: ARG001 - every system's has the same parameters
    """Return why no file can have this path, as the end of a sentence; None if one can."""
    return None


def path_fits(folder: str, longest_name: int) -> bool:  # noqa: ARG001
    """Return whether programs can open files with names of that many characters in this folder (absolute)."""
    return True


def extended_path(folder: str, longest_name: int) -> str:  # noqa: ARG001
    """Return the folder (absolute) in a form in which this program can open names of that many characters."""
    return folder


def is_remote(path: str) -> bool:
    """Return whether a file (absolute path) is on a network, by the list of mounts. Touches no disk."""
    import psutil  # noqa: PLC0415 - costs 20 ms

    try:
        mounts = {each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)}
    except (OSError, RuntimeError, psutil.Error):
        return False
    above = (str(folder) for folder in PurePath(path).parents)
    return next((mounts[folder] for folder in above if folder in mounts), "").startswith(_NETWORK)


def user_cache(environ: Mapping[str, str]) -> Path | None:
    """Return this user's folder for data that can be made again; None if the environment names no home."""
    named = Path(environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():  # the freedesktop specification has a relative one ignored
        return named
    home = environ.get("HOME")
    return Path(home, "Library/Caches" if sys.platform == "darwin" else ".cache") if home else None
