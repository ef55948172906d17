"""macOS, and any POSIX system: process groups and `ps`, because the kernel offers nothing better.

Without a subreaper, a descendant that loses its parent goes to process 1. It is still found while it stays in
the launcher's process group. One that has also left the group (by `setsid` or `setpgid`) is beyond reach.
"""

from __future__ import annotations

import errno
import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class PortableKernel:
    """`Kernel` (see `shim.py`) with nothing but POSIX."""

    name = "portable"

    def adopt_orphans(self, *, on: bool = True) -> None:
        """Do nothing: there are no subreapers."""

    def own_pid(self) -> int:
        """Return this process's id."""
        return os.getpid()

    def continue_with_parent(self) -> None:
        """Do nothing: a stopped shim stays until it is continued."""

    def die_with_parent(self, parent: int) -> None:
        """Do nothing: the launcher of a killed shim lives until the orchestrator kills it."""

    def tree_processes(self, launcher: int) -> list[int]:
        """Return every descendant of this process, and the launcher's process group."""
        table = process_table()
        found = {os.getpid()}
        grown = True
        while grown:
            more = {pid for pid, (parent, group) in table.items() if parent in found or group == launcher > 0}
            grown = not more <= found
            found |= more
        return sorted(found - {os.getpid()})

    def orphans(self, shims: set[int]) -> set[int]:  # noqa: ARG002
        """Return nothing: orphans went to process 1, and the orchestrator finds them by their tree's id."""
        return set()

    def has_stragglers(self, launcher: int) -> bool:
        """Return whether something still lives in the launcher's process group."""
        try:
            os.killpg(launcher, 0)
        except OSError:
            return False
        return True

    def set_cpus(self, cpus: Sequence[int]) -> list[int]:  # noqa: ARG002
        """Refuse: macOS has no CPU affinity."""
        raise OSError(errno.ENOSYS, "this system has none")

    def prefer_nodes(self, nodes: Sequence[int]) -> list[int]:
        """Return the nodes: these machines have only one."""
        return list(nodes)

    def io_bytes(self) -> int:
        """Return 0: unknown."""
        return 0


def process_table() -> dict[int, tuple[int, int]]:
    """Return parent and process group of every process, by `ps`, without `ps` itself."""
    with subprocess.Popen(["ps", "-axo", "pid=,ppid=,pgid="], stdout=subprocess.PIPE) as ps:  # noqa: S607 - the system's
        output, _ = ps.communicate()
    rows = [[int(word) for word in line.split()] for line in output.splitlines()]
    return {pid: (parent, group) for pid, parent, group in rows if pid != ps.pid}
