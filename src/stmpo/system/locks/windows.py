"""File locks by `LockFileEx`. Windows' locks are mandatory, so the locked byte lies beyond any journal.

The C runtime's `_locking` is not used: it locks at the file's position, and hides which error it met.
"""

from __future__ import annotations

import ctypes
import msvcrt
import sys

assert sys.platform == "win32", "other systems have locks/posix.py"

_LOCKED_OFFSET = 0x7FFFFFFE
_EXCLUSIVE_WITHOUT_WAITING = 0x1 | 0x2  # LOCKFILE_FAIL_IMMEDIATELY, LOCKFILE_EXCLUSIVE_LOCK

_HELD = {33, 997}
"""ERROR_LOCK_VIOLATION, ERROR_IO_PENDING: another process holds the lock."""

_UNSUPPORTED = {1, 50, 120}
"""ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, ERROR_CALL_NOT_IMPLEMENTED: the file system has no locks."""


class _Overlapped(ctypes.Structure):
    """OVERLAPPED: the position of the locked byte."""

    _fields_ = (
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", ctypes.c_uint32),
        ("offset_high", ctypes.c_uint32),
        ("event", ctypes.c_void_p),
    )


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_lock_file = _kernel32.LockFileEx
_lock_file.argtypes = (ctypes.c_void_p, *[ctypes.c_uint32] * 4, ctypes.POINTER(_Overlapped))
_lock_file.restype = ctypes.c_int


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; return False if another process holds the lock.

    Returns True on a file system without locks: that must not stop a render.

    Raises:
        OSError: anything else went wrong.
    """
    position = _Overlapped(offset=_LOCKED_OFFSET)
    handle = msvcrt.get_osfhandle(descriptor)
    if _lock_file(handle, _EXCLUSIVE_WITHOUT_WAITING, 0, 1, 0, ctypes.byref(position)):
        return True
    code = ctypes.get_last_error()
    if code not in _HELD | _UNSUPPORTED:
        raise ctypes.WinError(code)
    return code in _UNSUPPORTED
