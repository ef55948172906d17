r"""Fonts that Windows' registry names by full path: they lie where somebody has put them.

Under `Software\Microsoft\Windows NT\CurrentVersion\Fonts`, of the machine and of the user, each value is a file's name
in the system's folder, or a full path. The former lie in folders that are looked through anyway.
"""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import Folder, Origin

assert sys.platform == "win32", "only Windows has a registry"

import winreg  # noqa: E402 - there is none to import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FONTS = r"Software\Microsoft\Windows NT\CurrentVersion\Fonts"


def registered() -> list[Folder]:
    """The files with a full path, the user's first."""
    hives = ((winreg.HKEY_CURRENT_USER, Origin.USER), (winreg.HKEY_LOCAL_MACHINE, Origin.SYSTEM))
    return [
        Folder(Path(value), origin)
        for hive, origin in hives
        for value in _values(hive)
        if PureWindowsPath(value).is_absolute()
    ]


def registered_files(environ: Mapping[str, str]) -> frozenset[str]:
    """The path of every file that the registry has as a font, in small letters."""
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
    except OSError:  # no such key: no font was ever installed for this user; or it shrank while it was read
        return
