"""Fonts on macOS: the system watches the font folders, so a file in one is a font for every program."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from stmpo.fonts.install.protocol import FolderFonts, user_folder
from stmpo.fonts.places import find_fonts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.fonts.install.validate import ValidFont

SYSCTL_TIMEOUT = 10
"""Seconds to wait for `sysctl`, which normally takes 0.01 s."""


class MacOS(FolderFonts):
    """The fonts of the user of this environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        user = user_folder(environ, "HOME")
        self.folder = user / "Library" / "Fonts"
        self.state = user / ".stmpo-fonts"

    def boot_id(self) -> str:
        """Return the kernel's boot identity."""
        try:
            done = subprocess.run(
                ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=SYSCTL_TIMEOUT,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""

    def missing_extras(self) -> list[str]:
        """Return nothing: only the folder is created."""
        return []

    def remove_extras(self, extras: Sequence[str]) -> None:
        """Do nothing: there are no extras."""

    def notify_programs(self) -> None:
        """Do nothing: the folders are watched."""

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """Return the fonts in the folders of the system, the user and Adobe: a file there is a font."""
        return set(find_fonts(wanted.keys(), self.environ))
