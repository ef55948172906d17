"""Which After Effects an aerender belongs to: by the folder that it is installed in, else by asking it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE = 20.0
"""Seconds that `aerender -version` is given; it starts no After Effects."""

_YEAR = re.compile(r"After Effects (?:CC )?(20[0-9]{2})", re.IGNORECASE)
_SAID = re.compile(r"aerender version\s+([0-9]{1,3})")
_FIRST_YEAR = 2000
"""Version 22 is After Effects 2022; the versions before that (18 is 2021) are told by their smaller numbers."""


def major_version(prefix: Sequence[str], environment: Mapping[str, str]) -> int | None:
    """The major version (22 for After Effects 2022), or None where it is not to be found out."""
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
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = _SAID.search(done.stdout.decode("utf-8", "replace"))
    return int(said[1]) if said else None
