"""Keeps outputs apart when all of them are delivered to one folder.

`--output-dir` keeps the file names of the items and drops their folders. Items that would then write the same
files keep as many of their last folders as necessary: `render/Main/a_[#####].exr` and
`render/Sky/a_[#####].exr` become `Main/a_[#####].exr` and `Sky/a_[#####].exr`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stmpo.project.model import QueueItem


def kept_folders(items: Iterable[QueueItem]) -> dict[int, tuple[str, ...]]:
    """Return, by the items' index, the folders that stay between the output folder and the file name.

    Items whose paths are the same keep none: nothing can tell them apart.
    """
    paths = {item.index: _parts(item) for item in items if item.outputs and item.outputs[0].path}
    kept: dict[int, tuple[str, ...]] = dict.fromkeys(paths, ())
    by_name: dict[str, list[int]] = {}
    for index, parts in paths.items():
        by_name.setdefault(_comparable(parts[-1:]), []).append(index)
    for group in by_name.values():
        count = _folders_needed([paths[index] for index in group])
        for index in group:
            kept[index] = tuple(paths[index][-1 - count : -1])
    return kept


def _folders_needed(paths: Sequence[list[str]]) -> int:
    whole = {_comparable(parts) for parts in paths}
    for count in range(max(map(len, paths))):
        if len({_comparable(parts[-1 - count :]) for parts in paths}) == len(whole):
            return count if len(whole) > 1 else 0
    return 0


def _parts(item: QueueItem) -> list[str]:
    """Return the folders and the name of an item's file, without drive, share or leading slash."""
    path = item.outputs[0].path or ""
    return [part for part in re.split(r"[\\/]+", path) if part and not part.endswith(":")]


def _comparable(parts: Sequence[str]) -> str:
    return unicodedata.normalize("NFC", "/".join(parts)).lower()
