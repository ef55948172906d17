"""Where macOS and Adobe's programs there keep fonts.

Sources: Apple, "Mac Basics: Font Book"; Adobe's Creative Cloud folders as Deadline Cloud's own submitter searches them, and
as other programs have found them (hidden ones: `livetype/.r` and `.w`, `.User Owned Fonts`; typst#5336).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.places.folder import Folder, Origin, under

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADOBE = "Library/Application Support/Adobe"


def folders(environ: Mapping[str, str]) -> list[Folder]:
    """The user's before the system's; what the system downloads when a document wants it comes last."""
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


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where programs of this user keep what can be made again."""
    home = environ.get("HOME")
    return Path(home, "Library", "Caches") if home else None
