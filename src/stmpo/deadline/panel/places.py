"""Select the module that knows where After Effects looks for panels on this system."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stmpo.deadline.panel.places_common import PanelFolders

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_places(environ: Mapping[str, str], platform: str = sys.platform) -> PanelFolders:
    """Return every folder of this system from which After Effects reads panels."""
    if platform == "win32":
        from stmpo.deadline.panel.places_windows import places  # noqa: PLC0415 - one file per system

        return places(environ)
    if platform == "darwin":
        from stmpo.deadline.panel.places_macos import places as places_of_macos  # noqa: PLC0415

        return places_of_macos(environ)
    return PanelFolders((), f"any folder, because there is no After Effects for {platform}")


def elevation(platform: str = sys.platform) -> str:
    """Return what to do if only an administrator can write a folder."""
    if platform == "win32":
        from stmpo.deadline.panel.places_windows import ELEVATION  # noqa: PLC0415

        return ELEVATION
    from stmpo.deadline.panel.places_macos import ELEVATION as WITH_SUDO  # noqa: PLC0415

    return WITH_SUDO
