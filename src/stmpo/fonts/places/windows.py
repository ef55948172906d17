"""Where Windows and Adobe's programs there keep fonts. What the registry names is in `registry`.

Sources: Microsoft, "Font installation and deletion"; Adobe's Creative Cloud folders as Deadline Cloud's own submitter
searches them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import Folder, Origin, under

if TYPE_CHECKING:
    from collections.abc import Mapping


def folders(environ: Mapping[str, str]) -> list[Folder]:
    """The user's before the system's."""
    roaming, local = environ.get("APPDATA"), environ.get("LOCALAPPDATA")
    shared = environ.get("COMMONPROGRAMFILES")
    return [
        *under(roaming, Origin.SYNCED, "Adobe/CoreSync/plugins/livetype"),
        *under(roaming, Origin.OWNED, "Adobe/User Owned Fonts"),
        *under(local, Origin.USER, "Microsoft/Windows/Fonts"),
        *under(environ.get("WINDIR"), Origin.SYSTEM, "Fonts"),
        *under(shared, Origin.SYSTEM, "Adobe/Fonts"),
    ]


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where programs of this user keep what can be made again."""
    local = environ.get("LOCALAPPDATA")
    return Path(local) if local else None
