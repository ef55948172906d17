"""The folders from which After Effects reads panels on macOS.

`~/Library/Preferences/Adobe/After Effects/<version>/Scripts/ScriptUI Panels` for a user, and
`/Applications/Adobe After Effects <year>/Scripts/ScriptUI Panels` for all users.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.panel.places_common import (
    PanelFolder,
    PanelFolders,
    program_folder,
    supported,
    user_folders,
)
from stmpo.renderers.discovery.macos import APPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

ELEVATION = "run this again with sudo in front"


def places(environ: Mapping[str, str], applications: Path = APPLICATIONS) -> PanelFolders:
    """Return every folder, the user's before the machine's."""
    home = environ.get("HOME")
    preferences = [Path(home, "Library/Preferences/Adobe")] if home else []
    roots = [applications, *([Path(home, "Applications")] if home else [])]
    found: list[PanelFolder] = [place for folder in preferences for place in user_folders(folder)]
    for root in roots:
        found += [
            program_folder(program, program)
            for program in sorted(root.glob("Adobe After Effects*"))
            if program.is_dir()
        ]
    return PanelFolders(supported(found), " and ".join(map(str, [*preferences, *roots])))
