"""Marks of delivered files, by which a file is known again.

    stamp    a digest of size, times and inode: compared first, since it costs no reading
    digest   of the contents, up to `MAX_DIGESTED` bytes; of size and modification time for larger files

A file with the same stamp is the same file. One with another stamp (copied back from a backup, on a file
system that keeps times differently) counts if its contents are the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import time
from dataclasses import dataclass

from stmpo.system.files import READ_FLAGS

MAX_DIGESTED = 64 << 20
"""Bytes of the largest file whose contents are digested. Reading a long movie again would take minutes."""

_BLOCK = 1 << 20
_RETRIES = (0.2, 1.0)
"""Seconds to wait before a file that cannot be looked at is looked at again."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """What identifies a file. Both values are 16 hexadecimal digits."""

    stamp: str
    digest: str


def stamp_of(status: os.stat_result) -> str:
    """Return the stamp of a file."""
    packed = struct.pack(
        "<qqqQ", status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & (1 << 64) - 1
    )
    return hashlib.blake2b(packed, digest_size=8).hexdigest()


def digest_of(path: str | os.PathLike[str]) -> str:
    """Return the digest of a file, which is read to its end unless it is large.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    descriptor = os.open(path, READ_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{os.fspath(path)} is not a file")
        if status.st_size > MAX_DIGESTED:
            packed = struct.pack("<qq", status.st_size, status.st_mtime_ns // 1000)
            return hashlib.blake2b(packed, digest_size=8, person=b"time").hexdigest()
        digest = hashlib.blake2b(digest_size=8)
        while block := os.read(descriptor, _BLOCK):
            digest.update(block)
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def mark_of(path: str | os.PathLike[str]) -> FileMark:
    """Return the mark of a file as it is now.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    stamp = stamp_of(os.lstat(path))
    return FileMark(stamp, digest_of(path))


def is_marked(path: str | os.PathLike[str], mark: FileMark) -> bool:
    """Return whether the file at a path is the marked one, or has the same contents.

    A file that cannot be looked at is tried again for a moment, and then is not.
    """
    for delay in (*_RETRIES, None):
        answer = _has_mark(path, mark)
        if answer is not None:
            return answer
        if delay is not None:
            time.sleep(delay)
    return False


def _has_mark(path: str | os.PathLike[str], mark: FileMark) -> bool | None:
    """Return None if the file system does not tell."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            return False
        return stamp_of(status) == mark.stamp or digest_of(path) == mark.digest
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None
