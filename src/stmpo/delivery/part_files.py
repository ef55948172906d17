"""The names of files that are still being copied: `.stmpo-<tag>-<name>.part`, in the destination folder.

A part belongs to the run whose tag it carries. A run that is killed leaves parts behind; the next run of the same job,
which holds the job's journal and so knows that the earlier one is dead, sweeps those whose tags it finds there. Parts of
other tags belong to other jobs, which may be running now: they are never touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_NAME_BYTES = 255
"""Of a file name in UTF-8 on every usual file system; where units of UTF-16 count, it is the stricter measure."""

_TAG = re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)
_PART = re.compile(r"\.stmpo-([A-Za-z0-9_]{1,32})-.+\.part", re.DOTALL)


def part_name(tag: str, name: str) -> str:
    """The temporary name for a file that will be called `name`. Long names are cut; a checksum keeps them apart.

    Raises:
        ValueError: the tag is not 1 to 32 letters, digits or underscores.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"not a tag: {tag!r}")
    raw = os.fsencode(name)
    room = MAX_NAME_BYTES - len(f".stmpo-{tag}-.part")
    if len(raw) > room:
        mark = f"~{zlib.crc32(raw):08x}"
        name = raw[: room - len(mark)].decode("utf-8", "ignore") + mark
    return f".stmpo-{tag}-{name}.part"


def sweep_parts(folder: Path, dead: Callable[[str], bool]) -> list[Path]:
    """Remove the parts of runs that are over; `dead` says so of a tag. Returns what was removed.

    Raises:
        OSError: the folder cannot be read.
    """
    removed = []
    with os.scandir(folder) as entries:
        stale = [
            Path(entry.path) for entry in entries if (tag := tag_of(entry.name)) is not None and dead(tag)
        ]
    for path in stale:
        with contextlib.suppress(OSError):  # gone already, or held by a reader: the next run sees it again
            path.unlink()
            removed.append(path)
    return removed


def tag_of(name: str) -> str | None:
    """The tag of the run that a part belongs to; None for any other file."""
    match = _PART.fullmatch(name)
    return match[1] if match else None
