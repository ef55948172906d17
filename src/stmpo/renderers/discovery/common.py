"""What the systems' searches for After Effects share: what was found, where it was looked for, which one is newest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Installation:
    """What a search of the system's usual places gave."""

    aerenders: tuple[Path, ...]
    """aerender of each installed After Effects, newest first, Beta editions last."""

    looked: str
    """Where, for the message that none was found."""


_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_FIRST_CREATIVE_CLOUD = (2013,)
"""The edition called "After Effects CC", without a year."""


def newest_first(aerenders: Iterable[tuple[str, Path]]) -> tuple[Path, ...]:
    """Sort pairs of product folder name ("Adobe After Effects 2025") and aerender: newest first, Beta editions last.

    A Beta is chosen only where nothing else is installed: it may refuse, or change, what a release has saved.
    """
    ranked = sorted(aerenders, key=lambda item: (_rank(item[0]), str(item[1])), reverse=True)
    return tuple(path for _, path in ranked)


def _rank(product: str) -> tuple[bool, tuple[int, ...]]:
    release = "beta" not in product.casefold()
    number = _NUMBER.search(product)
    if number is not None:
        return release, tuple(map(int, number[0].split(".")))
    return release, _FIRST_CREATIVE_CLOUD
