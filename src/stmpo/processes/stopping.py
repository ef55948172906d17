"""The one way in which trees end: a failure, a cancel, a time limit and a normal end's leftovers all come here.

ask all ──► one shared grace for all of them ──► kill what is left ──► verify ──► name what would not die
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stmpo.processes.protocol import ProcessTree, TreeProcess

VERIFY_SECONDS = 5.0
"""How long killed trees may take to disappear. Only a process that hangs inside the kernel needs longer."""


async def stop(trees: Sequence[ProcessTree], grace: float) -> list[TreeProcess]:
    """End these trees, all at once; return what would not die, normally nothing.

    `grace` is in seconds, shared: 24 trees have the same deadline as one. With 0 nobody is asked, only killed: the
    sweep after a launcher's normal end, `stop([tree], 0)`, which costs nothing when nothing was left behind.
    """
    remaining = list(trees)
    if grace > 0:
        asked = [tree for tree in trees if tree.ask()]
        for tree in trees:
            if tree not in asked:
                tree.kill()
        remaining = await _still_there(trees, grace)
    for tree in remaining:
        tree.kill()
    remaining = await _still_there(remaining, VERIFY_SECONDS)
    return [member for tree in remaining for member in tree.members()]


async def _still_there(trees: Iterable[ProcessTree], seconds: float) -> list[ProcessTree]:
    """Wait until all are gone, but no longer than `seconds`; the trees of which something lives."""
    waits = {asyncio.ensure_future(tree.gone()): tree for tree in trees}
    if not waits:
        return []
    try:
        _, pending = await asyncio.wait(waits, timeout=seconds)
    finally:
        for wait in waits:
            wait.cancel()
    return [waits[wait] for wait in pending]
