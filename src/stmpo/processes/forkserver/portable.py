"""macOS, and any POSIX system: process groups and `ps`, where the kernel offers nothing better.

There is no subreaper: a descendant that loses its parent goes to process 1. It is still found while it stays in the
launcher's process group; one that also left that (`setsid` or `setpgid` *and* a dead parent) is beyond reach.
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
        """There is no such thing here."""

    def die_with_parent(self, parent: int) -> None:
        """There is no such thing here: the launcher of a killed keeper lives until the orchestrator kills it."""

    def living(self, launcher: int) -> list[int]:
        """Every descendant of this process, and whatever is in the launcher's process group."""
        table = process_table()
        mine = {os.getpid()}
        grown = True
        while grown:
            more = {pid for pid, (parent, group) in table.items() if parent in mine or group == launcher > 0}
            grown = not more <= mine
            mine |= more
        return sorted(mine - {os.getpid()})

    def orphans(self, shims: set[int]) -> set[int]:  # noqa: ARG002
        """They went to process 1: the orchestrator finds them by their mark."""
        return set()

    def left_behind(self, launcher: int) -> bool:
        """Whether something still lives in the launcher's process group."""
        try:
            os.killpg(launcher, 0)
        except OSError:
            return False
        return True

    def pin(self, cpus: Sequence[int]) -> list[int]:  # noqa: ARG002
        """Refused: macOS lets nobody choose CPUs."""
        raise OSError(errno.ENOSYS, "this system has none")

    def prefer_memory_of(self, nodes: Sequence[int]) -> list[int]:
        """Nothing to prefer: these machines have one node."""
        return list(nodes)

    def io_bytes(self) -> int:
        """Unknown."""
        return 0


def process_table() -> dict[int, tuple[int, int]]:
    """Parent and process group of every process, by `ps`; without `ps` itself."""
    with subprocess.Popen(["ps", "-axo", "pid=,ppid=,pgid="], stdout=subprocess.PIPE) as ps:  # noqa: S607 - the system's
        output, _ = ps.communicate()
    rows = [[int(word) for word in line.split()] for line in output.splitlines()]
    return {pid: (parent, group) for pid, parent, group in rows if pid != ps.pid}
