"""The list of a job's fonts, `fonts/fonts.json` beside its scripts, and the font files that it names.

    {"fonts": [{"postScriptName": "DejaVuSans", "file": "DejaVuSans.ttf"}, {"postScriptName": "Not-Here",
    "file": null}]}

Each file is given by its bare name. The names come from the submitter, so they are not trusted: a name that
leads elsewhere (a folder, a drive, a device, an alternate stream, a link) fails the job. Nothing outside the
folder is read.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stmpo.fonts.install.validate import MAX_BYTES, NotAFont, ValidFont, validate_font
from stmpo.model.errors import BadInput
from stmpo.model.text import shown
from stmpo.system import paths
from stmpo.system.files import READ_FLAGS
from stmpo.system.paths.windows import path_problem

MANIFEST_FILE = "fonts.json"
MAX_FONTS = 2000
_MOST_JSON = 1 << 20
_JUNCTION = 0xA0000003
"""`IO_REPARSE_TAG_MOUNT_POINT`."""

_LONGEST_NAME = 80
"""Characters of a copy's file name; `stmpo.fonts.collect` and the panel write shorter names."""


@dataclass(frozen=True, slots=True)
class WantedFont:
    """One font that the project uses."""

    name: str
    """The PostScript name."""

    file: Path | None
    """The copy that travels with the job; None if there is none. One file may hold several fonts."""


def read_manifest(folder: Path) -> tuple[WantedFont, ...]:
    """Return the fonts that the job's `fonts` folder lists. No folder means no fonts.

    Raises:
        BadInput: the list cannot be read, or names something outside the folder.
    """
    folder = Path(paths.extended_path(str(folder), _LONGEST_NAME))  # a session's folder may be very deep
    if not os.path.lexists(folder):
        return ()
    if _leads_out(folder):
        raise BadInput(
            f"the job's fonts folder {folder} leads out of the job by a link; submit the job again"
        )
    path = folder / MANIFEST_FILE
    try:
        data = _read(path, _MOST_JSON)
        entries = json.loads(data)["fonts"]
        if len(entries) > MAX_FONTS:
            raise BadInput(f"{path} lists {len(entries)} fonts; {MAX_FONTS} are the most")
        return tuple(_wanted(folder, entry) for entry in entries)
    except NotAFont as error:
        raise BadInput(f"{path} cannot be used: {error}; submit the job again") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}; submit the job again") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path} is not a list of fonts ({shown(error)}); submit the job again") from None


def _leads_out(folder: Path) -> bool:
    """Return whether the folder links elsewhere; if it is too deep to resolve, whether it is a link."""
    try:
        return not paths.is_inside(folder, folder.parent)
    except OSError:
        status = folder.lstat()
        return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def _wanted(folder: Path, entry: Any) -> WantedFont:
    name, file = entry["postScriptName"], entry["file"]
    if not isinstance(name, str) or not name or not (file is None or isinstance(file, str)):
        raise TypeError(entry)
    (name + (file or "")).encode()  # ValueError: half a character, which no font's name has
    return WantedFont(name, None if file is None else _inside(folder, file))


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a font file of the job. Windows rules apply on every system."""
    why = path_problem(name)
    if name in {"", ".", ".."} or any(letter in name for letter in "/\\:"):
        why = "it is not a bare file name"
    elif (folder / name).is_symlink():
        why = "it is a link"
    if why:
        raise BadInput(f"the font file {name!r} does not lie inside the job's fonts folder {folder}: {why}")
    return folder / name


def load_font(path: Path) -> ValidFont:
    """Read and validate a font file of the job. The bytes that were validated are those that get installed.

    Raises:
        NotAFont: it is not a plain file, not a font, or has a face without a PostScript name.
        OSError: it cannot be read.
    """
    return validate_font(_read(path, MAX_BYTES))


def _read(path: Path, most: int) -> bytes:
    """Return the bytes of a plain file; a link to one is refused."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotAFont("it is a link or not a plain file")
    if path.lstat().st_size > most:
        raise NotAFont(f"it is larger than {most >> 20} MiB")
    with open(os.open(path, READ_FLAGS), "rb") as file:  # noqa: PTH123 - by descriptor
        return file.read(most + 1)
