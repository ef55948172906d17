"""Renderers as process trees: start, contain, pin, measure, stop. Each system has its own files.

    with containment():
        tree = await spawn(SpawnRequest(argv, env, cwd, label="00", cpus=slot.cpus))
        while data := await tree.read():
            …
        code = await tree.wait()
        leftovers = await stop([tree], grace=0)
        tree.close()

`stop` is the only way to end a tree. If the orchestrator ends in any way, `kill -9` included, all trees end
within 2 s: on Linux and macOS a small process does that (`forkserver`), on Windows the kernel (a job object
that kills on close).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from stmpo.processes.protocol import (
    Pinning,
    ProcessSystem,
    ProcessTree,
    SpawnRequest,
    TreeProcess,
    TreeSample,
)
from stmpo.processes.stopping import stop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

__all__ = [
    "Pinning",
    "ProcessTree",
    "SpawnRequest",
    "TreeProcess",
    "TreeSample",
    "containment",
    "output_of",
    "sample_all",
    "spawn",
    "stop",
]

_loaded: ProcessSystem | None = None


def _system() -> ProcessSystem:
    """Return this system's implementation, loaded once. Nothing else asks which system this is."""
    global _loaded  # noqa: PLW0603 - one machine, one system
    if _loaded is None:
        if sys.platform == "win32":
            from stmpo.processes.windows import launch as platform  # noqa: PLC0415 - exists for one system only
        elif sys.platform == "darwin":
            from stmpo.processes.posix import macos as platform  # noqa: PLC0415
        else:
            from stmpo.processes.posix import linux as platform  # noqa: PLC0415
        _loaded = platform.system()
    return _loaded


def containment() -> AbstractContextManager[None]:
    """Make sure that no renderer outlives this program. Enter it once, before the first `spawn`.

    On Linux and macOS it starts the fork server without waiting for it: its 20 ms pass during the planning.
    On exit, the fork server ends whatever still runs.

    Raises:
        BadInput: this system's list of processes cannot be read (Linux without a `/proc` of its own).
    """
    return _system().containment()


async def spawn(request: SpawnRequest) -> ProcessTree:
    """Start a renderer with no standard input, and with standard output and error in one pipe.

    A refused pinning is not an error: see `ProcessTree.pinning`.

    Raises:
        OSError: the program cannot be started in this folder; `filename` and `strerror` say why.
    """
    return await _system().spawn(request)


async def output_of(request: SpawnRequest, *, timeout: float, limit: int) -> bytes:
    """Return what a program prints, at most about `limit` bytes. Then it is ended with all that it started.

    After `timeout` seconds it is ended too, and what it has printed is returned.

    Raises:
        OSError: the program cannot be started.
    """
    tree = await spawn(request)
    printed = bytearray()

    async def read() -> None:
        while len(printed) < limit and (data := await tree.read()):
            printed.extend(data)

    try:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(read(), timeout)
        return bytes(printed)
    finally:
        try:
            await stop([tree], 0)
        finally:
            tree.close()


def sample_all(trees: Sequence[ProcessTree]) -> list[TreeSample]:
    """Return the current use of each tree, by one look at the process table for all of them."""
    return _system().sample_all(trees)
