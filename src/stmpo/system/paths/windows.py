r"""Windows' rules for paths. Pure: they are tested on every system.

- Windows changes some names silently: it drops dots and blanks at the end of each part, takes text after a
  colon for the name of a stream inside the file, and opens a device if a part is called NUL or COM1, with any
  extension. A frame with such a name would be delivered to another place, so the name is refused as written.
- A plain path has at most 259 characters, a folder's at most 247, unless both the system and the program
  allow more (`LongPathsEnabled`, and a manifest); After Effects does not. An absolute path behind `\\?\` has
  no such limit. Only paths that need the prefix get it, because people read them.

Source: Microsoft, "Naming Files, Paths, and Namespaces" and "Maximum Path Length Limitation".
"""

from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FOLDER = 247
MAX_FILE = 259

_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)
_VOLUME = re.compile(r"\\\\\?\\(UNC\\[^\\]+\\|[A-Za-z]:(\\|$)|Volume\{[0-9A-Fa-f-]+\}\\)", re.IGNORECASE)
"""A file system behind `\\\\?\\`; anything else there is an object of the kernel."""

_PIPE = re.compile(r"\\\\(\?\\UNC\\)?[^\\]+\\(pipe|mailslot|ipc\$)(\\|$)", re.IGNORECASE)
_EXTENDED = ("\\\\?\\", "\\\\.\\")


def path_problem(path: str) -> str | None:
    """Return why no file can have this path, as the end of a sentence; None if one can.

    `path` is judged as written, relative or absolute; `..` is not judged.
    """
    plain = path.replace("/", "\\")
    if plain.startswith("\\\\.\\") or (plain.startswith("\\\\?\\") and not _VOLUME.match(plain)):
        return "it is a device, not a folder of files"
    if _PIPE.match(plain):
        return "it is a pipe or a mailbox between programs, not a folder of files"
    # `parts` is not used: it would drop ".", and would not split a path behind `\\?\` at "/".
    body = path[len(PureWindowsPath(path).anchor) :]
    problems = (_part_problem(part) for part in re.split(r"[\\/]", body) if part not in {"", ".", ".."})
    return next(filter(None, problems), None)


def _part_problem(part: str) -> str | None:
    if found := _FORBIDDEN.search(part):
        also = ", which would make it a stream inside another file" if found[0] == ":" else ""
        return f"Windows allows no {found[0]!r} in the name {part!r}{also}"
    if _DEVICE.fullmatch(part.partition(".")[0].rstrip(" ")):
        return f"Windows keeps the name {part!r} for a device"
    if part[-1] in ". ":
        return f"Windows drops the {'dot' if part[-1] == '.' else 'blank'} at the end of the name {part!r}"
    return None


def path_fits(folder: str, longest_name: int) -> bool:
    """Return whether programs can open files with names of that many characters in this folder (absolute)."""
    return len(folder) <= MAX_FOLDER and len(folder) + 1 + longest_name <= MAX_FILE


def extended_path(folder: str, longest_name: int) -> str:
    """Return the folder (absolute) in a form in which this program can open names of that many characters."""
    if path_fits(folder, longest_name) or folder.startswith(_EXTENDED):
        return folder
    if folder.startswith("\\\\"):
        return f"\\\\?\\UNC\\{folder[2:]}"
    return f"\\\\?\\{folder}"


def is_remote(path: str) -> bool:
    """Return whether a file (absolute path) lies on a share, by its path. Drive letters are not looked up."""
    plain = path.replace("/", "\\")
    if plain.startswith(_EXTENDED):
        return plain[4:8].upper() == "UNC\\"
    return plain.startswith("\\\\")


def user_cache(environ: Mapping[str, str]) -> Path | None:
    """Return this user's folder for data that can be made again; None if the environment names none."""
    local = environ.get("LOCALAPPDATA")
    return Path(local) if local else None
