"""Where After Effects looks for panels on this system: the one place that picks its file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stmpo.deadline.panel.places_common import PanelFolders

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_places(environ: Mapping[str, str], platform: str = sys.platform) -> PanelFolders:
    """Every folder of this system that After Effects reads panels from."""
    if platform == "win32":
        from stmpo.deadline.panel.places_windows import places  # noqa: PLC0415 - one system, one file

        return places(environ)
    if platform == "darwin":
        from stmpo.deadline.panel.places_macos import places as places_of_macos  # noqa: PLC0415

        return places_of_macos(environ)
    return PanelFolders((), f"this system, for which there is no After Effects ({platform})")


def elevation(platform: str = sys.platform) -> str:
    """What to do where a folder can only be written by an administrator."""
    if platform == "win32":
        from stmpo.deadline.panel.places_windows import ELEVATION  # noqa: PLC0415

        return ELEVATION
    from stmpo.deadline.panel.places_macos import ELEVATION as WITH_SUDO  # noqa: PLC0415

    return WITH_SUDO
