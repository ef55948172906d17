"""A note for later runs: the renderer versions whose processes do not share a folder's frames out.

It is a small JSON document in the user's cache folder: version ─► reason, as a clause for people. With it the
next run of that version does not try again (`stmpo.scheduling.auto`). The file is a hint. A damaged one
counts as empty, and if it cannot be written, the next run finds the fact out once more.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from stmpo.model.text import one_line
from stmpo.system.files import replace_file
from stmpo.system.paths import user_cache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORM = 1
"""Version of the format."""

MAX_BYTES = 64 << 10
"""A larger file is ignored."""

MAX_VERSIONS = 100
"""Versions that are kept, the latest ones."""

MAX_CHARACTERS = 200
"""Characters of a version or a reason."""


def sharing_file(environ: Mapping[str, str]) -> Path | None:
    """Return the path of this user's file; None if there is no cache folder."""
    folder = user_cache(environ)
    return None if folder is None else folder / "stmpo" / "sharing.json"


def read(path: Path | None) -> dict[str, str]:
    """Return the reason for each version that cannot share; none if there is no file, or no whole one."""
    if path is None:
        return {}
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return {}
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        found = json.loads(data) if len(data) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    versions = found.get("no_sharing") if isinstance(found, dict) and found.get("form") == FORM else None
    if not isinstance(versions, dict):
        return {}
    return {
        one_line(version, MAX_CHARACTERS): one_line(reason, MAX_CHARACTERS)
        for version, reason in versions.items()
        if isinstance(reason, str) and version and reason.strip()
    }


def note(path: Path | None, version: str, reason: str) -> None:
    """Add a version that cannot share. Nothing happens if the file cannot be written."""
    if path is None:
        return
    versions = read(path)
    versions.pop(version, None)
    versions[version] = one_line(reason, MAX_CHARACTERS)
    latest = dict(list(versions.items())[-MAX_VERSIONS:])
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"form": FORM, "no_sharing": latest}, indent=1).encode())
