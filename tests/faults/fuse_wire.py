"""The Linux kernel's side of a file system in user space (FUSE): mounting one, and its messages as Python
values.

Only what a folder of frames needs. The layouts are those of `linux/fuse.h`, protocol 7.31, which every later
kernel still speaks; what is not answered here is refused with ENOSYS, which the kernel takes for "not
offered".
"""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_WRITE = 128 << 10
BUFFER = LARGEST_WRITE + (64 << 10)

_IN = struct.Struct("<IIQQIIII")
_OUT = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<6Q10I")
_BIG_WRITES = 1 << 5


class Op(IntEnum):
    """The requests that are understood."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    FSYNCDIR = 30
    CREATE = 35
    INTERRUPT = 36
    BATCH_FORGET = 42
    RENAME2 = 45


UNANSWERED = {Op.FORGET, Op.BATCH_FORGET, Op.INTERRUPT}


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the kernel."""

    op: int
    unique: int
    node: int
    body: bytes

    def fields(self, layout: str) -> tuple[int, ...]:
        """The numbers that the body begins with."""
        found: tuple[int, ...] = struct.unpack_from(layout, self.body)
        return found

    def names(self, after: int) -> list[str]:
        """The names behind that many bytes of numbers."""
        return [os.fsdecode(part) for part in self.body[after:].split(b"\0") if part]


def mount(point: Path) -> int:
    """Mount a file system that this process serves; the descriptor to serve it by.

    Raises:
        OSError: there is no /dev/fuse, or this user may not mount.
    """
    descriptor = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={descriptor},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"stmpo-faulty", os.fsencode(point), b"fuse", 0, options.encode()):
        number = ctypes.get_errno()
        os.close(descriptor)
        raise OSError(number, os.strerror(number), str(point))
    return descriptor


def parse(data: bytes) -> Request:
    """A message as it was read."""
    _, op, unique, node, *_ = _IN.unpack_from(data)
    return Request(op, unique, node, data[_IN.size :])


def reply(descriptor: int, request: Request, body: bytes = b"", error: int = 0) -> None:
    """Answer a request. One that was given up meanwhile is passed over."""
    try:
        os.write(descriptor, _OUT.pack(_OUT.size + len(body), -error, request.unique) + body)
    except FileNotFoundError:
        return


def hello() -> bytes:
    """The answer to INIT."""
    return struct.pack("<4I2H2I2HI28x", 7, 31, 128 << 10, _BIG_WRITES, 16, 12, LARGEST_WRITE, 1, 0, 0, 0)


def attributes(node: int, status: os.stat_result) -> bytes:
    """What `stat` says."""
    nanoseconds = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    return _ATTRIBUTES.pack(
        *(node, status.st_size, status.st_blocks),
        *(value // 10**9 for value in nanoseconds),
        *(value % 10**9 for value in nanoseconds),
        *(status.st_mode, status.st_nlink, status.st_uid, status.st_gid, 0, 4096, 0),
    )


def entry(node: int, status: os.stat_result) -> bytes:
    """A name that was found, nothing of which may be remembered."""
    return struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + attributes(node, status)


def status(node: int, found: os.stat_result) -> bytes:
    """The answer to GETATTR."""
    return struct.pack("<QII", 0, 0, 0) + attributes(node, found)


def opened(handle: int) -> bytes:
    """The answer to OPEN."""
    return struct.pack("<QII", handle, 0, 0)


def listing(names: list[str], offset: int, size: int) -> bytes:
    """As many of a folder's names, from an offset on, as there is room for."""
    data = b""
    for number, name in enumerate(names[offset:], start=offset + 1):
        raw = os.fsencode(name)
        one = struct.pack("<QQII", 1, number, len(raw), 0) + raw
        one += bytes(-len(one) % 8)
        if len(data) + len(one) > size:
            break
        data += one
    return data


def space(total: int, free: int) -> bytes:
    """The answer to STATFS, in bytes."""
    return struct.pack(
        "<5Q4I24x", total // 4096, free // 4096, free // 4096, 1 << 20, 1 << 20, 4096, 255, 4096, 0
    )
