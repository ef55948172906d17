"""What a signal does, at each stage of a program.

    while it is loaded   ends it on the spot: nothing is there yet
    in a command         `Interrupted`
    before the loop      ends the run at once, in order: nothing has been started (`Cancelled`)
    in the loop          cancels the run: renderers are stopped, what is whole is delivered
    after the loop       nothing: the run is over, and only milliseconds of tidying are left

SIGTERM, SIGINT and SIGHUP elsewhere, CTRL_BREAK (SIGBREAK) and CTRL_C on Windows; each where the system has it. Handlers
run in the main thread, between two steps of whatever it does. Our own programs take the signals first thing and for good
(`from_the_start`): a farm may cancel a task while Python is still loading it. Whoever calls the engine as a library gets
its own handlers back.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from stmpo.model.errors import ExitCode, StmpoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")


class Cancelled(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """A signal came before anything was started."""

    exit_code = ExitCode.CANCELLED


class Interrupted(KeyboardInterrupt):
    """By which signal.

    A class of its own: Python ends itself by SIGINT, whatever exit code it was given, once a plain `KeyboardInterrupt`
    has passed through code that was compiled while it ran, as that of every dataclass is.
    """


class Listening:
    """Handlers are installed; `listener` is told the signal's name."""

    def __init__(self, listener: Callable[[str], None]) -> None:
        self.listener = listener
        there = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        # `nohup` has SIGHUP ignored: the run is meant to outlive its terminal.
        self._numbers = [
            number
            for number in there
            if _named(number) != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN
        ]

    def take_over(self) -> dict[int, Any]:
        """Install the handlers; what was there before, by signal."""
        return {number: signal.signal(number, self._handle) for number in self._numbers}

    def let_through(self) -> None:
        """Have them delivered, whatever whoever started this program had blocked: a mask is inherited."""
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)

    def have_ignored(self) -> None:
        """From here on the system itself drops the signals, also while Python ends, when it has no handlers any more."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.listener(_named(number))


def _named(number: int) -> str:
    return signal.Signals(number).name


_program: list[Listening] = []
"""The program's own, once `from_the_start` was called."""


def _leave(name: str) -> NoReturn:
    # No exception: whatever is being loaded may catch it and go on, or show a traceback.
    os.write(2, f"stmpo: cancelled by {name} before anything was started\n".encode())
    os._exit(int(ExitCode.CANCELLED))


def _interrupt(name: str) -> None:
    raise Interrupted(name)


def _end_at_once(name: str) -> None:
    raise Cancelled(f"cancelled by {name} before anything was started")


def ignore(_name: str) -> None:
    """The listener for when the run is over."""


def from_the_start() -> None:
    """Take the signals for the rest of the program: to be called first thing, and once."""
    state = Listening(_leave)
    _program.append(state)
    state.take_over()
    state.let_through()


def interruptible() -> None:
    """From here on a signal raises `Interrupted`: the program is loaded, or does something else after a run."""
    for state in _program:
        state.listener = _interrupt
        state.take_over()


@contextmanager
def listening() -> Iterator[Listening]:
    """Take the signals over for a run. Inside another one, or in our own programs, it is the same `Listening`.

    What the signals did before comes back at the end, but for our own programs: those have only their exit left, which
    no signal should turn into something else than what the run came to.
    """
    if _program:
        state = _program[-1]
        outermost = state.listener in {_leave, _interrupt, ignore}
        if outermost:
            state.listener = _end_at_once
            state.take_over()
        try:
            yield state
        finally:
            if outermost:
                state.listener = ignore
                state.have_ignored()
        return
    state = Listening(_end_at_once)
    previous = state.take_over()
    _program.append(state)
    try:
        yield state
    finally:
        _program.remove(state)
        for number, before in previous.items():
            signal.signal(number, before)
