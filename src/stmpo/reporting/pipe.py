"""A pipe whose reader may stop reading: a pager, a suspended terminal program, an agent that hangs.

Writing into a full pipe waits for its reader, and a process that waits there renders nothing and obeys no
cancel. So the pipe is asked first whether it takes data. After `READER_TIMEOUT` the text is kept in memory
until it does. At most `MAX_KEPT_BYTES` are kept; further lines are dropped and counted, and the count is
written when the reader comes back.

Windows cannot tell whether a pipe takes data; there a write waits for the reader.
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

READER_TIMEOUT = 1.0
"""Seconds to wait for a reader, once."""

LAST_READER_TIMEOUT = 10.0
"""Seconds to wait for a reader at the end of the run, while it takes nothing."""

MAX_KEPT_BYTES = 4 << 20
"""Limit of bytes kept for a reader."""


class Pipe:
    """Buffer in front of one pipe. Its methods raise OSError if the reader has closed its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = bytearray()
        self._timed_out = False
        """True after a timeout, until the reader takes data again."""

        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Take a whole line. It is written when the buffer is large enough, or by `flush`."""
        if len(self._kept) + len(data) > MAX_KEPT_BYTES:
            self._dropped += 1
            return
        if self._dropped:
            self._kept += b"(%d lines were dropped here: the reader did not read)\n" % self._dropped
            self._dropped = 0
        self._kept += data
        if len(self._kept) >= select.PIPE_BUF:
            self.flush()

    def flush(self) -> None:
        """Write as much as the pipe takes."""
        self._write(0.0 if self._timed_out else READER_TIMEOUT)

    def close(self) -> None:
        """Write the rest, for as long as the reader takes data."""
        self._write(LAST_READER_TIMEOUT)
        self._kept.clear()

    def _write(self, timeout: float) -> None:
        while self._kept:
            if not self._takes_data(timeout):
                self._timed_out = True
                return
            # A pipe that reports POLLOUT takes this many bytes without blocking.
            written = os.write(self._descriptor, self._kept[: select.PIPE_BUF])
            del self._kept[:written]
            self._timed_out = False

    def _takes_data(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(timeout * 1000))


_pipes: WeakKeyDictionary[TextIO, Pipe] = WeakKeyDictionary()


def pipe_of(stream: TextIO) -> Pipe | None:
    """Return the pipe behind a stream, one object per stream; None if it is not a pipe."""
    if sys.platform == "win32" or not hasattr(select, "poll"):
        return None
    try:
        descriptor = stream.fileno()
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return None
        if stream not in _pipes:
            stream.flush()
            _pipes[stream] = Pipe(descriptor)
    # closed, or without a file descriptor
    except (OSError, ValueError, AttributeError, TypeError):
        return None
    return _pipes[stream]
