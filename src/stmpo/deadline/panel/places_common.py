"""What the systems' lists of places share: After Effects' own folder for panels, and one for each user and version.

    <After Effects>/Scripts/ScriptUI Panels             for everybody on the machine; needs an administrator
    <preferences>/<version>/Scripts/ScriptUI Panels     for one user, where After Effects 2019 and later look as well

The preferences have a folder for each version that was ever started, 24.0, 24.1 and so on. An update replaces a version
by the next within a year's edition, so only the newest of each edition is one that is still started.
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
"""After Effects 2022, the oldest that the panel is made for."""

_VERSION = re.compile(r"(\d{2})\.(\d+)(?:\.\d+)*")
_YEAR = re.compile(r"20(\d\d)")


class PanelScope(Enum):
    """Whom a place is for."""

    USER = "this user"
    """The user who runs this; nobody's permission is needed."""

    EVERYONE = "all users"
    """Whoever uses this machine; an administrator has to do it."""


@dataclass(frozen=True, slots=True)
class PanelFolder:
    """A folder that After Effects reads panels from."""

    product: str
    """`After Effects 2025`, `After Effects 2025 (25.1)`, `After Effects (Beta)`."""

    year: int | None
    """2025; None where the edition does not say."""

    folder: Path
    scope: PanelScope
    current: bool = True
    """False for preferences of a version that an update has replaced."""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.product}, {self.scope.value}"


@dataclass(frozen=True, slots=True)
class PanelFolders:
    """Every place of a system, and where they were looked for."""

    found: tuple[PanelFolder, ...]
    looked: str


def shared_place(home: Path, scripts: Path) -> PanelFolder:
    """The place of an After Effects that is installed in `home`; `scripts` is its folder that holds `Scripts`."""
    product = home.name.removeprefix("Adobe ")
    year = _YEAR.search(product)
    return PanelFolder(product, 2000 + int(year[1]) if year else None, scripts / PANELS, PanelScope.EVERYONE)


def user_places(preferences: Path) -> list[PanelFolder]:
    """The places below `preferences`, the folder that holds `After Effects` and `After Effects (Beta)`."""
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
    """What lies in it; nothing where it is a file or may not be read, which belongs to somebody else then."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def new_enough(places: Iterable[PanelFolder]) -> tuple[PanelFolder, ...]:
    """Those that the panel is made for."""
    return tuple(place for place in places if place.year is None or place.year >= 2000 + OLDEST)
