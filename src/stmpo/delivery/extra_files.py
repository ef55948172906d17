"""Output files that a renderer wrote besides the ones it was asked for.

A second output module, or a format that writes its sound or mattes into files of their own, leaves them
beside the frames. They are not delivered, since nobody asked for them, and not dropped either: they are
moved out of the attempt's folder before it is removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from stmpo.delivery.file_stability import scan
from stmpo.delivery.verify import has_structure
from stmpo.model.output_pattern import SINGLE_FILE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

EXTRA_FOLDER = "extra"
"""Folder of these files in the run's scratch."""

_TEMPORARY = "aetemp"


def find_extra_files(folder: Path, taken: Collection[str]) -> list[Path]:
    """Return the pictures, movies and sounds in an attempt's folder that are not its frames, sorted by name.

    `taken` are the extensions of the frames that were delivered from here: a frame's file with another one
    is an extra file too, once there is any.
    """
    frames = {file.name: file.extension for file in scan(folder)}
    found = []
    with contextlib.suppress(OSError):  # the renderer has removed its folder
        for entry in os.scandir(folder):
            extension = os.path.splitext(entry.name)[1]
            if entry.name in frames and (not taken or extension in taken):
                continue
            if not _is_media(extension) or _TEMPORARY in entry.name.lower():
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode) and status.st_size > 1:  # a placeholder has one byte
                found.append(folder / entry.name)
    return sorted(found)


def keep_extra_files(files: Collection[Path], scratch: Path, label: str) -> Path:
    """Move files into the run's folder for them, with `label` in front of their names. Return that folder."""
    folder = scratch / EXTRA_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for file in files:
        with contextlib.suppress(OSError):  # a renderer that hangs on Windows keeps it open
            os.replace(file, folder / f"{label}_{file.name}")
    return folder


def _is_media(extension: str) -> bool:
    return has_structure(extension) or extension.lower() in SINGLE_FILE_EXTENSIONS
