"""The folders from which After Effects reads panels: its own, and one per user and version.

    <After Effects>/Scripts/ScriptUI Panels             for all users of the machine; needs an administrator
    <preferences>/<version>/Scripts/ScriptUI Panels     for one user; After Effects 2019 and later

The preferences have a folder per version that was ever started: 24.0, 24.1 and so on. An update replaces the
version within a yearly edition, so only the newest version of each edition is still in use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PANELS = Path("Scripts", "ScriptUI Panels")
OLDEST = 22
"""After Effects 2022, the oldest supported version."""

_VERSION = re.compile(r"(\d{2})\.(\d+)(?:\.\d+)*")
_YEAR = re.compile(r"20(\d\d)")


class PanelScope(Enum):
    """The users that a folder is for."""

    USER = "this user"
    """The current user; no permission is needed."""

    EVERYONE = "all users"
    """All users of this machine; an administrator has to install."""


@dataclass(frozen=True, slots=True)
class PanelFolder:
    """A folder from which After Effects reads panels."""

    product: str
    """`After Effects 2025`, `After Effects 2025 (25.1)`, `After Effects (Beta)`."""

    year: int | None
    """The year of the edition, such as 2025; None if it has none."""

    folder: Path
    scope: PanelScope
    current: bool = True
    """False for the preferences of a version that an update has replaced."""

    @property
    def name(self) -> str:
        """The product and scope, for messages."""
        return f"{self.product}, {self.scope.value}"


@dataclass(frozen=True, slots=True)
class PanelFolders:
    """All panel folders of a system, and where they were searched."""

    found: tuple[PanelFolder, ...]
    searched: str


def program_folder(home: Path, scripts: Path) -> PanelFolder:
    """Return the panel folder of the After Effects in `home`; `scripts` is the parent of its `Scripts`."""
    product = home.name.removeprefix("Adobe ")
    year = _YEAR.search(product)
    return PanelFolder(product, 2000 + int(year[1]) if year else None, scripts / PANELS, PanelScope.EVERYONE)


def user_folders(preferences: Path) -> list[PanelFolder]:
    """Return the folders below `preferences`, which holds `After Effects` and `After Effects (Beta)`."""
    found: list[PanelFolder] = []
    for product in sorted(preferences.glob("After Effects*")):
        versions = sorted(
            ((int(match[1]), int(match[2])), folder)
            for folder in _inside(product)
            if folder.is_dir() and (match := _VERSION.fullmatch(folder.name))
        )
        newest = {version[0]: folder for version, folder in versions}
        found += [
            PanelFolder(
                f"{product.name} {2000 + major} ({folder.name})",
                2000 + major,
                folder / PANELS,
                PanelScope.USER,
                current=newest[major] == folder,
            )
            for (major, _), folder in versions
            if major >= OLDEST
        ]
    return found


def _inside(folder: Path) -> list[Path]:
    """Return its entries; none if it is a file or this user may not read it."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def supported(places: Iterable[PanelFolder]) -> tuple[PanelFolder, ...]:
    """Return the folders of supported versions."""
    return tuple(place for place in places if place.year is None or place.year >= 2000 + OLDEST)
