"""Append lines to a file that may lie on a share: one that fails, hangs, or has the file removed.

    write ─► pending ─► appended whole and in order, by a thread ─► flushed to the disk once a second

A caller of `write` waits for its line, but not for ever. A share that does not answer within `WRITE_TIMEOUT`
may be gone until somebody restores it. From then on lines only queue up, and they are written once the share
answers again. So a run continues, and reacts to a cancel, whatever happens to its journal. A thread that
hangs is left to the end of the process.

A file that is removed while it is being written is put back with all its contents, unless another run has
begun a new one in its place meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.system.daemon_threads import start_daemon_thread
from stmpo.system.file_copy import copy_bytes
from stmpo.system.files import APPEND_FLAGS, sync
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from pathlib import Path

WRITE_TIMEOUT = 5.0
"""Seconds that a caller waits for its line."""

FLUSH_INTERVAL = 1.0
"""Seconds between two flushes to the disk."""


@dataclass(slots=True, eq=False)
class _WriteRequest:
    """Asks the thread to write all pending lines; if `last`, also to flush and close the file."""

    last: bool = False
    error: OSError | None = None
    _unfinished: threading.Lock = field(default_factory=threading.Lock)
    """Held until the request is finished. There is one per frame, and a lock costs far less than an event."""

    def __post_init__(self) -> None:
        self._unfinished.acquire()

    @property
    def is_finished(self) -> bool:
        return not self._unfinished.locked()

    def finish(self) -> None:
        self._unfinished.release()

    def wait(self) -> None:
        """Wait until it is finished, at most `WRITE_TIMEOUT`."""
        if self._unfinished.acquire(timeout=WRITE_TIMEOUT):
            self._unfinished.release()


class JournalWriter:
    """Appends to an open file, which it owns. `torn` says that the file does not end with a line's end."""

    def __init__(self, path: Path, descriptor: int, *, torn: bool) -> None:
        self._path = path
        self._descriptor = descriptor
        self._torn = torn
        self._pending: deque[bytes] = deque()
        self._requests: queue.SimpleQueue[_WriteRequest] = queue.SimpleQueue()
        self._latest: _WriteRequest | None = None
        self._thread: threading.Thread | None = None
        self._flushed_at = time.monotonic()

    @property
    def is_unused(self) -> bool:
        """Whether nothing was written yet."""
        return self._latest is None

    @property
    def waiting(self) -> int:
        """Number of lines that are not written yet. Each write tries them again."""
        return len(self._pending)

    @property
    def hangs(self) -> bool:
        """Whether the latest request is still unfinished after its timeout."""
        return self._latest is not None and not self._latest.is_finished

    def write(self, line: bytes) -> None:
        """Append a line, given with its line end.

        Raises: OSError: it could not be written. It stays pending and will be written before all later lines,
        unless `withdraw` is called.
        """
        self._pending.append(line)
        self._request(_WriteRequest())

    def withdraw(self) -> None:
        """Drop the line that could not be written just now."""
        if self._pending:
            self._pending.pop()

    def close(self) -> None:
        """Write the pending lines, flush and close, unless the file system hangs."""
        if self._latest is None:  # nothing was written
            os.close(self._descriptor)
            return
        self._latest.wait()
        with contextlib.suppress(OSError):  # there is no later moment to try again
            self._request(_WriteRequest(last=True))

    def _request(self, request: _WriteRequest) -> None:
        if self.hangs:
            return
        if self._thread is None:
            self._thread = start_daemon_thread(self._work, "journal")
        self._latest = request
        if self._thread is None:  # the system grants no thread
            self._carry_out(request)
        else:
            self._requests.put(request)
            request.wait()
        if request.error is not None:
            raise request.error

    def _work(self) -> None:
        last = False
        while not last:
            request = self._requests.get()
            self._carry_out(request)
            last = request.last

    def _carry_out(self, request: _WriteRequest) -> None:
        try:
            self._write_pending(flush=request.last)
        except OSError as error:
            request.error = error
        if request.last:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        request.finish()

    def _write_pending(self, *, flush: bool) -> None:
        """Write the pending lines in their order.

        Flush to the disk if asked, or once per `FLUSH_INTERVAL`.
        """
        while self._pending:
            self._append(b"\n" + self._pending[0] if self._torn else self._pending[0])
            self._pending.popleft()
        if flush or time.monotonic() - self._flushed_at > FLUSH_INTERVAL:
            self._put_back(with_folder=flush)
            sync(self._descriptor)
            self._flushed_at = time.monotonic()

    def _append(self, data: bytes) -> None:
        """Write all of the data or nothing. A disk that fills up takes a part before it refuses the rest."""
        size, torn = os.fstat(self._descriptor).st_size, self._torn
        self._torn = True
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            with contextlib.suppress(OSError):  # after half a line the following ones would not count
                os.ftruncate(self._descriptor, size)
                self._torn = torn
            raise
        self._torn = False

    def _put_back(self, *, with_folder: bool) -> None:
        """Write the file again if somebody has removed it. Its folder is only put back at the end of the run.

        An error is ignored here, since the lines themselves are safe in the open file; the next flush tries
        again.
        """
        if os.fstat(self._descriptor).st_nlink:
            return
        with contextlib.suppress(OSError):
            if with_folder:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            # Fails if another run has begun a new journal in its place.
            fresh = os.open(self._path, APPEND_FLAGS | os.O_EXCL, 0o644)
            try:
                if try_lock(fresh):
                    self._continue_in(fresh)
            finally:
                os.close(fresh)

    def _continue_in(self, fresh: int) -> None:
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            copy_bytes(self._descriptor, fresh)
        except OSError:
            self._path.unlink()
            raise
        os.dup2(fresh, self._descriptor, inheritable=False)
