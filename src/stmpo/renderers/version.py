"""The After Effects version of an aerender: read from its installation folder, else asked with `-version`."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION_TIMEOUT = 20.0
"""Seconds that `aerender -version` may take; it starts no After Effects."""

_YEAR = re.compile(r"After Effects (?:CC )?(20[0-9]{2})", re.IGNORECASE)
_VERSION_LINE = re.compile(r"aerender version\s+([0-9]{1,3})")
_FIRST_YEAR = 2000
"""Version 22 is After Effects 2022. Older versions (18 is 2021) have smaller numbers."""


def major_version(prefix: Sequence[str], environment: Mapping[str, str]) -> int | None:
    """Return the major version (22 for After Effects 2022), or None if it cannot be determined."""
    for part in prefix:
        year = _YEAR.search(part)
        if year is not None:
            return int(year[1]) - _FIRST_YEAR
    try:
        done = subprocess.run(
            [*prefix, "-version"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=VERSION_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    printed = _VERSION_LINE.search(done.stdout.decode("utf-8", "replace"))
    return int(printed[1]) if printed else None
