"""File locks by `flock`: they belong to the open file and end with it, also over NFS and SMB mounts of Linux."""

from __future__ import annotations

import errno
import fcntl
import sys

assert sys.platform != "win32", "Windows has locks/windows.py"

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
"""What a file system that knows no locks may say."""


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; False when another process has it.

    A file system that knows no locks answers True: a lock that cannot be had must not stop a render.

    Raises:
        OSError: anything else went wrong.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # NFS may say the latter of a lock that another has
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True
