"""Trees for tests: shells that start shells, so that three levels cost next to nothing."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from stmpo.processes.protocol import ProcessTree, SpawnRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from stmpo.machine.model import Cpu

T = TypeVar("T")

TEST_TIMEOUT = 20.0
"""Seconds for something that must happen. Generous, for a loaded machine."""


class Bench:
    """Starts trees with a mark in their environment, and finds all processes with that mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex

    def request(self, argv: Sequence[str], cpus: Sequence[Cpu] = (), **env: str) -> SpawnRequest:
        """A request whose whole tree is marked."""
        return SpawnRequest(
            argv, {**os.environ, "TEST_MARK": self.mark, **env}, self.folder, "00", tuple(cpus)
        )

    def shell(self, script: str, cpus: Sequence[Cpu] = ()) -> SpawnRequest:
        """A request for a shell script."""
        return self.request(["/bin/sh", "-c", script], cpus)

    def python(self, script: str, cpus: Sequence[Cpu] = ()) -> SpawnRequest:
        """A request for a Python script."""
        return self.request([sys.executable, "-c", script], cpus)

    def alive(self) -> dict[int, str]:
        """Process id and command of everything marked that runs."""
        return survivors(self.mark)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that must come true."""
        async with asyncio.timeout(TEST_TIMEOUT) if sys.version_info >= (3, 11) else _no_limit():
            while not condition():  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0.01)

    async def output(self, tree: ProcessTree) -> bytes:
        """Everything that it writes."""
        parts = []
        while data := await asyncio.wait_for(tree.read(), TEST_TIMEOUT):
            parts.append(data)
        return b"".join(parts)


class _no_limit:  # noqa: N801 - stands for asyncio.timeout before Python 3.11
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


def survivors(mark: str) -> dict[int, str]:
    """Everything that runs with this mark in its environment (Linux)."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if b") Z" not in (folder / "stat").read_bytes():
                    found[int(folder.name)] = command
        except OSError:  # noqa: PERF203 - it ended meanwhile
            continue
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench; whatever a failed test leaves is killed."""
    made = Bench(tmp_path)
    yield made
    if sys.platform == "linux":
        for pid in made.alive():
            os.kill(pid, 9)


@pytest.fixture
def run() -> Callable[[Awaitable[T]], T]:
    """Run a coroutine, as `asyncio.run` does."""

    def runner(awaitable: Awaitable[T]) -> T:
        async def main() -> T:
            return await awaitable

        return asyncio.run(main())

    return runner
