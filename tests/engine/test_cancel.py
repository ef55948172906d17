"""A cancel while earlier frames are read, and the one way to end a run."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from stmpo.engine.cancel import or_cancelled
from stmpo.engine.reporter import Reporter
from stmpo.engine.run_context import FramesFailed, RunEnd
from stmpo.model.errors import ExitCode, NoSpace
from stmpo.model.events import Event, Level, Message
from stmpo.system.daemon_threads import Threads
from stmpo.system.signals import Cancelled, SignalHandlers


def _ignore(_: str) -> None:
    """Do nothing."""


def test_a_cancel_does_not_wait_for_a_read_that_hangs() -> None:
    signals, answers = SignalHandlers(_ignore), threading.Event()

    async def read() -> None:
        await Threads(1, "test").run(answers.wait, 60.0)

    async def play() -> None:
        asyncio.get_running_loop().call_later(0.05, lambda: signals.callback("SIGTERM"))
        await or_cancelled(read(), signals)

    began = time.monotonic()
    try:
        with pytest.raises(Cancelled, match="cancelled by SIGTERM before anything was started") as raised:
            asyncio.run(play())
    finally:
        answers.set()
    assert time.monotonic() - began < 10
    assert raised.value.exit_code is ExitCode.CANCELLED
    assert signals.callback is _ignore, "later signals are somebody else's"


def test_without_a_signal_the_result_comes_through() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert asyncio.run(or_cancelled(work(), SignalHandlers(_ignore))) == 7


def test_the_first_reason_ends_a_run_and_every_call_stops_the_renderers() -> None:
    events: list[Event] = []
    run_end, stops = RunEnd(Reporter(events.append, str)), []
    run_end.stop_all = lambda: stops.append(1)
    run_end.end(FramesFailed("frame 3 failed"))
    run_end.end(NoSpace("the disk is full"))
    assert str(run_end.stop_reason) == "frame 3 failed"
    assert events == [Message(Level.ERROR, "frame 3 failed", "")]
    assert len(stops) == 2
