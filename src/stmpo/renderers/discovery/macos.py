"""After Effects as its macOS installer places it: `/Applications/Adobe After Effects <year>/aerender`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.renderers.discovery.common import Installation, newest_first

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLICATIONS = Path("/Applications")


def installed(environ: Mapping[str, str], applications: Path = APPLICATIONS) -> Installation:
    """Find every aerender in the system's applications folder and in the user's own."""
    roots = [applications]
    if environ.get("HOME"):
        roots.append(Path(environ["HOME"]) / "Applications")
    found = [
        (path.parent.name, path) for root in roots for path in root.glob("Adobe After Effects*/aerender")
    ]
    return Installation(newest_first(found), " and ".join(map(str, roots)))
