"""The one way to end trees: for a failure, a cancel, a time limit and the leftovers of a normal end.

ask all ──► one grace period for all of them ──► kill the rest ──► verify ──► return what survived
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stmpo.processes.protocol import ProcessTree, TreeProcess

KILL_TIMEOUT = 5.0
"""Seconds for killed trees to disappear. Only a process that is stuck in a system call needs longer."""


async def stop(trees: Sequence[ProcessTree], grace: float) -> list[TreeProcess]:
    """End these trees, all at once; return the processes that survived SIGKILL, normally none.

    `grace` is in seconds and shared: 24 trees have the same deadline as one. With 0 the trees are killed
    unasked. Use `stop([tree], 0)` after a launcher's normal end; it costs nothing if nothing was left behind.
    """
    remaining = list(trees)
    if grace > 0:
        for tree in trees:
            if not tree.request_stop():
                tree.kill()
        remaining = await _still_living(trees, grace)
    for tree in remaining:
        tree.kill()
    remaining = await _still_living(remaining, KILL_TIMEOUT)
    return [process for tree in remaining for process in tree.processes()]


async def _still_living(trees: Iterable[ProcessTree], seconds: float) -> list[ProcessTree]:
    """Wait until all are gone, but at most `seconds`; return the trees of which something lives."""
    waits = {asyncio.ensure_future(tree.wait_until_gone()): tree for tree in trees}
    if not waits:
        return []
    try:
        _, pending = await asyncio.wait(waits, timeout=seconds)
    finally:
        for wait in waits:
            wait.cancel()
    return [waits[wait] for wait in pending]
