"""The fonts that travel with a job: `fonts/fonts.json` beside its scripts, and the files that it names.

    {"fonts": [{"postScriptName": "DejaVuSans", "file": "DejaVuSans.ttf"}, {"postScriptName": "Not-Here", "file": null}]}

A file is named by its bare name. Whoever made the job wrote these names, so one that would lead anywhere else (a folder,
a drive, a device, a stream of another file, a link) refuses the job: nothing outside its own folder is ever read.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stmpo.fonts.install.validate import MOST_BYTES, NotAFont, ValidFont, examine
from stmpo.model.errors import BadInput
from stmpo.system import paths
from stmpo.system.paths.windows import path_problem

FILE = "fonts.json"
MOST_FONTS = 2000
_MOST_JSON = 1 << 20
_JUNCTION = 0xA0000003
"""`IO_REPARSE_TAG_MOUNT_POINT`."""

_LONGEST_NAME = 80
"""Characters of a copy's name: `stmpo.fonts.collect` and the panel make shorter ones."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One font that the project uses."""

    name: str
    """Its PostScript name."""

    file: Path | None
    """The copy that travels with the job; None where it was not collected. Several names may lie in one file."""


def read_manifest(folder: Path) -> tuple[Wanted, ...]:
    """What the job's `fonts` folder says. No folder means no fonts.

    Raises:
        BadInput: the list cannot be read, or names something outside the folder.
    """
    folder = Path(paths.extended_path(str(folder), _LONGEST_NAME))  # a session's folder may be a deep one
    if not os.path.lexists(folder):
        return ()
    if _leads_out(folder):
        raise BadInput(
            f"the job's fonts folder {folder} leads out of the job by a link; submit the job again"
        )
    path = folder / FILE
    try:
        data = _read(path, _MOST_JSON)
        entries = json.loads(data)["fonts"]
        if len(entries) > MOST_FONTS:
            raise BadInput(f"{path} lists {len(entries)} fonts; {MOST_FONTS} are the most")
        return tuple(_wanted(folder, entry) for entry in entries)
    except NotAFont as error:
        raise BadInput(f"{path} cannot be used: {error}; submit the job again") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}; submit the job again") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path} is not a list of fonts ({error!r}); submit the job again") from None


def _leads_out(folder: Path) -> bool:
    """Whether it is a link to somewhere else. Of a folder that is too deep to be resolved (Windows), whether it is a link."""
    try:
        return not paths.is_inside(folder, folder.parent)
    except OSError:
        status = folder.lstat()
        return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def _wanted(folder: Path, entry: Any) -> Wanted:
    name, file = entry["postScriptName"], entry["file"]
    if not isinstance(name, str) or not name or not (file is None or isinstance(file, str)):
        raise TypeError(entry)
    return Wanted(name, None if file is None else _inside(folder, file))


def _inside(folder: Path, name: str) -> Path:
    """The path of a file of the job. Windows' rules hold on every system: a job may be made on any."""
    why = path_problem(name)
    if name in {"", ".", ".."} or any(letter in name for letter in "/\\:"):
        why = "it is not the bare name of a file"
    elif (folder / name).is_symlink():
        why = "it is a link"
    if why:
        raise BadInput(f"the font file {name!r} does not lie inside the job's fonts folder {folder}: {why}")
    return folder / name


def load_font(path: Path) -> ValidFont:
    """Read a font file of the job: the bytes that were looked at are those that are installed.

    Raises:
        NotAFont: it is not a plain file, no font, or has a face without a PostScript name.
        OSError: it cannot be read.
    """
    return examine(_read(path, MOST_BYTES))


def _read(path: Path, most: int) -> bytes:
    """The bytes of a plain file, which a link to one is not."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotAFont("it is a link or something else that is no file")
    if path.lstat().st_size > most:
        raise NotAFont(f"it is larger than {most >> 20} MiB")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - by descriptor
        return file.read(most + 1)
