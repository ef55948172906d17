"""Handling of signals at each stage of a program.

    while it is loaded   the program ends at once: nothing exists yet
    in a command         `Interrupted` is raised
    before the loop      `Cancelled` is raised: nothing was started, and the run ends in order
    in the loop          the run is cancelled: renderers are stopped, whole frames are delivered
    after the loop       nothing: the run is over, and only milliseconds of tidying are left

The signals are SIGTERM, SIGINT and SIGHUP, and on Windows CTRL_BREAK (SIGBREAK) and CTRL_C; each if the
system has it. Handlers run in the main thread, between two steps of whatever it does. Our own programs
install the handlers first of all and keep them (`install_program_handlers`), because a farm may cancel a task
while Python still loads it. A program that calls the engine as a library gets its own handlers back.
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
    """A signal came; the argument is its name.

    It is not a plain `KeyboardInterrupt`: once one has passed through code compiled at run time (as that of
    every dataclass is), Python ends itself by SIGINT, whatever its exit code.
    """


class SignalHandlers:
    """Handlers for the program's signals, which call `callback` with the signal's name."""

    def __init__(self, callback: Callable[[str], None]) -> None:
        self.callback = callback
        numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        # `nohup` ignores SIGHUP: the run is to outlive its terminal.
        self._numbers = [
            number
            for number in numbers
            if _name(number) != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN
        ]

    def install(self) -> dict[int, Any]:
        """Install the handlers, and return the earlier ones by signal."""
        return {number: signal.signal(number, self._handle) for number in self._numbers}

    def unblock(self) -> None:
        """Have the signals delivered even if the parent process blocked them: the mask is inherited."""
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)

    def ignore(self) -> None:
        """Have the system drop the signals, even while Python ends and no longer has handlers."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.callback(_name(number))


def _name(number: int) -> str:
    return signal.Signals(number).name


_active: list[SignalHandlers] = []
"""The handlers in force: at most one, the program's own or those of a run."""


def _exit_now(name: str) -> NoReturn:
    # Not an exception: the code that is being loaded might catch it and go on, or print a traceback.
    os.write(2, f"stmpo: cancelled by {name} before anything was started\n".encode())
    os._exit(int(ExitCode.CANCELLED))


def _raise_interrupted(name: str) -> None:
    raise Interrupted(name)


def _raise_cancelled(name: str) -> None:
    raise Cancelled(f"cancelled by {name} before anything was started")


def ignore_signal(_name: str) -> None:
    """Do nothing: the callback once a run is over."""


def install_program_handlers() -> None:
    """Handle the signals for the rest of the program. Call it once, before anything else."""
    handlers = SignalHandlers(_exit_now)
    _active.append(handlers)
    handlers.install()
    handlers.unblock()


def raise_on_signal() -> None:
    """Raise `Interrupted` at a signal from now on: the program is loaded, or goes on after a run."""
    for handlers in _active:
        handlers.callback = _raise_interrupted
        handlers.install()


@contextmanager
def handling_signals() -> Iterator[SignalHandlers]:
    """Handle the signals during a run. Inside another run or our own programs, yield those in force.

    The earlier handlers come back at the end, except in our own programs: they only have to exit, and no
    signal may change the exit code of the run.
    """
    if _active:
        handlers = _active[-1]
        outermost = handlers.callback in {_exit_now, _raise_interrupted, ignore_signal}
        if outermost:
            handlers.callback = _raise_cancelled
            handlers.install()
        try:
            yield handlers
        finally:
            if outermost:
                handlers.callback = ignore_signal
                handlers.ignore()
        return
    handlers = SignalHandlers(_raise_cancelled)
    previous = handlers.install()
    _active.append(handlers)
    try:
        yield handlers
    finally:
        _active.remove(handlers)
        for number, handler in previous.items():
            signal.signal(number, handler)
