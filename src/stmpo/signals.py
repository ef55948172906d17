"""What a signal does, at each stage of a run.

    before the loop    ends the program at once, in order: nothing has been started (`Cancelled`)
    in the loop        cancels the run: renderers are stopped, what is whole is delivered
    after the loop     nothing: the run is over, and only milliseconds of tidying are left

SIGTERM, SIGINT and SIGHUP elsewhere, CTRL_BREAK (SIGBREAK) and CTRL_C on Windows; each where the system has it.
Handlers run in the main thread, between two steps of whatever it does.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stmpo.errors import ExitCode, StmpoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")


class Cancelled(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """A signal came before anything was started."""

    exit_code = ExitCode.CANCELLED


class Listening:
    """Handlers are installed; `listener` is told the signal's name."""

    def __init__(self) -> None:
        self.listener: Callable[[str], None] = _end_at_once


def _end_at_once(name: str) -> None:
    raise Cancelled(f"cancelled by {name} before anything was started")


def ignore(_name: str) -> None:
    """The listener for when the run is over."""


@contextmanager
def listening() -> Iterator[Listening]:
    """Take the signals over, and give them back at the end."""
    state = Listening()

    def handler(number: int, _: FrameType | None) -> None:
        state.listener(signal.Signals(number).name)

    previous: dict[int, Any] = {}
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None:
            previous[number] = signal.signal(number, handler)
    try:
        yield state
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
