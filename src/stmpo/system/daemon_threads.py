"""A few threads that nobody has to wait for.

What copies to a dead network share may hang in the system until somebody pulls a plug. Threads of
`concurrent.futures` are joined when the interpreter ends, so one of them would keep a cancelled run from ending; these
are left behind, and the system ends them with the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_Order = tuple["asyncio.Future[Any]", "Callable[..., Any]", tuple[object, ...]]

LOOK_EVERY = 0.02
"""Seconds between two looks at whether the last work is done."""


class Threads:
    """Runs functions for one event loop, at most `count` at a time, in the order in which they came."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._open = 0
        """Orders that are not done."""

        self._lock = threading.Lock()

    async def run(self, function: Callable[..., _T], *arguments: object) -> _T:
        """What the function returns, or raises. A cancelled wait leaves it running, and nobody hears of its end."""
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._open += 1
            if self._open > len(self._threads) < self._count:
                self._one_more()
        self._orders.put((future, function, arguments))
        if not self._threads:
            self._work_here()
        return await future

    def _one_more(self) -> None:
        """Start a thread. A system that grants no more (a limit on processes counts them) makes do with those there are."""
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return
        self._threads.append(thread)

    def close(self, limit: float) -> bool:
        """Take nothing more, drop what has not begun, and wait for the rest; False if that took longer than `limit` seconds."""
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                break
            if order is not None:
                self._done()
        deadline = time.monotonic() + limit
        while self._open and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
        for _ in self._threads:
            self._orders.put(None)
        return not self._open

    def _work(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and whoever waited with it
            while (order := self._orders.get()) is not None:
                self._carry_out(order)

    def _work_here(self) -> None:
        """Not even one thread is to be had: the loop waits, and the work is done all the same."""
        with contextlib.suppress(queue.Empty):
            while (order := self._orders.get_nowait()) is not None:
                self._carry_out(order)

    def _carry_out(self, order: _Order) -> None:
        future, function, arguments = order
        try:
            result, error = function(*arguments), None
        except BaseException as caught:  # noqa: BLE001 - it is raised where it is waited for
            result, error = None, caught
        self._done()
        future.get_loop().call_soon_threadsafe(_settle, future, result, error)

    def _done(self) -> None:
        with self._lock:
            self._open -= 1


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # nobody waits any more
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
