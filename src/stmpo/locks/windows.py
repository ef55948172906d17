"""File locks by `LockFile`. Windows' locks are mandatory, so the locked byte lies far beyond any journal's end."""

from __future__ import annotations

import msvcrt
import os
import sys

assert sys.platform == "win32", "other systems have locks/posix.py"

_BEYOND = 0x7FFFFFFE  # what the C runtime can still seek to with 32 bits


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; False when another process has it."""
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, position, os.SEEK_SET)
    return True
