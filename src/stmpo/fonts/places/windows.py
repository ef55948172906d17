"""Font folders of Windows and of Adobe's programs on it. `registry` adds the files that the registry names.

Sources: Microsoft, "Font installation and deletion". The Creative Cloud folders are those that Deadline
Cloud's own submitter searches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import FontFolder, Origin, under

if TYPE_CHECKING:
    from collections.abc import Mapping


def folders(environ: Mapping[str, str]) -> list[FontFolder]:
    """Return the font folders, the user's before the system's."""
    roaming, local = environ.get("APPDATA"), environ.get("LOCALAPPDATA")
    shared = environ.get("COMMONPROGRAMFILES")
    return [
        *under(roaming, Origin.SYNCED, "Adobe/CoreSync/plugins/livetype"),
        *under(roaming, Origin.OWNED, "Adobe/User Owned Fonts"),
        *under(local, Origin.USER, "Microsoft/Windows/Fonts"),
        *under(environ.get("WINDIR"), Origin.SYSTEM, "Fonts"),
        *under(shared, Origin.SYSTEM, "Adobe/Fonts"),
    ]
