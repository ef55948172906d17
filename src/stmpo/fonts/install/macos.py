"""Fonts of macOS: every program finds what lies in the folders that Core Text watches. Nothing has to be told."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from stmpo.fonts.install.protocol import home
from stmpo.fonts.places import find_fonts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stmpo.fonts.install.validate import ValidFont

PATIENCE = 10
"""Seconds for `sysctl`, which takes a hundredth of one."""


class MacOS:
    """The fonts of the user of this environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        user = home(environ, "HOME")
        self.folder = user / "Library" / "Fonts"
        self.state = user / ".stmpo-fonts"

    def boot(self) -> str:
        """The kernel's identity of this start."""
        try:
            done = subprocess.run(
                ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""

    def absent(self) -> list[str]:
        """Nothing is made besides the folder."""
        return []

    def restore(self, absent: Sequence[str]) -> None:
        """Nothing was."""

    def label(self, font: ValidFont, path: Path) -> str:  # noqa: ARG002 - a folder is all the register there is
        """Nothing."""
        return ""

    def enter(self, label: str, path: Path) -> None:
        """Nothing: a file in the folder is a font."""

    def leave(self, label: str, path: Path) -> None:
        """Nothing: it is none any more when it has gone."""

    def announce(self) -> None:
        """Nothing: the folders are watched."""

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """What lies in the folders of system, machine and user, and in Adobe's: a file there is a font."""
        return set(find_fonts(wanted.keys(), self.environ))
