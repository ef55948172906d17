"""The After Effects version of an aerender: in its path, or else in what `-version` prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION_TIMEOUT = 20.0
"""Seconds that `aerender -version` may take; it starts no After Effects."""

VERSION_OUTPUT_LIMIT = 1 << 16
"""Bytes of its output that are read."""

_YEAR = re.compile(r"After Effects (?:CC )?(20[0-9]{2})", re.IGNORECASE)
_VERSION_LINE = re.compile(r"aerender version\s+([0-9]{1,3})")
_FIRST_YEAR = 2000
"""Version 22 is After Effects 2022. Older versions (18 is 2021) have smaller numbers."""


def version_in_path(prefix: Sequence[str]) -> int | None:
    """Return the major version (22 for After Effects 2022) that the renderer's path names, or None."""
    years = (_YEAR.search(part) for part in prefix)
    return next((int(year[1]) - _FIRST_YEAR for year in years if year is not None), None)


def version_in_output(output: bytes) -> int | None:
    """Return the major version that `aerender -version` has printed, or None."""
    printed = _VERSION_LINE.search(output.decode("utf-8", "replace"))
    return int(printed[1]) if printed else None
