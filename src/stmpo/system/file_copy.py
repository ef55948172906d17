"""Copying the bytes of one open file into another, the fastest way that the system offers.

Linux copies inside the kernel (`copy_file_range`): without a detour through this process, and on file systems that can
share or copy blocks themselves (XFS, Btrfs, NFS 4.2, SMB 3) without moving them at all. Where that is missing or
refused, a large buffer does it. Both go on from the files' positions, so one can take over from the other.
"""

from __future__ import annotations

import errno
import os

CHUNK_BYTES = 64 << 20
"""Asked of the kernel at a time: a thread that copies a huge file still comes back now and then."""

BUFFER_BYTES = 1 << 20
LOOK_BYTES = 4 << 10
"""To see that a source has ended. Small, since it is made for each frame, in many threads."""

_REFUSALS = frozenset(
    getattr(errno, name)
    for name in ("EXDEV", "EINVAL", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EPERM", "EBADF", "ETXTBSY")
    if hasattr(errno, name)
)
"""How kernels and network file systems say that they will not copy between these two files."""


def copy_bytes(source: int, target: int) -> int:
    """Copy from one descriptor to the other until the source ends. Returns the bytes copied.

    Raises:
        OSError: reading or writing failed; what has been written so far is there.
    """
    copied = _copy_in_kernel(source, target)
    # Also when the kernel has copied all: old ones claim an early end on some file systems, and reading settles it.
    buffer = memoryview(bytearray(BUFFER_BYTES if not copied else LOOK_BYTES))
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
            length = copy(source, target, CHUNK_BYTES)
        except OSError as error:
            if error.errno in _REFUSALS:
                break
            raise
        if not length:
            break
        copied += length
    return copied
