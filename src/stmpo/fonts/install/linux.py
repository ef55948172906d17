"""Fonts of Linux: a folder of the user's, and fontconfig, which programs ask and which keeps a cache of each folder.

`fc-cache` brings the cache up to date, `fc-list` is what a program would find. Where fontconfig's tools are not installed,
the folders are read instead: programs that use fontconfig look at them again by themselves.

After Effects does not run on Linux; other renderers do, and so do tests.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.protocol import home
from stmpo.fonts.places import find_fonts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stmpo.fonts.install.validate import ValidFont

PATIENCE = 60
"""Seconds for fontconfig. A first look at thousands of fonts takes a few."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_CACHE_FILES = ("*.cache-*", "CACHEDIR.TAG", "CACHEDIR.TAG.*", "*.NEW", "*.LCK")


class Linux:
    """The fonts of the user of this environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        user = home(environ, "HOME")
        cache = self._place("XDG_CACHE_HOME", user / ".cache")
        self.folder = self._place("XDG_DATA_HOME", user / ".local" / "share") / "fonts"
        self.state = user / ".stmpo-fonts"
        self._caches = [cache, cache / "fontconfig"]

    def boot(self) -> str:
        """The kernel's identity of this start."""
        try:
            return _BOOT.read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def absent(self) -> list[str]:
        """The cache's folders, which fontconfig makes where it may not write to the system's."""
        return (
            [str(folder) for folder in self._caches if not folder.exists()] if self._tool("fc-cache") else []
        )

    def restore(self, absent: Sequence[str]) -> None:
        """Remove those again. A cache is made anew when it is wanted, whoever has written to it since."""
        for folder in [Path(place) for place in reversed(absent)]:
            if folder.name == "fontconfig":
                for pattern in _CACHE_FILES:
                    for path in folder.glob(pattern):
                        path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()

    def label(self, font: ValidFont, path: Path) -> str:  # noqa: ARG002 - a folder is all the register there is
        """Nothing."""
        return ""

    def enter(self, label: str, path: Path) -> None:
        """Nothing: a file in the folder is a font."""

    def leave(self, label: str, path: Path) -> None:
        """Nothing: it is none any more when it has gone."""

    def announce(self) -> None:
        """Bring fontconfig's cache of the folder up to date; for a folder that has gone, that removes its cache."""
        self._run("fc-cache", str(self.folder))

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """What fontconfig lists; without its tools, what lies in the folders that it would look through.

        By name, else by file: fontconfig makes up a name of its own for a font whose PostScript name no PostScript
        interpreter would take (with a blank in it, or a letter beyond ASCII), and cuts long ones.
        """
        listed = self._run("fc-list", "--format=%{postscriptname}\\t%{file}\\n")
        if listed is None:
            return set(find_fonts(wanted.keys(), self.environ))
        names: set[str] = set()
        files: defaultdict[str, set[str]] = defaultdict(set)
        for line in listed.split("\n"):
            name, _, file = line.partition("\t")
            names.add(name)
            files[os.path.basename(file)].add(file)  # noqa: PTH119 - a text, of thousands
        return {
            name
            for name, font in wanted.items()
            if name in names
            or (
                font is not None and (font.shows(name, names) or (font.answers(name) and _among(font, files)))
            )
        }

    def _place(self, variable: str, default: Path) -> Path:
        """A folder of the freedesktop specification, which has a relative one ignored."""
        path = Path(self.environ.get(variable, ""))
        return path if path.is_absolute() else default

    def _tool(self, name: str) -> str | None:
        return shutil.which(name, path=self.environ.get("PATH"))

    def _run(self, name: str, *arguments: str) -> str | None:
        """What a tool of fontconfig's says; None where it is not there or fails."""
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
                timeout=PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _among(font: ValidFont, files: Mapping[str, Collection[str]]) -> bool:
    """Whether the font's file is one of these, which are sorted by their last names."""
    if font.path is None:
        return False
    here = font.path.resolve()
    return any(Path(file).resolve() == here for file in files.get(font.path.name, ()))
