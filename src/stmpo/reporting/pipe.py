"""A pipe whose reader may stand still: a pager, a terminal's program that was suspended, an agent that hangs.

Writing into a full pipe waits for its reader, and whoever waits there renders nothing and hears no cancel. So a pipe is
asked first whether it takes something, and after `PATIENCE` what there is to say is kept here instead, until it does. Of
a reader that never comes back no more than `MOST` is kept; what is dropped beyond that is counted, and said.

Only where pipes can be asked: Windows has no such question, and a pipe is waited for there.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from typing import TextIO

PATIENCE = 1.0
"""Seconds to wait for a reader, once."""

LAST_PATIENCE = 10.0
"""Seconds at the end, when there is nothing else to do, as long as the reader takes nothing."""

MOST = 4 << 20
"""Bytes that are kept."""


class Pipe:
    """What is on its way into one pipe. Raises OSError where nobody has its other end any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = bytearray()
        self._waited = False
        """In vain, for a reader that has taken nothing since."""

        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Take a whole line; lines go on their way when there are enough, or by `flush`."""
        if len(self._kept) + len(data) > MOST:
            self._dropped += 1
            return
        if self._dropped:
            self._kept += b"(%d lines were dropped here: nobody read them)\n" % self._dropped
            self._dropped = 0
        self._kept += data
        if len(self._kept) >= select.PIPE_BUF:
            self.flush()

    def flush(self) -> None:
        """Hand over what the pipe takes."""
        self._hand_over(0.0 if self._waited else PATIENCE)

    def close(self) -> None:
        """Hand over what is left, for as long as the reader takes something."""
        self._hand_over(LAST_PATIENCE)
        self._kept.clear()

    def _hand_over(self, patience: float) -> None:
        while self._kept:
            if not self._takes_something(patience):
                self._waited = True
                return
            # So much goes in at once wherever a pipe says that it takes something.
            written = os.write(self._descriptor, self._kept[: select.PIPE_BUF])
            del self._kept[:written]
            self._waited = False

    def _takes_something(self, patience: float) -> bool:
        asked = select.poll()
        asked.register(self._descriptor, select.POLLOUT)
        return bool(asked.poll(patience * 1000))


_pipes: WeakKeyDictionary[TextIO, Pipe] = WeakKeyDictionary()


def pipe_of(stream: TextIO) -> Pipe | None:
    """The pipe behind a stream, the same for all who write to it; None for anything else."""
    if sys.platform == "win32" or not hasattr(select, "poll"):
        return None
    try:
        descriptor = stream.fileno()
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return None
        if stream not in _pipes:
            stream.flush()
            _pipes[stream] = Pipe(descriptor)
    # No file behind it, closed, or no stream of Python's own.
    except (OSError, ValueError, AttributeError, TypeError):
        return None
    return _pipes[stream]
