"""Linux: what `/proc` reports of the trees below their shims.

Trees are walked down from the shim by the kernel's own lists of children. So a walk costs as much as the
trees hold, not as much as the machine runs (a worker with 256 CPUs has 3,000 kernel threads). A shim is its
tree's subreaper, so the walk misses no process that lives at the time, and the shim's own times include all
that it has reaped.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.processes.forkserver.linux import LinuxKernel
from stmpo.processes.posix.fork_server_client import TREE_ID_VARIABLE
from stmpo.processes.posix.tree import PosixSystem, TreeHandle
from stmpo.processes.protocol import TreeProcess, TreeSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcStat:
    """The fields of `/proc/PID/stat` that are used here, see proc(5). Times are in clock ticks."""

    pid: int
    name: str
    state: str
    own_time: int
    """User and system time of the process itself."""

    reaped_time: int
    """The same of the children that it has reaped, and of theirs."""

    threads: int

    @property
    def alive(self) -> bool:
        """Return whether the process still runs. A zombie does not."""
        return self.state not in "ZX"


class ProcTable:
    """`ProcessTable` over `/proc`, or over a folder that looks like it."""

    shim_sees_whole_tree = True

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._root = str(root)

    def check(self) -> None:
        """See `ProcessTable`."""
        try:
            own = os.readlink(f"{self._root}/self")  # noqa: PTH115 - as text
        except OSError:
            own = ""
        if own == str(os.getpid()):
            return
        what = "belongs to another PID namespace" if own else "is not mounted"
        raise BadInput(
            f"{self._root} {what}, and without it renderers can be neither watched nor ended; mount it here "
            f"(mount -t proc proc {self._root}; unshare does that with --mount-proc)"
        )

    def processes(self, handle: TreeHandle) -> list[TreeProcess]:
        """See `ProcessTable`."""
        return [TreeProcess(stat.pid, stat.name) for stat in self._living(handle.shim)]

    def find_by_id(self, handle: TreeHandle) -> list[TreeProcess]:
        """See `ProcessTable`."""
        variable = f"{TREE_ID_VARIABLE}={handle.tree_id}".encode()
        pids = [int(name) for name in os.listdir(self._root) if name.isdigit()]  # noqa: PTH208
        found = [self._stat(pid) for pid in pids if variable in self._read(f"{pid}/environ").split(b"\0")]
        return [TreeProcess(stat.pid, stat.name) for stat in found if stat and stat.alive]

    def sample(self, handles: Sequence[TreeHandle]) -> list[TreeSample]:
        """See `ProcessTable`."""
        return [self._sample(handle.shim) for handle in handles]

    def _sample(self, shim: int) -> TreeSample:
        shim_stat = self._stat(shim)
        living = list(self._living(shim))
        ticks = (shim_stat.reaped_time if shim_stat else 0) + sum(
            stat.own_time + stat.reaped_time for stat in living
        )
        io = self._io(shim) + sum(self._io(stat.pid) for stat in living)
        return TreeSample(
            len(living), ticks / TICKS_PER_SECOND, self._memory([stat.pid for stat in living]), io
        )

    def _living(self, shim: int) -> Iterator[ProcStat]:
        """Yield what runs below the shim, parents before children, without zombies."""
        pending = self._children(shim, 1)
        for pid in pending:
            stat = self._stat(pid)
            if stat is not None and stat.alive:
                yield stat
                pending += self._children(pid, stat.threads)

    def _children(self, pid: int, threads: int) -> list[int]:
        """Return the children of all threads of the process. Each thread has its own list."""
        if threads == 1:
            return [int(word) for word in self._read(f"{pid}/task/{pid}/children").split()]
        found: list[int] = []
        try:
            for thread in os.listdir(f"{self._root}/{pid}/task"):  # noqa: PTH208 - the hot path of sampling
                found += map(int, self._read(f"{pid}/task/{thread}/children").split())
        except OSError:
            return found
        return found

    def _stat(self, pid: int) -> ProcStat | None:
        data = self._read(f"{pid}/stat")
        if not data:
            return None
        head, _, tail = data.rpartition(b")")
        fields = tail.split()
        times = [int(field) for field in fields[11:15]]
        name = head.partition(b"(")[2].decode(errors="replace")
        return ProcStat(
            pid, name, fields[0].decode(), times[0] + times[1], times[2] + times[3], int(fields[17])
        )

    def _memory(self, pids: Sequence[int]) -> int:
        """Return the tree's memory: all own pages, and the largest number of shared pages once."""
        own = 0
        shared = 0
        for pid in pids:
            fields = self._read(f"{pid}/statm").split()
            if len(fields) > 2:
                own += int(fields[1]) - int(fields[2])
                shared = max(shared, int(fields[2]))
        return (own + shared) * PAGE_BYTES

    def _io(self, pid: int) -> int:
        """Return the bytes of read and write calls, those of reaped children included."""
        fields = self._read(f"{pid}/io").split()
        return int(fields[1]) + int(fields[3]) if len(fields) > 3 else 0

    def _read(self, name: str) -> bytes:
        """Return a file's content; nothing for a process that has ended or belongs to another user."""
        try:
            with open(f"{self._root}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - the hot path of sampling
                return file.read()
        except OSError:
            return b""


def system() -> PosixSystem:
    """Return the implementation for Linux."""
    return PosixSystem(LinuxKernel(), ProcTable())
