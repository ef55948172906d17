"""File locks by `LockFileEx`. Windows' locks are mandatory, so the locked byte lies far beyond any journal's end.

Not by the C runtime's `_locking`: it goes by the file's position, and it does not say which error it met.
"""

from __future__ import annotations

import ctypes
import msvcrt
import sys

assert sys.platform == "win32", "other systems have locks/posix.py"

_BEYOND = 0x7FFFFFFE
_EXCLUSIVE_AT_ONCE = 0x1 | 0x2  # LOCKFILE_FAIL_IMMEDIATELY, LOCKFILE_EXCLUSIVE_LOCK

_HELD = {33, 997}
"""ERROR_LOCK_VIOLATION, ERROR_IO_PENDING: another process has it."""

_NO_LOCKS = {1, 50, 120}
"""ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, ERROR_CALL_NOT_IMPLEMENTED: a file system that knows no locks."""


class _Overlapped(ctypes.Structure):
    """OVERLAPPED: where the locked byte is."""

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
    """Lock an open file for this process alone; False when another process has it.

    A file system that knows no locks answers True: a lock that cannot be had must not stop a render.

    Raises:
        OSError: anything else went wrong.
    """
    where = _Overlapped(offset=_BEYOND)
    handle = msvcrt.get_osfhandle(descriptor)
    if _lock_file(handle, _EXCLUSIVE_AT_ONCE, 0, 1, 0, ctypes.byref(where)):
        return True
    return answer(ctypes.get_last_error())


def answer(code: int) -> bool:
    """What a refusal with this error code means. Raises OSError."""
    if code in _HELD:
        return False
    if code not in _NO_LOCKS:
        raise ctypes.WinError(code)
    return True
