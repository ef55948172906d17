"""A PID namespace for the fork server (Linux): when its first process ends, the kernel kills the others.

That holds whatever was killed or stopped before. Processes inside can neither kill nor stop the first one.
The namespace has a `/proc` of its own, so that its processes find each other by the numbers that they see.
Mounts and unmounts of the machine still reach it.

It needs the right to make namespaces (CAP_SYS_ADMIN), as root has. A user namespace would give that right to
everybody, but it also changes users, groups and keys of the renderers, so none is made.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

from .linux import libc

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_REC, MS_SLAVE = 0x4000, 0x80000


def fork_first_process() -> int:
    """Fork the first process of a new PID namespace. Returns its process id, and 0 in the new process.

    Raises:
        OSError: no namespace may be made, or no `/proc` mounted in it. Nothing has changed then.
    """
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        _call(libc.unshare(CLONE_NEWPID))  # for children only
    except OSError:
        os.close(home)
        raise
    ready, report = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        pid = -1
    if pid == 0:
        os.close(home)
        os.close(ready)
        _move_in(report)
        return 0
    os.close(report)
    is_ready = pid > 0 and os.read(ready, 1)
    os.close(ready)
    if is_ready:
        os.close(home)
        return pid
    with contextlib.suppress(OSError):
        os.waitpid(pid, 0)
    try:
        _call(libc.setns(home, CLONE_NEWPID))
    finally:
        os.close(home)
    raise PermissionError("no PID namespace can be made")


def _move_in(report: int) -> None:
    """Mount a `/proc` that only this process and its children see, and report that. Exit if it is refused."""
    try:
        _call(libc.unshare(CLONE_NEWNS))
        _mount(None, b"/", None, MS_REC | MS_SLAVE)
        _mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        if os.readlink("/proc/self") != str(os.getpid()):  # noqa: PTH115 - pathlib is slow to import
            os._exit(1)
        os.write(report, b"+")
        os.close(report)
    except OSError:
        os._exit(1)


def _mount(source: bytes | None, target: bytes, kind: bytes | None, flags: int) -> None:
    _call(libc.mount(source, target, kind, ctypes.c_ulong(flags), None))


def _call(result: int) -> None:
    """Raise OSError if a system call has failed."""
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
