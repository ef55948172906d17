"""Shared by the searches for After Effects of each system: their result, and which edition is the newest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Installation:
    """The result of a search of the system's usual places."""

    aerenders: tuple[Path, ...]
    """The aerender of each installed After Effects, newest first, Beta editions last."""

    searched: str
    """The places searched, for the message that none was found."""


_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_FIRST_CREATIVE_CLOUD = (2013,)
"""The edition called "After Effects CC", without a year."""


def newest_first(aerenders: Iterable[tuple[str, Path]]) -> tuple[Path, ...]:
    """Sort pairs of product folder and aerender: newest first, Beta editions last.

    A Beta is chosen only if nothing else is installed: it may refuse, or change, what a release has saved.
    """
    ranked = sorted(aerenders, key=lambda item: (_rank(item[0]), str(item[1])), reverse=True)
    return tuple(path for _, path in ranked)


def _rank(product: str) -> tuple[bool, tuple[int, ...]]:
    number = _NUMBER.search(product)
    version = tuple(map(int, number[0].split("."))) if number else _FIRST_CREATIVE_CLOUD
    return "beta" not in product.casefold(), version
