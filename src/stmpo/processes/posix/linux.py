"""Linux: what `/proc` tells of the trees below their keepers.

Trees are walked down from the keeper by the kernel's own lists of children, so a look costs what the trees hold, not
what the machine runs (a worker with 256 CPUs has 3,000 kernel threads). A keeper is its tree's subreaper, so the walk
misses nothing that lives at the time, and the times of all that it has reaped are counted in its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.processes.forkserver.linux import LinuxKernel
from stmpo.processes.posix.tree import MARK, PosixSystem, TreeHandle
from stmpo.processes.protocol import TreeProcess, TreeSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of `/proc/PID/stat` (proc(5)) that are used here; times in clock ticks."""

    pid: int
    name: str
    state: str
    own_time: int
    """User and system time of the process itself."""

    reaped_time: int
    """The same of the children that it has waited for, and of theirs."""

    threads: int

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie only waits to be reaped."""
        return self.state not in "ZX"


class ProcTable:
    """`Table` over `/proc`, or over a folder that looks like it."""

    keeper_knows_all = True

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._root = str(root)

    def members(self, hold: TreeHandle) -> list[TreeProcess]:
        """See `Table`."""
        return [TreeProcess(stat.pid, stat.name) for stat in self._living(hold.shim)]

    def marked(self, hold: TreeHandle) -> list[TreeProcess]:
        """See `Table`."""
        mark = f"{MARK}={hold.mark}".encode()
        pids = [int(name) for name in os.listdir(self._root) if name.isdigit()]  # noqa: PTH208
        found = [self._stat(pid) for pid in pids if mark in self._read(f"{pid}/environ").split(b"\0")]
        return [TreeProcess(stat.pid, stat.name) for stat in found if stat and stat.alive]

    def sample(self, holds: Sequence[TreeHandle]) -> list[TreeSample]:
        """See `Table`."""
        return [self._sample(hold.shim) for hold in holds]

    def _sample(self, shim: int) -> TreeSample:
        keeper_stat = self._stat(shim)
        living = list(self._living(shim))
        ticks = (keeper_stat.reaped_time if keeper_stat else 0) + sum(
            stat.own_time + stat.reaped_time for stat in living
        )
        io = self._io(shim) + sum(self._io(stat.pid) for stat in living)
        return TreeSample(len(living), ticks / TICKS, self._memory([stat.pid for stat in living]), io)

    def _living(self, shim: int) -> Iterator[Stat]:
        """What runs below the keeper, parents before children; zombies only wait to be reaped."""
        pending = self._children(shim, 1)
        for pid in pending:
            stat = self._stat(pid)
            if stat is not None and stat.alive:
                yield stat
                pending += self._children(pid, stat.threads)

    def _children(self, pid: int, threads: int) -> list[int]:
        """Children of all threads of the process: each thread has its own list."""
        if threads == 1:
            return [int(word) for word in self._read(f"{pid}/task/{pid}/children").split()]
        found: list[int] = []
        try:
            for thread in os.listdir(f"{self._root}/{pid}/task"):  # noqa: PTH208 - the hot path of sampling
                found += map(int, self._read(f"{pid}/task/{thread}/children").split())
        except OSError:
            return found
        return found

    def _stat(self, pid: int) -> Stat | None:
        data = self._read(f"{pid}/stat")
        if not data:
            return None
        head, _, tail = data.rpartition(b")")
        fields = tail.split()
        times = [int(field) for field in fields[11:15]]
        name = head.partition(b"(")[2].decode(errors="replace")
        return Stat(pid, name, fields[0].decode(), times[0] + times[1], times[2] + times[3], int(fields[17]))

    def _memory(self, pids: Sequence[int]) -> int:
        """What the tree holds: each one's own pages, and the shared ones once (the largest share stands for all)."""
        own = 0
        shared = 0
        for pid in pids:
            fields = self._read(f"{pid}/statm").split()
            if len(fields) > 2:
                own += int(fields[1]) - int(fields[2])
                shared = max(shared, int(fields[2]))
        return (own + shared) * PAGE

    def _io(self, pid: int) -> int:
        """Bytes that passed through read and write calls, those of reaped children included."""
        fields = self._read(f"{pid}/io").split()
        return int(fields[1]) + int(fields[3]) if len(fields) > 3 else 0

    def _read(self, name: str) -> bytes:
        """A file's content; nothing for a process that has ended meanwhile or belongs to somebody else."""
        try:
            with open(f"{self._root}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - the hot path of sampling
                return file.read()
        except OSError:
            return b""


def system() -> PosixSystem:
    r"""This system\'s."""
    return PosixSystem(LinuxKernel(), ProcTable())
