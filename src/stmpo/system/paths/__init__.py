"""The system's rules for paths: names that no file can have, and folders too deep for a plain path.

`is_file`, `is_folder` and `exists` answer for paths that users name: no, if the system refuses access (a
folder above may not be entered, or a name is too long). `pathlib` raises in these cases.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    from stmpo.system.paths.windows import extended_path, is_remote, path_fits, path_problem, user_cache
else:
    from stmpo.system.paths.posix import extended_path, is_remote, path_fits, path_problem, user_cache

__all__ = [
    "exists",
    "extended_path",
    "is_file",
    "is_folder",
    "is_inside",
    "is_remote",
    "is_text",
    "path_fits",
    "path_problem",
    "user_cache",
]


def is_file(path: Path) -> bool:
    """Return whether the path leads to a file."""
    return os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises if access is refused


def is_folder(path: Path) -> bool:
    """Return whether the path leads to a folder."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def exists(path: Path) -> bool:
    """Return whether the path leads to anything. Links are followed."""
    return os.path.exists(path)  # noqa: PTH110 - as above


def is_text(path: str) -> bool:
    """Return whether the path is text, and not bytes that are no UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_inside(path: Path, folder: Path) -> bool:
    """Return whether a path lies in a folder, or is that folder, after all links are followed."""
    real = os.path.realpath  # `Path.resolve` raises on links in a circle
    return Path(real(path)).is_relative_to(real(folder))
