"""Threads that do not keep the program from ending."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from stmpo.system.daemon_threads import Threads


def test_results_and_errors_come_back() -> None:
    async def main() -> list[object]:
        threads = Threads(2, "test")
        results = await asyncio.gather(*(threads.run(divmod, 7, n) for n in range(3)), return_exceptions=True)
        assert threads.close(5.0)
        return list(results)

    failed, *divided = asyncio.run(main())
    assert isinstance(failed, ZeroDivisionError)
    assert divided == [(7, 0), (3, 1)]


def test_no_more_at_a_time_than_there_are_threads() -> None:
    busy: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            busy.append(1)
            most.append(len(busy))
        time.sleep(0.01)
        with lock:
            busy.pop()

    async def main() -> None:
        threads = Threads(3, "test")
        await asyncio.gather(*(threads.run(work) for _ in range(12)))
        threads.close(5.0)

    asyncio.run(main())
    assert 1 < max(most) <= 3


@pytest.mark.parametrize("granted", [0, 1])
def test_where_the_system_grants_no_more_threads_the_work_is_done_all_the_same(
    granted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def refuse(thread: threading.Thread) -> None:
        if len(started) == granted:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    async def main() -> list[int]:
        threads = Threads(3, "test")
        monkeypatch.setattr(threading.Thread, "start", refuse)
        results = await asyncio.gather(*(threads.run(pow, n, 2) for n in range(5)))
        assert threads.close(5.0)
        return list(results)

    assert asyncio.run(main()) == [0, 1, 4, 9, 16]
    assert len(started) == granted


def test_what_has_not_begun_is_dropped_and_what_hangs_is_left_behind() -> None:
    begun, release = threading.Event(), threading.Event()
    done: list[int] = []

    def hang() -> None:
        begun.set()
        release.wait()

    async def main() -> bool:
        threads = Threads(1, "test")
        tasks = [
            asyncio.ensure_future(threads.run(hang)),
            asyncio.ensure_future(threads.run(done.append, 1)),
        ]
        while not begun.is_set():  # noqa: ASYNC110 - a thread sets it, not the loop
            await asyncio.sleep(0.01)
        ended = threads.close(0.1)
        for task in tasks:
            task.cancel()
        return ended

    assert not asyncio.run(main())
    release.set()
    assert done == []


@pytest.mark.parametrize("cancel", [True, False])
def test_a_program_ends_with_a_thread_that_hangs(cancel: bool) -> None:
    program = (
        "import asyncio, threading\n"
        "from stmpo.system.daemon_threads import Threads\n"
        "async def main():\n"
        "    threads = Threads(1, 'test')\n"
        "    task = asyncio.ensure_future(threads.run(threading.Event().wait))\n"
        "    await asyncio.sleep(0.3)\n"
        f"    if {cancel}: task.cancel()\n"
        "    print(threads.close(0.05))\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
