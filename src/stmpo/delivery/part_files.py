"""Names of files that are being copied: `.stmpo-<tag>-<name>.part`, in the destination folder.

The tag names the run. A run that is killed leaves part files behind. The next run of the same job holds the
job's journal, so it knows that the earlier run is over, and removes the part files with its tag. Part files
with other tags may belong to other jobs that are running now; they are never touched.
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
"""Length of a file name in UTF-8 that every usual file system takes. Those that count UTF-16 units take
more."""

_TAG = re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)
_PART = re.compile(r"\.stmpo-([A-Za-z0-9_]{1,32})-.+\.part", re.DOTALL)


def part_name(tag: str, name: str) -> str:
    """Return the temporary name for a file that will be called `name`.

    A long name is cut and gets a checksum, so that two long names stay different.

    Raises:
        ValueError: the tag is not 1 to 32 letters, digits or underscores.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"not a tag: {tag!r}")
    raw = os.fsencode(name)
    max_bytes = MAX_NAME_BYTES - len(f".stmpo-{tag}-.part")
    if len(raw) > max_bytes:
        checksum = f"~{zlib.crc32(raw):08x}"
        name = raw[: max_bytes - len(checksum)].decode("utf-8", "ignore") + checksum
    return f".stmpo-{tag}-{name}.part"


def sweep_parts(folder: Path, is_over: Callable[[str], bool]) -> list[Path]:
    """Remove the part files of runs that are over, and return the removed paths. `is_over` answers for a tag.

    Raises:
        OSError: the folder cannot be read.
    """
    removed = []
    with os.scandir(folder) as entries:
        stale = [
            Path(entry.path) for entry in entries if (tag := tag_of(entry.name)) is not None and is_over(tag)
        ]
    for path in stale:
        with contextlib.suppress(OSError):  # gone already, or open in a reader: the next run tries again
            path.unlink()
            removed.append(path)
    return removed


def tag_of(name: str) -> str | None:
    """Return the tag of the run that a part file belongs to, or None for any other file."""
    match = _PART.fullmatch(name)
    return match[1] if match else None
