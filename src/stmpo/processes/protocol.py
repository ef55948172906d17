"""What a process tree is to the rest of the program; the systems' ways stand in `posix.py` and `windows.py`.

A renderer is never one process: aerender is a launcher, and After Effects runs behind it. So everything here speaks of
the whole tree: its output, its use of CPU and memory, its end.
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
    """Logical CPUs to run on, the tree's descendants included; empty for no pinning."""


@dataclass(frozen=True, slots=True)
class Pinning:
    """What was asked of the system and what it says it does, for the log."""

    asked: str
    """ "CPUs 0-7, memory of node 0"; empty when no pinning was asked for."""

    obtained: str
    """The same, read back after setting; empty when nothing was obtained or nothing can be read back."""

    refused: str | None = None
    """One sentence for one warning when less was obtained than asked; the render goes on."""


@dataclass(frozen=True, slots=True)
class TreeSample:
    """What a tree uses now. Times and counters are sums since its start, as far as the system tells."""

    processes: int
    cpu_seconds: float
    memory_bytes: int
    io_bytes: int


@dataclass(frozen=True, slots=True)
class TreeProcess:
    """One process of a tree, as a person would recognise it."""

    pid: int
    name: str


class ProcessTree(Protocol):
    """A running renderer and all that it started."""

    @property
    def label(self) -> str:
        """The request's label."""
        ...

    @property
    def pid(self) -> int:
        """Process id of the launcher."""
        ...

    @property
    def pinning(self) -> Pinning:
        """What became of the request's `cpus`."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What is not as strong as it should be, other than the pinning: one sentence each, for the log."""
        ...

    @property
    def returncode(self) -> int | None:
        """The launcher's exit code once it has ended: negative signal number on POSIX, as Python has it."""
        ...

    async def read(self) -> bytes:
        """The next bytes of standard output and error together; empty at their end.

        The end comes at the latest `DRAIN_SECONDS` after the launcher's, even if a survivor holds the pipe open.
        """
        ...

    async def wait(self) -> int:
        """Wait for the launcher's end and return its exit code."""
        ...

    async def gone(self) -> None:
        """Wait until nothing of the tree lives."""
        ...

    def ask(self) -> bool:
        """Ask the whole tree to end: SIGTERM; on Windows CTRL_BREAK to its process group.

        False when there is no way to ask, so that waiting for an answer is no use. Never raises for one that has ended.
        """
        ...

    def suspend(self) -> None:
        """Stop the tree from running, until `resume`."""
        ...

    def resume(self) -> None:
        """Let a suspended tree go on."""
        ...

    def kill(self) -> None:
        """Kill whatever of the tree still lives, at once. Returns before it is gone: see `gone`."""
        ...

    def members(self) -> list[TreeProcess]:
        """What of the tree is alive now, the launcher first."""
        ...

    def sample(self) -> TreeSample:
        """What the tree uses now. For many trees `sample_all` is cheaper."""
        ...

    def close(self) -> None:
        """Give back handles, pipes included. What still lives of the tree is killed by that."""
        ...


class ProcessSystem(Protocol):
    """What a platform's file provides; `stmpo.processes` hands on to the one of this system."""

    def containment(self) -> AbstractContextManager[None]:
        """See `stmpo.processes.containment`."""
        ...

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """See `stmpo.processes.spawn`."""
        ...

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """See `stmpo.processes.sample_all`."""
        ...


DRAIN_SECONDS = 1.0
"""How long output is still read after the launcher's end. What it wrote itself is in the pipe by then."""
