"""Lines on their way into a file that may lie on a share: one that errs, hangs, or has the file removed.

    write ─► late ─► appended whole and in order, by a thread ─► flushed to the disk once a second

Whoever writes waits for its line, but not for ever: what does not answer within `WRITE_TIMEOUT` may be a share that is gone
until somebody pulls a plug. From then on lines only queue up, and are written once it answers again, so that a run goes
on, and hears a cancel, whatever becomes of its journal. A thread that hangs is left to the end of the process.

A file that somebody removes while it is written is put back, with all that it held, unless another run has begun one in
its place meanwhile.
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

from stmpo.system.file_copy import copy_bytes
from stmpo.system.files import APPEND_FLAGS
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from pathlib import Path

WRITE_TIMEOUT = 5.0
"""Seconds that a line may take before nobody waits for it any more."""

FLUSH_INTERVAL = 1.0
"""Seconds between two flushes to the disk."""


@dataclass(slots=True, eq=False)
class _Order:
    """Write all that is late. `last`: flush it too, and close the file."""

    last: bool = False
    error: OSError | None = None
    _under_way: threading.Lock = field(default_factory=threading.Lock)
    """Held until it is done. An event would do, and take the time of all the rest: there is an order for each frame."""

    def __post_init__(self) -> None:
        self._under_way.acquire()

    @property
    def is_done(self) -> bool:
        return not self._under_way.locked()

    def done(self) -> None:
        self._under_way.release()

    def wait(self) -> None:
        """Until it is done, but not for ever."""
        if self._under_way.acquire(timeout=WRITE_TIMEOUT):
            self._under_way.release()


class JournalWriter:
    """Appends to an open file, which it owns. `torn`: the file does not end with a line's end."""

    def __init__(self, path: Path, descriptor: int, *, torn: bool) -> None:
        self._path = path
        self._descriptor = descriptor
        self._torn = torn
        self._late: deque[bytes] = deque()
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._order: _Order | None = None
        """The latest one."""

        self._thread: threading.Thread | None = None
        self._flushed = time.monotonic()

    @property
    def waiting(self) -> int:
        """Lines that are not written; each write tries them again."""
        return len(self._late)

    @property
    def hangs(self) -> bool:
        """The file's system has not answered for as long as anybody waits."""
        return self._order is not None and not self._order.is_done

    def write(self, line: bytes) -> None:
        """Append a line, with its end.

        Raises:
            OSError: it could not be written. It is kept, and written before all that follow it: see `withdraw`.
        """
        self._late.append(line)
        self._give(_Order())

    def withdraw(self) -> None:
        """Forget the line that could not be written just now."""
        if self._late:
            self._late.pop()

    def close(self) -> None:
        """Write what is late, flush and close, unless the file's system hangs."""
        if self._order is None:  # nothing was written
            os.close(self._descriptor)
            return
        self._order.wait()
        with contextlib.suppress(OSError):  # a file system that cannot sync: as good as it gets there
            self._give(_Order(last=True))

    def _give(self, order: _Order) -> None:
        if self.hangs:
            return
        if self._thread is None:
            self._start()
        self._order = order
        if self._thread is None:  # the system grants no thread: then without one
            self._carry_out(order)
        else:
            self._orders.put(order)
            order.wait()
        if order.error is not None:
            raise order.error

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="journal", daemon=True)
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def _work(self) -> None:
        last = False
        while not last:
            order = self._orders.get()
            self._carry_out(order)
            last = order.last

    def _carry_out(self, order: _Order) -> None:
        try:
            self._catch_up(flush=order.last)
        except OSError as error:
            order.error = error
        if order.last:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        order.done()

    def _catch_up(self, *, flush: bool) -> None:
        """Write what is late, in its order, and have it flushed now and then."""
        while self._late:
            self._append(b"\n" + self._late[0] if self._torn else self._late[0])
            self._late.popleft()
        if flush or time.monotonic() - self._flushed > FLUSH_INTERVAL:
            self._put_back(folder_too=flush)
            os.fsync(self._descriptor)
            self._flushed = time.monotonic()

    def _append(self, data: bytes) -> None:
        """Write all of it, or nothing: a disk that fills takes a part, says nothing, and refuses the rest."""
        size, torn = os.fstat(self._descriptor).st_size, self._torn
        self._torn = True
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            with contextlib.suppress(OSError):  # half a line would make all that follows it count for nothing
                os.ftruncate(self._descriptor, size)
                self._torn = torn
            raise
        self._torn = False

    def _put_back(self, *, folder_too: bool) -> None:
        """Where somebody has removed the file, write it anew, and go on there; its folder comes back at the end only.

        What refuses that is not the lines' concern: it is tried again with the next flush.
        """
        if os.fstat(self._descriptor).st_nlink:
            return
        with contextlib.suppress(OSError):
            if folder_too:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            # Refused, where another run has begun one.
            fresh = os.open(self._path, APPEND_FLAGS | os.O_EXCL, 0o644)
            try:
                if try_lock(fresh):
                    self._go_on_in(fresh)
            finally:
                os.close(fresh)

    def _go_on_in(self, fresh: int) -> None:
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            copy_bytes(self._descriptor, fresh)
        except OSError:
            self._path.unlink()
            raise
        os.dup2(fresh, self._descriptor, inheritable=False)
