"""What the kernel offers for holding on to processes, called without anything between: prctl, children, memory policy."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import sys

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
MPOL_PREFERRED = 1
MPOL_PREFERRED_MANY = 5
SYS_SET_MEMPOLICY = {"x86_64": 238, "aarch64": 237, "riscv64": 237, "ppc64le": 261, "s390x": 269}
"""Number of `set_mempolicy` in the kernel's system call tables; glibc has no wrapper (libnuma has)."""

IS_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper(on: bool = True) -> None:
    """From now on descendants that lose their parent become children of this process (Linux 3.4; nothing elsewhere)."""
    if IS_LINUX:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent `parent` ends; end now if it already has (Linux only)."""
    if IS_LINUX:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def children() -> list[int]:
    """Process ids of this process's children. It must be single-threaded.

    The kernel's list may miss one while another ends, so a caller that wants them all asks until `waitpid` says that
    there are none.
    """
    if not IS_LINUX:
        return []
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123 - pathlib is a slow import
            return [int(word) for word in file.read().split()]
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        return _children_by_search()


def _children_by_search() -> list[int]:
    me = os.getpid()
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _parent(pid) == me]  # noqa: PTH208


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return -1


def kill_quietly(pids: Iterable[int], number: int) -> None:
    """Send a signal to each; one that has gone, or that belongs to somebody else (setuid), is passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):  # noqa: PERF203 - each stands for itself
            continue


def prefer_memory_of(nodes: Sequence[int]) -> None:
    """Take memory from these NUMA nodes while they have any, for this process and all that it starts.

    Preferred, not bound: a full node slows a render down, a bound one ends it. Several nodes need Linux 5.15.
    Raises OSError: the system has no such call, or refuses it (a container's seccomp filter).
    """
    number = SYS_SET_MEMPOLICY.get(platform.machine()) if IS_LINUX else None
    if number is None:
        raise OSError(errno.ENOSYS, "no set_mempolicy on this system")
    mode = MPOL_PREFERRED if len(nodes) == 1 else MPOL_PREFERRED_MANY
    width = 8 * ctypes.sizeof(ctypes.c_ulong)
    mask = (ctypes.c_ulong * (max(nodes) // width + 1))()
    for node in nodes:
        mask[node // width] |= 1 << (node % width)
    # The kernel reads one bit fewer than it is told.
    arguments = (ctypes.c_long(number), ctypes.c_int(mode), mask, ctypes.c_ulong(len(mask) * width + 1))
    if _libc.syscall(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
