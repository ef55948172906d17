"""Font folders of Linux: those of fontconfig's configuration, else of the freedesktop specification.

After Effects does not run on Linux, but projects are sent from there and other renderers run there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.places import fontconfig
from stmpo.fonts.places.folder import FontFolder, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping


def folders(environ: Mapping[str, str]) -> list[FontFolder]:
    """Return the font folders, the user's before the system's."""
    found = fontconfig.folders(environ) or _freedesktop(environ)
    everything = [FontFolder(path, _origin(path, environ)) for path in found]
    return sorted(everything, key=lambda folder: folder.origin is not Origin.USER)


def _freedesktop(environ: Mapping[str, str]) -> list[Path]:
    home = environ.get("HOME")
    data = environ.get("XDG_DATA_HOME") or (f"{home}/.local/share" if home else None)
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    places = [Path(data, "fonts")] if data else []
    places += [Path(home, ".fonts")] if home else []
    return places + [Path(place, "fonts") for place in shared.split(":") if place]


def _origin(path: Path, environ: Mapping[str, str]) -> Origin:
    own = filter(None, (environ.get("HOME"), environ.get("XDG_DATA_HOME")))
    return Origin.USER if any(path.is_relative_to(place) for place in own) else Origin.SYSTEM
