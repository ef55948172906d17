r"""Windows' rules for paths. Pure: they are tested on every system.

- Windows changes some names without a word: it drops dots and blanks at the end of each part, takes what follows a
  colon for a stream inside the file, and opens a device where a part is called NUL or COM1, with any extension. A frame
  of such a name would be delivered to somewhere else, so such names are refused as they were written.
- A plain path ends at 259 characters, a folder's at 247, unless the system and the program both allow more
  (`LongPathsEnabled`, and a manifest); After Effects does not. An absolute path behind `\\?\` has no such end. Only
  paths that need the prefix get it: people read them.

Source: Microsoft, "Naming Files, Paths, and Namespaces" and "Maximum Path Length Limitation".
"""

from __future__ import annotations

import re
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER_END = 247
FILE_END = 259

_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)
_VOLUME = re.compile(r"\\\\\?\\(UNC\\[^\\]+\\|[A-Za-z]:(\\|$)|Volume\{[0-9A-Fa-f-]+\}\\)", re.IGNORECASE)
"""What may follow `\\\\?\\`; anything else there is an object of the kernel."""

_PIPE = re.compile(r"\\\\(\?\\UNC\\)?[^\\]+\\(pipe|mailslot|ipc\$)(\\|$)", re.IGNORECASE)
_EXTENDED = ("\\\\?\\", "\\\\.\\")


def refusal(path: str) -> str | None:
    """Why no file can be called so, as the end of a sentence; None where one can.

    `path` is taken as written, relative or absolute; `..` is left to others.
    """
    plain = path.replace("/", "\\")
    if plain.startswith("\\\\.\\") or (plain.startswith("\\\\?\\") and not _VOLUME.match(plain)):
        return "it is a device, not a folder of files"
    if _PIPE.match(plain):
        return "it is a pipe or a mailbox between programs, not a folder of files"
    # Not `parts`: it would drop "." and keep "..", and a path behind `\\?\` is split the same way.
    body = path[len(PureWindowsPath(path).anchor) :]
    for part in re.split(r"[\\/]", body):
        if part not in {"", ".", ".."} and (why := _part_refusal(part)):
            return why
    return None


def _part_refusal(part: str) -> str | None:
    if found := _FORBIDDEN.search(part):
        also = ", which would make it a stream inside another file" if found[0] == ":" else ""
        return f"Windows allows no {found[0]!r} in the name {part!r}{also}"
    if _DEVICE.fullmatch(part.partition(".")[0].rstrip(" ")):
        return f"Windows keeps the name {part!r} for a device"
    if part[-1] in ". ":
        what = "dot" if part[-1] == "." else "blank"
        return f"Windows drops the {what} at the end of the name {part!r}"
    return None


def fits(folder: str, longest_name: int) -> bool:
    """Whether programs can open a file with a name of that many characters in this folder (absolute)."""
    return len(folder) <= FOLDER_END and len(folder) + 1 + longest_name <= FILE_END


def reachable(folder: str, longest_name: int) -> str:
    """The folder (absolute) in a form in which this program can open files with names of that many characters."""
    if fits(folder, longest_name) or folder.startswith(_EXTENDED):
        return folder
    if folder.startswith("\\\\"):
        return f"\\\\?\\UNC\\{folder[2:]}"
    return f"\\\\?\\{folder}"


def remote(path: str) -> bool:
    """Whether a file (absolute path) lies on a share, by its path. A drive letter tells nothing of what is behind it."""
    plain = path.replace("/", "\\")
    if plain.startswith(_EXTENDED):
        return plain[4:8].upper() == "UNC\\"
    return plain.startswith("\\\\")


def user_cache(environ: Mapping[str, str]) -> Path | None:
    """Return this user's folder for data that can be made again; None if the environment names none."""
    local = environ.get("LOCALAPPDATA")
    return Path(local) if local else None
