"""File locks by `flock`: they end with the open file, also on NFS and SMB mounts of Linux."""

from __future__ import annotations

import errno
import fcntl
import sys

assert sys.platform != "win32", "Windows has locks/windows.py"

_UNSUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
"""Errors of file systems that have no locks."""


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; return False if another process holds the lock.

    Returns True on a file system without locks: that must not stop a render.

    Raises:
        OSError: anything else went wrong.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (
        BlockingIOError,
        PermissionError,
    ):  # NFS may report the second for a lock that another process holds
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    return True
