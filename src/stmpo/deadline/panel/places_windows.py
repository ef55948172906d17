r"""The folders from which After Effects reads panels on Windows.

`%APPDATA%\Adobe\After Effects\<version>\Scripts\ScriptUI Panels` for a user, and
`<program files>\Adobe\Adobe After Effects <year>\Support Files\Scripts\ScriptUI Panels` for all users.
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
from stmpo.renderers.discovery.windows import program_folders

if TYPE_CHECKING:
    from collections.abc import Mapping

ELEVATION = 'run this again in a terminal that was opened with "Run as administrator"'


def places(environ: Mapping[str, str]) -> PanelFolders:
    """Return every folder, the user's before the machine's."""
    roaming = environ.get("APPDATA")
    preferences = [Path(roaming, "Adobe")] if roaming else []
    programs = [root / "Adobe" for root in program_folders(environ)]
    found: list[PanelFolder] = [place for folder in preferences for place in user_folders(folder)]
    for root in programs:
        found += [
            program_folder(support.parent, support)
            for support in sorted(root.glob("Adobe After Effects*/Support Files"))
        ]
    return PanelFolders(supported(found), " and ".join(map(str, [*preferences, *programs])))
