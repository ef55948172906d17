"""A folder of fonts and the origin of its fonts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Origin(Enum):
    """Where a font comes from, judged by its folder."""

    USER = "user"
    """Installed for this user, or in a folder given by option."""

    SYSTEM = "system"
    """Installed for all users of this machine."""

    OWNED = "Adobe, user-owned"
    """The user's own fonts, synchronised between machines by Creative Cloud."""

    SYNCED = "Adobe Fonts"
    """Activated from Adobe Fonts for the signed-in user: the licence belongs to the subscription."""


@dataclass(frozen=True, slots=True)
class FontFolder:
    """A folder that is searched with its subfolders, or a single font file."""

    path: Path
    origin: Origin


def under(root: str | None, origin: Origin, *parts: str) -> list[FontFolder]:
    """Return these folders below `root`; none if there is no root."""
    return [FontFolder(Path(root, part), origin) for part in parts] if root else []
