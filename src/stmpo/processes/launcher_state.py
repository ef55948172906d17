"""The part of a tree that every system shares: its description, and the end of its launcher."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from stmpo.processes.protocol import DRAIN_TIMEOUT, Pinning

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK_BYTES = 65536
"""Bytes read at once: the default capacity of a pipe."""


class LauncherState:
    """Base of the systems' trees. Create it in a running event loop."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.pinning = Pinning("", "")
        self.warnings: Sequence[str] = ()
        self.returncode: int | None = None
        self._loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[None] = self._loop.create_future()
        self._drained: asyncio.Future[None] = self._loop.create_future()
        """Done when output is no longer read: `DRAIN_TIMEOUT` after the launcher's end."""

    async def wait(self) -> int:
        """See `ProcessTree.wait`."""
        await asyncio.shield(self._exited)
        assert self.returncode is not None
        return self.returncode

    def _set_returncode(self, code: int) -> None:
        """Note the launcher's end. Only the first call counts."""
        if self.returncode is None:
            self.returncode = code
            set_done(self._exited)
            self._loop.call_later(DRAIN_TIMEOUT, set_done, self._drained)


def set_done(future: asyncio.Future[None]) -> None:
    """Wake those who wait for the future. A second call does nothing."""
    if not future.done():
        future.set_result(None)
