"""What a process tree is to the rest of the program; the systems' ways stand in `posix.py` and `windows.py`.

A renderer is never one process: aerender is a launcher, and After Effects runs behind it. So everything here speaks of
the whole tree: its output, its use of CPU and memory, its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
class TreeSample:
    """What a tree uses now. Times and counters are sums since its start, as far as the system tells."""

    processes: int
    cpu_seconds: float
    memory_bytes: int
    io_bytes: int


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a tree, as a person would recognise it."""

    pid: int
    name: str


class ProcessTree(Protocol):
    """A running renderer and all that it started."""

    @property
    def pid(self) -> int:
        """Process id of the launcher."""
        ...

    @property
    def returncode(self) -> int | None:
        """The launcher's exit code once it has ended: negative signal number on POSIX, as Python has it."""
        ...

    async def read(self) -> bytes:
        """The next bytes of standard output and error together; empty at their end."""
        ...

    async def wait(self) -> int:
        """Wait for the launcher's end and return its exit code."""
        ...

    def ask(self) -> None:
        """Ask the whole tree to end (SIGTERM; on Windows nothing: see `windows.py`). Never raises for one that has."""
        ...

    def suspend(self) -> None:
        """Stop the tree from running, until `resume`."""
        ...

    def resume(self) -> None:
        """Let a suspended tree go on."""
        ...

    def kill(self) -> None:
        """Kill whatever of the tree still lives, at once."""
        ...

    def members(self) -> list[Member]:
        """What of the tree is alive now, the launcher first."""
        ...

    def sample(self) -> TreeSample:
        """What the tree uses now."""
        ...

    def close(self) -> None:
        """Give back handles, pipes included. The tree must be gone."""
        ...
