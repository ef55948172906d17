"""Where each system keeps the fonts that After Effects sees, Adobe's own folders included. The one place that picks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.names import postscript_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

SUFFIXES = frozenset({".otf", ".ttf", ".ttc", ".otc", ""})
"""Of font files; Adobe Fonts keeps its own without one."""


def windows(environ: Mapping[str, str]) -> list[Path]:
    """The folders of Windows: the user's before the system's."""
    roaming, local, system = (environ.get(name) for name in ("APPDATA", "LOCALAPPDATA", "WINDIR"))
    return [
        *_under(roaming, "Adobe/CoreSync/plugins/livetype", "Adobe/User Owned Fonts"),
        *_under(local, "Microsoft/Windows/Fonts"),
        *_under(system, "Fonts"),
        *_under(environ.get("COMMONPROGRAMFILES"), "Adobe/Fonts"),
    ]


def macos(environ: Mapping[str, str]) -> list[Path]:
    """The folders of macOS: the user's before the system's."""
    adobe = "Library/Application Support/Adobe"
    return [
        *_under(
            environ.get("HOME"),
            f"{adobe}/CoreSync/plugins/livetype",
            f"{adobe}/User Owned Fonts",
            "Library/Fonts",
        ),
        *_under("/", "Library/Fonts", "System/Library/Fonts", f"{adobe}/Fonts"),
    ]


def linux(environ: Mapping[str, str]) -> list[Path]:
    """The folders of the freedesktop specification. After Effects does not run there, but projects are sent from there."""
    home = environ.get("HOME")
    data = environ.get("XDG_DATA_HOME") or (f"{home}/.local/share" if home else None)
    return [
        *_under(data, "fonts"),
        *_under(home, ".fonts"),
        *_under("/usr", "local/share/fonts", "share/fonts"),
    ]


def font_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Every file that may be a font, in this system's order of folders."""
    for folder in _FOLDERS(environ):
        for place, _, names in os.walk(folder):
            yield from (Path(place, name) for name in names if os.path.splitext(name)[1].lower() in SUFFIXES)  # noqa: PTH122


def find_fonts(wanted: Collection[str], environ: Mapping[str, str]) -> dict[str, Path]:
    """The file of each font (by PostScript name) that is installed here; the others are left out."""
    found: dict[str, Path] = {}
    left = set(wanted)
    if not left:
        return found
    for path in font_files(environ):
        for name in left.intersection(postscript_names(path)):
            found[name] = path
        left -= found.keys()
        if not left:
            break
    return found


def _under(root: str | None, *parts: str) -> list[Path]:
    return [Path(root, part) for part in parts] if root else []


_FOLDERS: Callable[[Mapping[str, str]], list[Path]] = {"win32": windows, "darwin": macos}.get(
    sys.platform, linux
)
