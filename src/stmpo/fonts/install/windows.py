r"""Fonts of Windows, for one user and without an administrator, as Windows 10 and later install them themselves.

    %LOCALAPPDATA%\Microsoft\Windows\Fonts                          the file
    HKCU\Software\Microsoft\Windows NT\CurrentVersion\Fonts         a value with its full path: a font after the next logon
    AddFontResourceEx, WM_FONTCHANGE                                a font now, for every program of this logon session

Neither folder nor key need exist. GDI counts how often a font was added; a program is told to look again, and nobody
waits for its answer: a service's session has windows that never give one.

Source: Microsoft, "Font installation and deletion"; `AddFontResourceExW`.
"""

from __future__ import annotations

import contextlib
import sys
import winreg
from typing import TYPE_CHECKING

from stmpo.fonts.install import gdi
from stmpo.fonts.install.protocol import home
from stmpo.fonts.places import find_fonts, font_folders

assert sys.platform == "win32", "other systems have their own file"

from stmpo.fonts.places.registry import FONTS, registered_files  # noqa: E402 - only Windows has one

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from stmpo.fonts.install.validate import ValidFont

_BOOT = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
_MOST_TITLE = 200


class Windows:
    """The fonts of the user of this environment; the registry is that of the user of this process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        local = home(environ, "LOCALAPPDATA")
        self.folder = local / "Microsoft" / "Windows" / "Fonts"
        self.state = local / "stmpo-fonts"
        self._taken: dict[Path, bool] = {}
        """What GDI said to the files that were entered."""

    def boot(self) -> str:
        """The loader's count of starts, where Windows keeps it."""
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _BOOT) as key:
                return str(winreg.QueryValueEx(key, "BootId")[0])
        except OSError:
            return ""

    def absent(self) -> list[str]:
        """The registry keys that have to be made."""
        return [key for key in _keys() if not _exists(key)]

    def restore(self, absent: Sequence[str]) -> None:
        """Remove those that are empty."""
        for key in reversed(absent):
            with contextlib.suppress(OSError):
                if _is_empty(key):
                    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)

    def label(self, font: ValidFont, path: Path) -> str:
        """The value's name: what people call the font, its file, and the kind, as programs show it."""
        kind = "OpenType" if font.data[:4] == b"OTTO" else "TrueType"
        title = " & ".join(font.titles)[:_MOST_TITLE]
        number = 1
        while True:
            again = "" if number == 1 else f" {number}"
            label = f"{title}, {path.name}{again} ({kind})"
            if _value(label) in {None, str(path)}:
                return label
            number += 1

    def enter(self, label: str, path: Path) -> None:
        """Write the value, and load the font. A profile that is not this user's to write keeps no font over a logon."""
        access = winreg.KEY_SET_VALUE
        with (
            contextlib.suppress(PermissionError),
            winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, FONTS, access=access) as key,
        ):
            winreg.SetValueEx(key, label, 0, winreg.REG_SZ, str(path))
        self._taken[path] = gdi.add(path)

    def leave(self, label: str, path: Path) -> None:
        """Unload the font, and delete the value if it is still this file's."""
        if _value(label) == str(path):
            with contextlib.suppress(FileNotFoundError):
                access = winreg.KEY_SET_VALUE
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS, access=access) as key:
                    winreg.DeleteValue(key, label)
        gdi.remove(path)
        gdi.announce()

    def announce(self) -> None:
        """Tell every program's windows."""
        gdi.announce()

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """What GDI lists, and what lies in Adobe's folders, which After Effects reads by itself.

        GDI cuts names of families to 31 characters, and of fonts that are then called alike it lists one. The others
        are there all the same for programs that go by files: those that GDI has taken, and those that are registered.
        """
        listed = gdi.postscript_names() if wanted else set()
        found = {
            name for name, font in wanted.items() if name in listed or (font and font.shows(name, listed))
        }
        registered = registered_files(self.environ) if wanted.keys() - found else frozenset()
        found |= {
            name
            for name, font in wanted.items()
            if font is not None and font.path is not None and font.answers(name)
            if self._taken.get(font.path, str(font.path).lower() in registered)
        }
        return found | self._adobes(wanted.keys() - found)

    def _adobes(self, names: Collection[str]) -> set[str]:
        adobe = [place.path for place in font_folders(self.environ) if "Adobe" in place.path.parts]
        lying = find_fonts(names, self.environ)
        return {name for name, path in lying.items() if any(path.is_relative_to(folder) for folder in adobe)}


def _keys() -> Iterator[str]:
    """The key of the fonts and those above it, outermost first."""
    parts = FONTS.split("\\")
    return ("\\".join(parts[: number + 1]) for number in range(len(parts)))


def _exists(key: str) -> bool:
    try:
        winreg.OpenKey(winreg.HKEY_CURRENT_USER, key).Close()
    except FileNotFoundError:
        return False
    return True


def _is_empty(key: str) -> bool:
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
        keys, values, _ = winreg.QueryInfoKey(opened)
        return not (keys or values)


def _value(label: str) -> str | None:
    """What the user's register has under this name; None for nothing."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS) as key:
            return str(winreg.QueryValueEx(key, label)[0])
    except FileNotFoundError:
        return None
