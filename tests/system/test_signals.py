"""What a signal does to a program, before, in and after a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from stmpo.system.signals import Cancelled, Interrupted, handling_signals, ignore_signal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals that a process can send itself")


def _program(body: str, **options: object) -> tuple[int, str, str]:
    code = "import os, signal\nfrom stmpo.system import signals\n" + body
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        **options,  # type: ignore[call-overload]
    )
    return done.returncode, done.stdout, done.stderr


RAISE = "signal.raise_signal(signal.{})\n"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_while_a_program_is_loaded_it_ends_it_as_a_cancel(name: str) -> None:
    code, out, error = _program(
        "signals.install_program_handlers()\n" + RAISE.format(name) + "print('never')\n"
    )
    assert (code, out) == (4, "")
    assert error == f"stmpo: cancelled by {name} before anything was started\n"


def test_what_was_blocked_by_whoever_started_it_comes_through() -> None:
    blocked = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
    code, out, _ = _program(
        blocked + "signals.install_program_handlers()\nos.kill(os.getpid(), 15)\nprint('never')\n"
    )
    assert (code, out) == (4, "")


def test_after_a_run_it_changes_nothing_not_even_while_python_ends() -> None:
    body = (
        "signals.install_program_handlers()\n"
        "with signals.handling_signals(): pass\n"
        "signal.raise_signal(signal.SIGTERM)\n"
        "class Late:\n"
        "    def __del__(self): os.kill(os.getpid(), 15)\n"
        "late = Late()\n"
        "import sys; sys.exit(7)\n"
    )
    assert _program(body) == (7, "", "")


def test_a_command_that_goes_on_after_a_run_can_be_interrupted_again() -> None:
    body = (
        "signals.install_program_handlers()\n"
        "with signals.handling_signals(): pass\n"
        "signals.raise_on_signal()\n"
        "try: signal.raise_signal(signal.SIGTERM)\n"
        "except KeyboardInterrupt as interrupt: print(interrupt)\n"
    )
    assert _program(body) == (0, "SIGTERM\n", "")


def test_a_terminal_that_closes_does_not_end_what_nohup_started() -> None:
    body = "signals.install_program_handlers()\n" + RAISE.format("SIGHUP") + "print('goes on')\n"

    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    assert _program(body, preexec_fn=nohup) == (0, "goes on\n", "")


def test_a_library_gives_the_signals_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(Cancelled, match="cancelled by SIGTERM before anything was started"),
        handling_signals(),
    ):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_inside_a_run_shares_its_listener() -> None:
    heard: list[str] = []
    with handling_signals() as outer:
        with handling_signals() as inner:
            inner.callback = heard.append
            signal.raise_signal(signal.SIGTERM)
        assert outer is inner
        outer.callback = ignore_signal
        signal.raise_signal(signal.SIGTERM)
    assert heard == ["SIGTERM"]


def test_an_interrupt_is_one_to_whoever_catches_those() -> None:
    assert issubclass(Interrupted, KeyboardInterrupt)
