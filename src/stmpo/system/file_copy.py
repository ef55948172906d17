"""Copying one open file into another, the fastest way that the system offers.

Linux copies inside the kernel (`copy_file_range`): without a detour through this process, and on file systems
that share or copy blocks themselves (XFS, Btrfs, NFS 4.2, SMB 3) without moving the data at all. If that is
missing or refused, a large buffer does it. Both use the files' positions, so one can go on after the other.
"""

from __future__ import annotations

import errno
import os

KERNEL_CHUNK_BYTES = 64 << 20
"""Bytes per call of `copy_file_range`, so that a thread with a huge file still returns now and then."""

BUFFER_BYTES = 1 << 20
END_CHECK_BYTES = 4 << 10
"""Size of the read that confirms the end of a source. Small: it is done for each frame, in many threads."""

_KERNEL_REFUSALS = frozenset(
    getattr(errno, name)
    for name in ("EXDEV", "EINVAL", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EPERM", "EBADF", "ETXTBSY")
    if hasattr(errno, name)
)
"""Errors by which kernels and network file systems refuse to copy between two files."""


def copy_bytes(source: int, target: int) -> int:
    """Copy from one descriptor to the other until the source ends, and return the number of bytes copied.

    Raises:
        OSError: reading or writing failed; what was written so far stays.
    """
    copied = _copy_in_kernel(source, target)
    # Read on even if the kernel has copied all: old kernels report an early end on some file systems.
    buffer = memoryview(bytearray(END_CHECK_BYTES if copied else BUFFER_BYTES))
    with os.fdopen(source, "rb", buffering=0, closefd=False) as reading:
        while length := reading.readinto(buffer):
            written = 0
            while written < length:
                written += os.write(target, buffer[written:length])
            copied += length
    return copied


def _copy_in_kernel(source: int, target: int) -> int:
    copy = getattr(os, "copy_file_range", None)
    copied = 0
    while copy is not None:
        try:
            length = copy(source, target, KERNEL_CHUNK_BYTES)
        except OSError as error:
            if error.errno in _KERNEL_REFUSALS:
                break
            raise
        if not length:
            break
        copied += length
    return copied
