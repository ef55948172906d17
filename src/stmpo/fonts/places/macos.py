"""Font folders of macOS and of Adobe's programs on it.

Sources: Apple, "Mac Basics: Font Book". The Creative Cloud folders are those that Deadline Cloud's own
submitter searches, and hidden ones that other programs found (`livetype/.r` and `.w`, `.User Owned Fonts`;
typst#5336).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import FontFolder, Origin, under

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADOBE = "Library/Application Support/Adobe"


def folders(environ: Mapping[str, str]) -> list[FontFolder]:
    """Return the font folders: the user's, the system's, then the fonts that macOS downloads on demand."""
    home = environ.get("HOME")
    return [
        *under(home, Origin.SYNCED, f"{_ADOBE}/CoreSync/plugins/livetype"),
        *under(home, Origin.OWNED, f"{_ADOBE}/.User Owned Fonts", f"{_ADOBE}/User Owned Fonts"),
        *under(home, Origin.USER, "Library/Fonts"),
        *under("/", Origin.SYSTEM, "Library/Fonts", "Network/Library/Fonts", "System/Library/Fonts"),
        *under("/", Origin.SYSTEM, f"{_ADOBE}/Fonts"),
        *under(
            "/System/Library/AssetsV2",
            Origin.SYSTEM,
            *(f"com_apple_MobileAsset_Font{n}" for n in range(3, 10)),
        ),
    ]
