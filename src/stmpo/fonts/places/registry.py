r"""Font files that the Windows registry names by full path. They may lie in any folder.

The key `Software\Microsoft\Windows NT\CurrentVersion\Fonts` exists for the machine and for the user. Each
value is a file name in the system's font folder, or a full path. Only full paths matter here: the folder is
searched anyway.
"""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import FontFolder, Origin

assert sys.platform == "win32", "only Windows has a registry"

import winreg  # noqa: E402 - exists on Windows only

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FONTS = r"Software\Microsoft\Windows NT\CurrentVersion\Fonts"


def registered() -> list[FontFolder]:
    """Return the files with a full path, the user's first."""
    hives = ((winreg.HKEY_CURRENT_USER, Origin.USER), (winreg.HKEY_LOCAL_MACHINE, Origin.SYSTEM))
    return [
        FontFolder(Path(value), origin)
        for hive, origin in hives
        for value in _values(hive)
        if PureWindowsPath(value).is_absolute()
    ]


def registered_files(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the path of every font file in the registry, in lower case."""
    folder = PureWindowsPath(environ.get("WINDIR", ""), "Fonts")
    values = [*_values(winreg.HKEY_CURRENT_USER), *_values(winreg.HKEY_LOCAL_MACHINE)]
    return frozenset(str(folder / value).lower() for value in values)


def _values(hive: int) -> Iterator[str]:
    try:
        with winreg.OpenKey(hive, FONTS) as key:
            for at in range(winreg.QueryInfoKey(key)[1]):
                value = winreg.EnumValue(key, at)[1]
                if isinstance(value, str):
                    yield value
    except OSError:  # no font was ever installed for this user, or the key shrank while it was read
        return
