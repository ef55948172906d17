"""Linux: the kernel's calls for containing and pinning processes, by ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
MPOL_PREFERRED = 1
MPOL_PREFERRED_MANY = 5
SYS_MEMPOLICY = {
    "x86_64": (238, 239),
    "aarch64": (237, 236),
    "riscv64": (237, 236),
    "ppc64le": (261, 260),
    "s390x": (269, 268),
}
"""Numbers of `set_mempolicy` and `get_mempolicy` in the kernel's tables; glibc does not wrap them."""

NODES_ONLINE = "/sys/devices/system/node/online"
MASK_WORDS = 16
"""Length of a node mask: 1024 nodes, the most that the kernel can be built for."""

PROC = "/proc"
libc = ctypes.CDLL(None, use_errno=True)


class LinuxKernel:
    """`Kernel` (see `shim.py`) with subreapers and parent-death signals: no process can leave a tree.

    With `namespace` a fork server uses a PID namespace if one may be made. `outer_proc` is then the open
    `/proc` folder of the orchestrator's. By it a process learns the process id that the orchestrator sees.
    """

    def __init__(self, *, namespace: bool = True) -> None:
        self.name = "linux" if namespace else "linux-shared"
        self.outer_proc: int | None = None

    def own_pid(self) -> int:
        """Return this process's id as the orchestrator sees it."""
        if self.outer_proc is None:
            return os.getpid()
        return int(os.readlink("self", dir_fd=self.outer_proc))

    def continue_with_parent(self) -> None:
        """Have the kernel continue this process, if it was stopped, when its parent ends."""
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGCONT), 0, 0, 0)

    def adopt_orphans(self, *, on: bool = True) -> None:
        """Have descendants that lose their parent become children of this process (Linux 3.4)."""
        libc.prctl(PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)

    def die_with_parent(self, parent: int) -> None:
        """Have the kernel kill this process when its parent ends; end now if it already has."""
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    def tree_processes(self, launcher: int) -> list[int]:
        """Return the children of this process, which must be single-threaded.

        Their descendants become children in turn. The kernel's list may miss a child while another ends, so a
        caller that wants them all repeats this until `waitpid` reports that there are none.
        """
        try:
            with open(f"{PROC}/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123 - pathlib is slow to import
                return [int(word) for word in file.read().split()]
        except OSError:  # a kernel without CONFIG_PROC_CHILDREN, or /proc was unmounted
            return children_by_search(os.getpid()) or [launcher] * bool(launcher)

    def orphans(self, shims: set[int]) -> set[int]:
        """Return the children of this process that are not shims."""
        return set(self.tree_processes(0)) - shims

    def has_stragglers(self, launcher: int) -> bool:  # noqa: ARG002
        """Return False: whatever lives of a tree becomes, sooner or later, a child of this process."""
        return False

    def set_cpus(self, cpus: Sequence[int]) -> list[int]:
        """Run this process and all that it starts on these CPUs; return those read back. Raises OSError."""
        os.sched_setaffinity(0, cpus)
        return sorted(os.sched_getaffinity(0))

    def prefer_nodes(self, nodes: Sequence[int]) -> list[int]:
        """Prefer memory of these NUMA nodes, for this process and all that it starts; return those read back.

        Memory is preferred, not bound: a full node then slows a render down instead of ending it. Several
        nodes need Linux 5.15. On a machine with one node nothing is set, because a container may refuse the
        call. Raises OSError: the system has no such call, or refuses it (the seccomp filter of a container).
        """
        if has_one_node():
            return list(nodes)
        mode = MPOL_PREFERRED if len(nodes) == 1 else MPOL_PREFERRED_MANY
        set_memory_policy(mode, nodes)
        return memory_policy()[1]

    def io_bytes(self) -> int:
        """Return the bytes that this process and the children it has reaped have read and written."""
        try:
            with open("/proc/self/io", "rb") as file:  # noqa: PTH123
                fields = file.read().split()
        except OSError:
            return 0
        return int(fields[1]) + int(fields[3])


def has_one_node() -> bool:
    """Return whether all memory is in one NUMA node."""
    try:
        with open(NODES_ONLINE, "rb") as file:  # noqa: PTH123
            return file.read().strip().isdigit()  # several are "0-3" or "0,2"
    except OSError:  # a kernel without NUMA
        return True


def set_memory_policy(mode: int, nodes: Sequence[int]) -> None:
    """Call `set_mempolicy(2)` for this process. Raises OSError."""
    mask = (ctypes.c_ulong * MASK_WORDS)()
    width = 8 * ctypes.sizeof(ctypes.c_ulong)
    for node in nodes:
        mask[node // width] |= 1 << (node % width)
    _memory_call(0, ctypes.c_int(mode), mask, ctypes.c_ulong(MASK_WORDS * width))


def memory_policy() -> tuple[int, list[int]]:
    """Call `get_mempolicy(2)` for this process; return mode and nodes. Raises OSError."""
    mode = ctypes.c_int()
    mask = (ctypes.c_ulong * MASK_WORDS)()
    width = 8 * ctypes.sizeof(ctypes.c_ulong)
    nothing = ctypes.c_ulong(0)
    _memory_call(1, ctypes.byref(mode), mask, ctypes.c_ulong(MASK_WORDS * width), nothing, nothing)
    return mode.value, [
        node for node in range(MASK_WORDS * width) if mask[node // width] >> (node % width) & 1
    ]


def _memory_call(which: int, *arguments: object) -> None:
    numbers = SYS_MEMPOLICY.get(platform.machine())
    if numbers is None:
        raise OSError(errno.ENOSYS, "no memory policy known for this processor")
    if libc.syscall(ctypes.c_long(numbers[which]), *arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def children_by_search(parent: int) -> list[int]:
    """Return the children of a process, by a search through all processes."""
    try:
        names = os.listdir(PROC)  # noqa: PTH208
    except OSError:
        return []
    return [pid for pid in map(int, filter(str.isdigit, names)) if _parent(pid) == parent]


def _parent(pid: int) -> int:
    try:
        with open(f"{PROC}/{pid}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return -1
