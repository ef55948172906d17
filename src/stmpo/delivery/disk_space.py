"""Measure free disk space, before a run starts and while it runs.

A disk's answer is a hint; only the write decides.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING

from stmpo.model.errors import NoSpace
from stmpo.system.daemon_threads import start_daemon_thread

if TYPE_CHECKING:
    from pathlib import Path

MIN_FREE_BYTES = 32 << 20
"""Free bytes without which a run does not start, on either disk."""

RESERVE_BYTES = 1 << 20
"""Bytes that deliveries leave free at the destination, for the journal."""

POLL_INTERVAL = 5.0
"""Seconds between two questions to the destination's disk."""


def free_bytes(folder: Path) -> int:
    """Return how many bytes this user may still write where `folder` is, or will be created.

    Return `sys.maxsize` if the file system cannot be asked or reports a size of 0, as some network and
    user-space file systems do. Return 0 if it can hold no more files (no inodes are left). Quotas count only
    if the file system reports them here.
    """
    try:
        place = _nearest(folder)
        usage = shutil.disk_usage(place)
        if not _can_hold_files(place):
            return 0
    except OSError:
        return sys.maxsize
    return usage.free if usage.total else sys.maxsize


def check_space(
    scratch: Path, destination: Path, *, scratch_bytes: int = 0, destination_bytes: int = 0
) -> None:
    """Check that both disks have `MIN_FREE_BYTES` and the bytes that the run is estimated to need there.

    Raises:
        NoSpace: names the folder, its free space and the space that is needed.
    """
    if _same_disk(scratch, destination):
        _check(destination, "scratch and the destination", scratch_bytes + destination_bytes)
        return
    _check(scratch, "scratch", scratch_bytes)
    _check(destination, "the destination", destination_bytes)


def ensure_room(folder: Path, size: int) -> None:
    """Check that a file of `size` bytes fits into `folder`.

    Raises:
        NoSpace: it does not.
    """
    free = free_bytes(folder)
    if free < size + RESERVE_BYTES:
        raise NoSpace(
            f"no space left in {folder} ({_megabytes(free)} MB free, {_megabytes(size + RESERVE_BYTES)} MB needed);"
            " free some space, then run again: rendered frames are kept in scratch"
        )


class FreeSpacePoller:
    """Polls a folder's free space in a thread of its own, so that a dead share blocks nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stopped = threading.Event()
        self.bytes: int | None = None
        """The latest answer; None before the first one."""

    def start(self) -> None:
        """Start the thread. If the system grants none, the free space stays unknown."""
        start_daemon_thread(self._poll, "free-space")

    def stop(self) -> None:
        """Stop asking, without waiting for an answer that is under way."""
        self._stopped.set()

    def _poll(self) -> None:
        while not self._stopped.is_set():
            self.bytes = free_bytes(self._folder)
            self._stopped.wait(POLL_INTERVAL)


def _check(folder: Path, what: str, wanted: int) -> None:
    wanted = max(wanted, MIN_FREE_BYTES)
    free = free_bytes(folder)
    if free < wanted:
        raise NoSpace(
            f"{what}: {_megabytes(free)} MB free at {folder}, and {_megabytes(wanted)} MB are needed;"
            " free some space, then run again"
        )


def _can_hold_files(folder: Path) -> bool:
    statvfs = getattr(os, "statvfs", None)
    if statvfs is None:  # Windows' file systems have no limit of their own
        return True
    status = statvfs(folder)
    return not status.f_files or status.f_favail > 0


def _megabytes(count: int) -> str:
    return f"{count / (1 << 20):,.0f}"


def _nearest(folder: Path) -> Path:
    """Return the folder itself or its nearest parent that exists."""
    return next((place for place in (folder, *folder.parents) if os.path.exists(place)), folder)


def _same_disk(one: Path, other: Path) -> bool:
    try:
        return _nearest(one).stat().st_dev == _nearest(other).stat().st_dev
    except OSError:
        return False
