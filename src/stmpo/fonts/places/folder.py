"""A folder of fonts, and whose fonts they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Origin(Enum):
    """Whose a font is, as far as its folder says."""

    USER = "user"
    """Installed for this user, or in a folder that was named."""

    SYSTEM = "system"
    """Installed for everybody on this machine."""

    OWNED = "Adobe, user-owned"
    """The user's own fonts that the Creative Cloud keeps in step between machines."""

    SYNCED = "Adobe Fonts"
    """Activated from Adobe Fonts, for the signed-in user alone: the licence is a subscription's, not the file's."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is looked through with everything below it, or a single file."""

    path: Path
    origin: Origin


def under(root: str | None, origin: Origin, *parts: str) -> list[Folder]:
    """These folders below `root`; none where there is no root."""
    return [Folder(Path(root, part), origin) for part in parts] if root else []
