"""The interface of a process tree; `posix` and `windows` implement it.

A renderer is never one process: aerender is a launcher, and After Effects runs behind it. So everything here
is about the whole tree: its output, its use of CPU and memory, its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from stmpo.machine.model import Cpu


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """A renderer to start. Never through a shell."""

    argv: Sequence[str]
    env: Mapping[str, str]
    """The whole environment of the child."""

    cwd: Path
    label: str
    """The slot's name in messages: "03"."""

    cpus: tuple[Cpu, ...] = ()
    """Logical CPUs for the whole tree; empty for no pinning."""


@dataclass(frozen=True, slots=True)
class Pinning:
    """The pinning that was requested and the one that the system reports, for the log."""

    asked: str
    """ "CPUs 0-7, memory of node 0"; empty if no pinning was requested."""

    obtained: str
    """The same, read back; empty if nothing was obtained or the system cannot report it."""

    refused: str | None = None
    """One sentence for one warning if less was obtained than requested; the render goes on."""


@dataclass(frozen=True, slots=True)
class TreeSample:
    """The current use of a tree. Times and counters are sums since its start, as far as they are known."""

    processes: int
    cpu_seconds: float
    memory_bytes: int
    io_bytes: int


@dataclass(frozen=True, slots=True)
class TreeProcess:
    """One process of a tree."""

    pid: int
    name: str


class ProcessTree(Protocol):
    """A running renderer and all that it started."""

    @property
    def label(self) -> str:
        """The request's label."""

    @property
    def pid(self) -> int:
        """Process id of the launcher."""

    @property
    def pinning(self) -> Pinning:
        """The result of the request's `cpus`."""

    @property
    def warnings(self) -> Sequence[str]:
        """Weaknesses of the containment: one sentence each, for the log."""

    @property
    def returncode(self) -> int | None:
        """The launcher's exit code once it has ended; on POSIX negative if a signal ended it."""

    async def read(self) -> bytes:
        """Return the next bytes of standard output and error together; empty at their end.

        The end comes at most `DRAIN_TIMEOUT` after the launcher's, even if a survivor holds the pipe open.
        """

    async def wait(self) -> int:
        """Wait for the launcher's end and return its exit code."""

    async def wait_until_gone(self) -> None:
        """Wait until nothing of the tree lives."""

    def request_stop(self) -> bool:
        """Ask the whole tree to end: SIGTERM; on Windows CTRL_BREAK to its process group.

        Returns False if it cannot be asked, so that waiting is no use. A tree that has ended is no error.
        """

    def suspend(self) -> None:
        """Stop the tree from running, until `resume`."""

    def resume(self) -> None:
        """Let a suspended tree go on."""

    def kill(self) -> None:
        """Kill whatever of the tree still lives. Does not wait for it: see `wait_until_gone`."""

    def processes(self) -> list[TreeProcess]:
        """Return the living processes of the tree, the launcher first."""

    def sample(self) -> TreeSample:
        """Return the current use of the tree. For many trees `sample_all` is cheaper."""

    def close(self) -> None:
        """Close pipes and handles. That kills whatever of the tree still lives."""


class ProcessSystem(Protocol):
    """One system's implementation of the functions of `stmpo.processes`."""

    def containment(self) -> AbstractContextManager[None]:
        """See `stmpo.processes.containment`."""

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """See `stmpo.processes.spawn`."""

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """See `stmpo.processes.sample_all`."""


DRAIN_TIMEOUT = 1.0
"""Seconds for which output is still read after the launcher's end. Its own output is in the pipe by then."""
