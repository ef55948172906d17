"""Renderers as process trees: start, contain, pin, watch, stop. What each system does stands in its own file.

    with containment():
        tree = await spawn(SpawnRequest(argv, env, cwd, label="00", cpus=slot.cpus))
        while data := await tree.read():
            …
        code = await tree.wait()
        leftovers = await stop([tree], grace=0)
        tree.close()

`stop` is the only way in which anything ends a tree. Whatever ends the orchestrator, `kill -9` included, ends all trees
within 2 s: on Linux and macOS a small process sees to it (`fork_server`), on Windows the kernel does (a job object's
kill-on-close).
"""

from __future__ import annotations

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
    "sample_all",
    "spawn",
    "stop",
]

_system_here: ProcessSystem | None = None


def _system() -> ProcessSystem:
    """This system's way, loaded once: the only place that asks which system this is."""
    global _system_here  # noqa: PLW0603 - one machine, one system
    if _system_here is None:
        if sys.platform == "win32":
            from stmpo.processes.windows import launch as platform  # noqa: PLC0415 - exists for one system only
        elif sys.platform == "darwin":
            from stmpo.processes.posix import macos as platform  # noqa: PLC0415
        else:
            from stmpo.processes.posix import linux as platform  # noqa: PLC0415
        _system_here = platform.system()
    return _system_here


def containment() -> AbstractContextManager[None]:
    """Make sure that no renderer outlives this program; to be entered once, before the first `spawn`.

    On Linux and macOS it starts the warden, without waiting for it (its 20 ms pass beside the planning); on leaving,
    the warden is let go and takes along whatever still runs.
    """
    return _system().containment()


async def spawn(request: SpawnRequest) -> ProcessTree:
    """Start a renderer: no standard input, standard output and error in one pipe, CPUs and memory as asked.

    A refused pinning is no error: see `ProcessTree.pinning`. Raises OSError: there is no such program or folder, or it
    may not be executed; `filename` and `strerror` say which and why.
    """
    return await _system().spawn(request)


def sample_all(trees: Sequence[ProcessTree]) -> list[TreeSample]:
    """What each of these trees uses now, by one look at the process table for all of them."""
    return _system().sample_all(trees)
