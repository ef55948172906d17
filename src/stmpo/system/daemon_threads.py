"""Threads that do not keep the program from ending.

A call to a dead network share may hang in the kernel for ever. Python joins the threads of
`concurrent.futures` when the interpreter ends, so one such call would keep a cancelled run alive. Daemon
threads are not joined: they end with the process.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_T = TypeVar("_T")
_Job = tuple["asyncio.Future[Any]", "Callable[..., Any]", tuple[object, ...]]

_POLL_INTERVAL = 0.02
"""Seconds between two checks in `close` whether all jobs are done."""


def start_daemon_thread(function: Callable[[], None], name: str) -> threading.Thread | None:
    """Start a daemon thread. Returns None if the system allows no more (limits on processes count them)."""
    thread = threading.Thread(target=function, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


class Threads:
    """Run functions for one event loop, at most `count` at a time, in the order of the calls."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._lock = threading.Lock()

    async def run(self, function: Callable[..., _T], *arguments: object) -> _T:
        """Return what the function returns, or raise what it raises.

        A cancelled call does not stop the function: it goes on, and its result is dropped.
        """
        import asyncio  # noqa: PLC0415 - costs 30 ms where only `start_daemon_thread` is used

        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._unfinished += 1
            if self._unfinished > len(self._threads) < self._count:
                thread = start_daemon_thread(self._work, f"{self._name}-{len(self._threads)}")
                self._threads += [thread] if thread else []
        self._jobs.put((future, function, arguments))
        if not self._threads:
            self._work_in_loop()
        return await future

    def close(self, timeout: float) -> bool:
        """Drop the jobs that have not begun and wait for the others.

        Returns False if some still ran after `timeout` seconds; they are left behind.
        """
        with contextlib.suppress(queue.Empty):
            while True:
                if self._jobs.get_nowait() is not None:
                    self._count_finished()
        deadline = time.monotonic() + timeout
        while self._unfinished and time.monotonic() < deadline:
            time.sleep(_POLL_INTERVAL)
        for _ in self._threads:
            self._jobs.put(None)
        return not self._unfinished

    def _work(self) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop was closed, so nobody waits for the result
            while (job := self._jobs.get()) is not None:
                self._carry_out(job)

    def _work_in_loop(self) -> None:
        """Do the work in the event loop, which waits meanwhile: the system allows not even one thread."""
        with contextlib.suppress(queue.Empty):
            while (job := self._jobs.get_nowait()) is not None:
                self._carry_out(job)

    def _carry_out(self, job: _Job) -> None:
        future, function, arguments = job
        try:
            result, error = function(*arguments), None
        except BaseException as caught:  # noqa: BLE001 - it is raised in `run`
            result, error = None, caught
        self._count_finished()
        future.get_loop().call_soon_threadsafe(_set_result, future, result, error)

    def _count_finished(self) -> None:
        with self._lock:
            self._unfinished -= 1


def _set_result(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # the call was cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
