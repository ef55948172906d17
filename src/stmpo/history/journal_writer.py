"""Append lines to a file that may lie on a share: one that fails, hangs, or has the file removed.

    write ─► pending ─► appended whole and in order, by a thread ─► flushed to the disk once a second

A caller of `write` waits for its line, but not for ever. A share that does not answer within `WRITE_TIMEOUT`
may be gone until somebody restores it. From then on lines only queue up, and they are written once the share
answers again. So a run continues, and reacts to a cancel, whatever happens to its journal. A thread that
hangs is left to the end of the process.

Something else may change the file meanwhile: remove, move, cut or rewrite it, or append to it. Length and
identity are compared before each write. The writer keeps a copy of all contents and puts them back, unless
another run holds the lock of a new file in its place. `notice` then says so, once.
"""

from __future__ import annotations

import contextlib
import os
import queue
import stat
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from stmpo.system.daemon_threads import start_daemon_thread
from stmpo.system.files import APPEND_FLAGS, CREATE_FLAGS, sync
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITE_TIMEOUT = 5.0
"""Seconds that a caller waits for its line."""

MAX_IN_MEMORY = 4 << 20
"""Bytes of the copy that are kept in memory; more goes to a temporary file."""

MAX_COPIED = 64 << 20
"""Size of the largest journal that is copied; of a larger one, only what this run writes."""

_BLOCK = 1 << 20

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
        self._copy: IO[bytes] | None = None
        """All contents, from the first write on; None if its disk has no room for it."""

        self._is_followed = False
        """Whether the file's length and identity are known."""

        self.copy_path: Path | None = None
        """Where the copy is kept; None for a temporary file."""

        self._copy_is_complete = True
        """Whether the copy holds what earlier runs wrote, too."""

        self._size = 0
        """Bytes that the file should have."""

        self.notice = ""
        """What something else did to the file, in words; empty if nothing was noticed."""

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
            self._close_copy()
        request.finish()

    def _write_pending(self, *, flush: bool) -> None:
        """Write the pending lines in their order.

        Flush to the disk if asked, or once per `FLUSH_INTERVAL`.
        """
        self._restore(last=flush)
        while self._pending:
            self._append(b"\n" + self._pending[0] if self._torn else self._pending[0])
            self._pending.popleft()
        if flush or time.monotonic() - self._flushed_at > FLUSH_INTERVAL:
            sync(self._descriptor)
            self._flushed_at = time.monotonic()

    def _append(self, data: bytes) -> None:
        """Write all of the data or nothing. A disk that fills up takes a part before it refuses the rest."""
        size, torn = self._size, self._torn
        self._torn = True
        left = data
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            with contextlib.suppress(OSError):  # after half a line the following ones would not count
                os.ftruncate(self._descriptor, size)
                self._torn = torn
            raise
        self._torn = False
        self._size += len(data)
        self._add_to_copy(data)

    def _restore(self, *, last: bool) -> None:
        """Put the file back if something else has changed it.

        Its folder is only put back at the end of the run. An error is ignored here: the lines are safe in the
        copy, and the next write tries again.
        """
        if not self._is_followed:
            self._is_followed = True
            self._make_copy()
            return
        with contextlib.suppress(OSError):
            status = os.fstat(self._descriptor)
            if status.st_nlink > 1:
                self._note("it has a second name now (a hard link)")
            if status.st_size != self._size or (last and not self._is_as_written()):
                self._note("its contents were changed")
                self._size = status.st_size
                if self._copy is not None:
                    self._write_copy(self._descriptor)
            try:
                is_there = os.path.samestat(self._path.lstat(), os.fstat(self._descriptor))
            except FileNotFoundError:
                self._note("it was removed or moved")
                if last:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                self._continue_in(os.open(self._path, APPEND_FLAGS | os.O_EXCL, 0o644))
            else:
                if not is_there:
                    self._note("another file was put in its place")
                    self._continue_in(os.open(self._path, APPEND_FLAGS))

    def _make_copy(self) -> None:
        """Read what the file holds so far."""
        self._size = os.fstat(self._descriptor).st_size
        self._copy = self._open_copy()
        self._copy_is_complete = self._size <= MAX_COPIED
        if self._copy_is_complete:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            while block := os.read(self._descriptor, _BLOCK):
                self._add_to_copy(block)

    def _add_to_copy(self, data: bytes) -> None:
        """Add to the copy. One that its disk has no room for is given up."""
        if self._copy is None:
            return
        try:
            while data:
                data = data[self._copy.write(data) :]
        except OSError:
            self._close_copy()

    def _close_copy(self) -> None:
        if self._copy is not None:
            with contextlib.suppress(OSError):
                self._copy.close()
            self._copy = None

    def _open_copy(self) -> IO[bytes]:
        if (
            self.copy_path is not None and os.name != "nt"
        ):  # where no open file can be removed with its folder
            with contextlib.suppress(OSError):
                descriptor = os.open(self.copy_path, CREATE_FLAGS & ~os.O_WRONLY | os.O_RDWR, 0o600)
                return os.fdopen(descriptor, "w+b", buffering=0)
        return tempfile.SpooledTemporaryFile(MAX_IN_MEMORY)

    def _is_as_written(self) -> bool:
        if self._copy is None or not self._copy_is_complete:
            return True
        self._copy.seek(0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        while block := self._copy.read(_BLOCK):
            if os.read(self._descriptor, len(block)) != block:
                self._copy.seek(0, os.SEEK_END)
                return False
        return True

    def _write_copy(self, descriptor: int) -> None:
        """Make the contents of a file what this run knows: the copy's, or else those of the open file."""
        if self._copy is None or self._copy_is_complete:
            os.ftruncate(descriptor, 0)
        else:
            os.write(descriptor, b"\n")
        for block in self._contents():
            view = memoryview(block)
            while view:
                view = view[os.write(descriptor, view) :]
        self._size = os.fstat(descriptor).st_size

    def _contents(self) -> Iterator[bytes]:
        if self._copy is not None:
            self._copy.seek(0)
            while block := self._copy.read(_BLOCK):
                yield block
            return
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        while block := os.read(self._descriptor, _BLOCK):
            yield block

    def _continue_in(self, descriptor: int) -> None:
        """Go on in a new file at the path, unless another run has its lock. Closes the descriptor."""
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode) and try_lock(descriptor):
                self._write_copy(descriptor)
                os.dup2(descriptor, self._descriptor, inheritable=False)
        finally:
            os.close(descriptor)

    def _note(self, what: str) -> None:
        self.notice = self.notice or what
