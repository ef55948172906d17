"""macOS: process groups and the tree as psutil sees it. There is no CPU affinity, and no kernel that holds a tree.

After Effects may run outside the launcher's tree altogether there (it is addressed by Apple events), so what carries
the tree's mark in its environment counts as a member too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil

from stmpo.processes.forkserver.portable import PortableKernel
from stmpo.processes.posix.tree import MARK, PosixSystem, TreeHandle
from stmpo.processes.protocol import TreeProcess, TreeSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class PsutilTable:
    """`Table` by psutil. A tree is what descends from the keeper, and what stayed in the launcher's session."""

    keeper_knows_all = False

    def members(self, hold: TreeHandle) -> list[TreeProcess]:
        """See `Table`."""
        return [
            member
            for process in self._tree(hold, list(psutil.process_iter()))
            if (member := _member(process))
        ]

    def marked(self, hold: TreeHandle) -> list[TreeProcess]:
        """See `Table`."""
        found = [process for process in psutil.process_iter() if _marked(process, hold.mark)]
        return [member for process in found if (member := _member(process))]

    def sample(self, holds: Sequence[TreeHandle]) -> list[TreeSample]:
        """See `Table`. Times of processes that have ended are known only as far as their parents live."""
        everything = list(psutil.process_iter())
        return [_sum(self._tree(hold, everything)) for hold in holds]

    def _tree(self, hold: TreeHandle, everything: Iterable[psutil.Process]) -> list[psutil.Process]:
        table = [(process, _parent(process), _session(process.pid)) for process in everything]
        mine = {hold.shim}
        grown = True
        while grown:
            more = {p.pid for p, parent, session in table if parent in mine or session == hold.launcher > 0}
            grown = not more <= mine
            mine |= more
        return [process for process, _, _ in table if process.pid in mine and process.pid != hold.shim]


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


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except psutil.Error:
        return False


def _member(process: psutil.Process) -> TreeProcess | None:
    """The process as a person knows it; None for one that has ended."""
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else TreeProcess(process.pid, process.name())
    except psutil.Error:
        return None


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
    r"""This system\'s."""
    return PosixSystem(PortableKernel(), PsutilTable())
