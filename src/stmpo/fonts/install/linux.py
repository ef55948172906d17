"""Fonts on Linux: the user's font folder, and fontconfig, which lists fonts and keeps a cache per folder.

`fc-cache` updates the cache, `fc-list` lists what a program would find. Without fontconfig's tools the
folders are read instead; programs that use fontconfig check them again automatically.

After Effects does not run on Linux, but other renderers and the tests do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.protocol import FolderFonts, user_folder
from stmpo.fonts.places import find_fonts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stmpo.fonts.install.validate import ValidFont

FONTCONFIG_TIMEOUT = 60
"""Seconds to wait for fontconfig. Its first scan of thousands of fonts takes a few."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_CACHE_FILES = ("*.cache-*", "CACHEDIR.TAG", "CACHEDIR.TAG.*", "*.NEW", "*.LCK")


class Linux(FolderFonts):
    """The fonts of the user of this environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        user = user_folder(environ, "HOME")
        cache = self._place("XDG_CACHE_HOME", user / ".cache")
        self.folder = self._place("XDG_DATA_HOME", user / ".local" / "share") / "fonts"
        self.state = user / ".stmpo-fonts"
        self._caches = [cache, cache / "fontconfig"]

    def boot_id(self) -> str:
        """Return the kernel's boot identity."""
        try:
            return _BOOT.read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def missing_extras(self) -> list[str]:
        """Return the missing cache folders, which fontconfig creates if the system cache is read-only."""
        return (
            [str(folder) for folder in self._caches if not folder.exists()] if self._tool("fc-cache") else []
        )

    def remove_extras(self, extras: Sequence[str]) -> None:
        """Remove the cache folders. fontconfig rebuilds its cache when it needs one."""
        for folder in [Path(place) for place in reversed(extras)]:
            if folder.name == "fontconfig":
                for pattern in _CACHE_FILES:
                    for path in folder.glob(pattern):
                        path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()

    def notify_programs(self) -> None:
        """Update fontconfig's cache of the folder; if the folder is gone, this removes its cache."""
        self._run("fc-cache", str(self.folder))

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """Return the fonts that fontconfig lists; without its tools, those in the folders that it searches.

        A font is found by name or by file: fontconfig changes PostScript names with blanks or characters
        beyond ASCII, and cuts long ones.
        """
        listed = self._run("fc-list", "--format=%{postscriptname}\\t%{file}\\n")
        if listed is None:
            return set(find_fonts(wanted.keys(), self.environ))
        names: set[str] = set()
        files: defaultdict[str, set[str]] = defaultdict(set)
        for line in listed.split("\n"):
            name, _, file = line.partition("\t")
            names.add(name)
            files[os.path.basename(file)].add(file)  # noqa: PTH119 - fast: thousands of paths
        return {
            name
            for name, font in wanted.items()
            if name in names
            or (
                font is not None
                and (font.is_listed_among(name, names) or (font.has_name(name) and _is_listed(font, files)))
            )
        }

    def _place(self, variable: str, default: Path) -> Path:
        """Return a folder of the freedesktop specification, which ignores relative paths."""
        path = Path(self.environ.get(variable, ""))
        return path if path.is_absolute() else default

    def _tool(self, name: str) -> str | None:
        return shutil.which(name, path=self.environ.get("PATH"))

    def _run(self, name: str, *arguments: str) -> str | None:
        """Return the output of a fontconfig tool; None if it is not installed or fails."""
        tool = self._tool(name)
        if tool is None:
            return None
        try:
            done = subprocess.run(
                [tool, *arguments],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=FONTCONFIG_TIMEOUT,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _is_listed(font: ValidFont, files: Mapping[str, Collection[str]]) -> bool:
    """Return whether the font's file is one of these, which are grouped by file name."""
    if font.path is None:
        return False
    here = font.path.resolve()
    return any(Path(file).resolve() == here for file in files.get(font.path.name, ()))
