"""The program's rules for opening and replacing files, and for full disks.

A file that readers may open at any time is replaced as a whole (`replace_file`), never written into. The open
flags follow no symbolic link and wait for no pipe: somebody else may have put either in a file's place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SAFE = 0
for _name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NOINHERIT"):
    _SAFE |= getattr(os, _name, 0)  # each where the system has it

READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _SAFE
"""For `os.open`: read bytes, follow no link, and do not wait for the writer of a pipe."""

CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
"""For `os.open`: create a file for writing; `FileExistsError` if the name exists, even as a dangling link."""

APPEND_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | _SAFE
"""For `os.open`: read a file and append to it; create it if it is missing."""

_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))
_FULL_WINDOWS = frozenset((39, 112, 1295))
"""ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL, ERROR_DISK_QUOTA_EXCEEDED."""

_CANNOT_SYNC = frozenset(
    getattr(errno, name) for name in ("EINVAL", "ENOSYS", "EOPNOTSUPP", "ENOTSUP") if hasattr(errno, name)
)
"""Answers of file systems that have nothing to flush, or do not offer it (some network and user-space
ones)."""

_RETRY_EVERY = 0.05
"""Seconds between two tries to rename."""


def is_full(error: OSError) -> bool:
    """Return whether the system refused because a disk or a quota is full."""
    return error.errno in _FULL or getattr(error, "winerror", None) in _FULL_WINDOWS


def sync(descriptor: int) -> None:
    """Flush an open file to the disk, if its file system can do that.

    Raises:
        OSError: the file system can, and failed.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        # On Windows the same numbers also stand for a network that is gone.
        if error.errno not in _CANNOT_SYNC or hasattr(error, "winerror"):
            raise


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a file that a user names, but not more than `limit` bytes and one.

    A pipe with a writer is read to its end, however long that takes. One without is empty.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - by descriptor
        data = bytearray()
        while len(data) <= limit:
            part = file.read(min(limit + 1 - len(data), 1 << 20))
            if part is None:  # the writer of a pipe has not written yet
                os.set_blocking(descriptor, True)
                continue
            if not part:
                break
            data += part
        return bytes(data)


def replace_file(path: Path, data: bytes, *, timeout: float = 0.0) -> None:
    """Write a file in one step: readers see the old contents or the new, even after a crash of the machine.

    The data is written under a temporary name in the same folder, which must exist, flushed to the disk and
    renamed (see `rename_over` for `timeout`).

    Raises:
        OSError: it cannot be written; the old file stands, and nothing is left beside it.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with open(os.open(temporary, CREATE_FLAGS, 0o666), "wb") as file:  # noqa: PTH123 - by descriptor
            file.write(data)
            file.flush()
            sync(file.fileno())
        rename_over(temporary, path, timeout=timeout)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def temporary_files(path: Path) -> list[Path]:
    """Return what killed processes have left of `replace_file` for this path."""
    return [file for file in path.parent.glob(".*.part") if file.name.startswith(f".{path.name}.")]


def rename_over(source: Path, target: Path, *, timeout: float = 0.0) -> None:
    """Rename `source` to `target`, which is replaced if it exists.

    Windows refuses while another process has `target` open; it is tried again for `timeout` seconds.

    Raises:
        OSError: it cannot be renamed.
    """
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with contextlib.suppress(PermissionError):
            os.replace(source, target)  # noqa: PTH105 - replaces on Windows too
            return
        time.sleep(_RETRY_EVERY)
    os.replace(source, target)  # noqa: PTH105
