r"""Fonts on Windows, installed for one user without an administrator, as Windows 10 and later do it.

    %LOCALAPPDATA%\Microsoft\Windows\Fonts                   the file
    HKCU\Software\Microsoft\Windows NT\CurrentVersion\Fonts  its full path, read at the next logon
    AddFontResourceEx, WM_FONTCHANGE                         load it now for the whole logon session

Neither folder nor key need exist. GDI counts how often a font was added. Programs are notified without
waiting for an answer, because a service's session has windows that never answer.

Source: Microsoft, "Font installation and deletion"; `AddFontResourceExW`.
"""

from __future__ import annotations

import contextlib
import sys
import winreg
from typing import TYPE_CHECKING

from stmpo.fonts.install import gdi
from stmpo.fonts.install.protocol import user_folder
from stmpo.fonts.places import find_fonts, font_folders

assert sys.platform == "win32", "other systems have their own module"

from stmpo.fonts.places.registry import FONTS, registered_files  # noqa: E402 - exists on Windows only

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from stmpo.fonts.install.validate import ValidFont

_BOOT = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
_MAX_TITLE_LENGTH = 200


class Windows:
    """The fonts of the user of this environment. The registry is that of this process's user."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        local = user_folder(environ, "LOCALAPPDATA")
        self.folder = local / "Microsoft" / "Windows" / "Fonts"
        self.state = local / "stmpo-fonts"
        self._loaded: dict[Path, bool] = {}
        """Per registered file: whether GDI loaded it."""

    def boot_id(self) -> str:
        """Return the boot counter, if Windows keeps it in the registry."""
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _BOOT) as key:
                return str(winreg.QueryValueEx(key, "BootId")[0])
        except OSError:
            return ""

    def missing_extras(self) -> list[str]:
        """Return the registry keys that have to be created."""
        return [key for key in _keys() if not _exists(key)]

    def remove_extras(self, extras: Sequence[str]) -> None:
        """Remove the keys that are empty."""
        for key in reversed(extras):
            with contextlib.suppress(OSError):
                if _is_empty(key):
                    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)

    def label(self, font: ValidFont, path: Path) -> str:
        """Return the name of the registry value: family and style, file name and kind of font."""
        kind = "OpenType" if font.data[:4] == b"OTTO" else "TrueType"
        title = " & ".join(font.titles)[:_MAX_TITLE_LENGTH]
        number = 1
        while True:
            again = "" if number == 1 else f" {number}"
            label = f"{title}, {path.name}{again} ({kind})"
            if _value(label) in {None, str(path)}:
                return label
            number += 1

    def register(self, label: str, path: Path) -> None:
        """Write the registry value and load the font. A profile that cannot be written is tolerated."""
        access = winreg.KEY_SET_VALUE
        with (
            contextlib.suppress(PermissionError),
            winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, FONTS, access=access) as key,
        ):
            winreg.SetValueEx(key, label, 0, winreg.REG_SZ, str(path))
        self._loaded[path] = gdi.add(path)

    def unregister(self, label: str, path: Path) -> None:
        """Unload the font, and delete the value if it still names this file."""
        if _value(label) == str(path):
            with contextlib.suppress(FileNotFoundError):
                access = winreg.KEY_SET_VALUE
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS, access=access) as key:
                    winreg.DeleteValue(key, label)
        gdi.remove(path)
        gdi.notify_programs()

    def notify_programs(self) -> None:
        """Notify all windows."""
        gdi.notify_programs()

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """Return the fonts that GDI lists, and those in Adobe's folders, which After Effects reads itself.

        GDI cuts family names to 31 characters and lists only one of several fonts with the same name.
        Programs that use files find the others too, so a font also counts if GDI loaded its file, or if the
        file is registered.
        """
        listed = gdi.postscript_names() if wanted else set()
        found = {
            name
            for name, font in wanted.items()
            if name in listed or (font and font.is_listed_among(name, listed))
        }
        registered = registered_files(self.environ) if wanted.keys() - found else frozenset()
        found |= {
            name
            for name, font in wanted.items()
            if font is not None and font.path is not None and font.has_name(name)
            if self._loaded.get(font.path, str(font.path).lower() in registered)
        }
        return found | self._in_adobe_folders(wanted.keys() - found)

    def _in_adobe_folders(self, names: Collection[str]) -> set[str]:
        adobe = [place.path for place in font_folders(self.environ) if "Adobe" in place.path.parts]
        on_disk = find_fonts(names, self.environ)
        return {
            name for name, path in on_disk.items() if any(path.is_relative_to(folder) for folder in adobe)
        }


def _keys() -> Iterator[str]:
    """Yield the font key and its parents, outermost first."""
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
    """Return the user's registry value of this name; None if there is none."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS) as key:
            return str(winreg.QueryValueEx(key, label)[0])
    except FileNotFoundError:
        return None
