"""Is there room? Asked before a run starts and while it runs; what a disk says is a hint, the write itself decides."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING

from stmpo.model.errors import NoSpace

if TYPE_CHECKING:
    from pathlib import Path

MIN_FREE_BYTES = 32 << 20
"""Free space that a run needs on either disk to begin at all."""

RESERVE_BYTES = 1 << 20
"""Bytes that frames leave free at the destination: the journal has to say what became of them."""

POLL_INTERVAL = 5.0
"""Seconds between two questions to the destination's disk."""


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write where `folder` is, or will be (its nearest parent that exists).

    A file system that tells nothing (some network and user-space ones report a size of 0) counts as endless, and so does
    one that cannot be asked. Quotas are seen only where the file system reports them here.
    """
    try:
        usage = shutil.disk_usage(_nearest(folder))
    except OSError:
        return sys.maxsize
    return usage.free if usage.total else sys.maxsize


def check_space(
    scratch: Path, destination: Path, *, scratch_bytes: int = 0, destination_bytes: int = 0
) -> None:
    """Refuse to start on a disk with less than `MIN_FREE_BYTES`, or less than the run is estimated to need there.

    Raises:
        NoSpace: says which folder, how much is free and how much is wanted.
    """
    if _same_disk(scratch, destination):
        _check(destination, "scratch and the destination", scratch_bytes + destination_bytes)
        return
    _check(scratch, "scratch", scratch_bytes)
    _check(destination, "the destination", destination_bytes)


def ensure_room(folder: Path, size: int) -> None:
    """Refuse to copy a file of `size` bytes into a folder that has no room for it.

    Raises:
        NoSpace: says so.
    """
    free = free_bytes(folder)
    if free < size + RESERVE_BYTES:
        raise NoSpace(
            f"no space left in {folder} ({_megabytes(free)} MB free, {_megabytes(size + RESERVE_BYTES)} MB are needed); free"
            " some space, then run again: what is rendered is kept in scratch"
        )


class FreeSpacePoller:
    """What a folder's disk has free, asked again and again by a thread of its own: a share that hangs holds nobody up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._over = threading.Event()
        self.bytes: int | None = None
        """None before the first answer."""

    def start(self) -> None:
        """Begin to ask. Where the system grants no thread, nothing is known, and the write itself decides."""
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=self._ask, name="free-space", daemon=True).start()

    def stop(self) -> None:
        """Ask no more; nobody waits for an answer that is under way."""
        self._over.set()

    def _ask(self) -> None:
        while not self._over.is_set():
            self.bytes = free_bytes(self._folder)
            self._over.wait(POLL_INTERVAL)


def _check(folder: Path, what: str, wanted: int) -> None:
    wanted = max(wanted, MIN_FREE_BYTES)
    free = free_bytes(folder)
    if free < wanted:
        raise NoSpace(
            f"{what}: {_megabytes(free)} MB free at {folder}, and {_megabytes(wanted)} MB are needed; free some space, then run again"
        )


def _megabytes(count: int) -> str:
    return f"{count / (1 << 20):,.0f}"


def _nearest(folder: Path) -> Path:
    """The folder itself or its nearest parent that exists."""
    there = (place for place in (folder, *folder.parents) if os.path.exists(place))
    return next(there, folder)


def _same_disk(one: Path, other: Path) -> bool:
    try:
        return _nearest(one).stat().st_dev == _nearest(other).stat().st_dev
    except OSError:
        return False
