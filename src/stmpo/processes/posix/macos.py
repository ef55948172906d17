"""macOS: process groups, and the tree as psutil reports it. There is no CPU affinity and no subreaper.

After Effects is started by Apple events there and may run outside the launcher's tree. So the end of a tree
includes every process with the tree's id in its environment.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import psutil

from stmpo.processes.forkserver.portable import PortableKernel
from stmpo.processes.posix.fork_server_client import TREE_ID_VARIABLE
from stmpo.processes.posix.tree import PosixSystem, TreeHandle
from stmpo.processes.protocol import TreeProcess, TreeSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class PsutilTable:
    """`ProcessTable` by psutil. A tree is the shim's descendants and the launcher's session."""

    shim_sees_whole_tree = False

    def check(self) -> None:
        """Accept: the system call that lists processes always works."""

    def processes(self, handle: TreeHandle) -> list[TreeProcess]:
        """See `ProcessTable`."""
        return _living(self._tree(handle, list(psutil.process_iter())))

    def find_by_id(self, handle: TreeHandle) -> list[TreeProcess]:
        """See `ProcessTable`."""
        return _living(process for process in psutil.process_iter() if _has_id(process, handle.tree_id))

    def sample(self, handles: Sequence[TreeHandle]) -> list[TreeSample]:
        """See `ProcessTable`. The times of ended processes are known only while their parents live."""
        everything = list(psutil.process_iter())
        return [_sum(self._tree(handle, everything)) for handle in handles]

    def _tree(self, handle: TreeHandle, everything: Iterable[psutil.Process]) -> list[psutil.Process]:
        table = [(process, _parent(process), _session(process.pid)) for process in everything]
        found = {handle.shim}
        grown = True
        while grown:
            more = {
                p.pid for p, parent, session in table if parent in found or session == handle.launcher > 0
            }
            grown = not more <= found
            found |= more
        return [process for process, _, _ in table if process.pid in found and process.pid != handle.shim]


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return -1


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _has_id(process: psutil.Process, tree_id: str) -> bool:
    try:
        return process.environ().get(TREE_ID_VARIABLE) == tree_id
    except psutil.Error:
        return False


def _living(processes: Iterable[psutil.Process]) -> list[TreeProcess]:
    """Return those that have not ended."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(TreeProcess(process.pid, process.name()))
    return found


def _sum(processes: Iterable[psutil.Process]) -> TreeSample:
    count, seconds, memory = 0, 0.0, 0
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory += process.memory_info().rss
        except psutil.Error:
            continue
        count += 1
        seconds += (
            times.user
            + times.system
            + getattr(times, "children_user", 0)
            + getattr(times, "children_system", 0)
        )
    return TreeSample(count, seconds, memory, 0)


def system() -> PosixSystem:
    """Return the implementation for macOS."""
    return PosixSystem(PortableKernel(), PsutilTable())
