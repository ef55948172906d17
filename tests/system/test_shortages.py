"""Limits of the system are named in one line, at the start if they are too small for anything."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from stmpo.model.errors import BadInput
from stmpo.system.shortages import shortage


def _caused(by: BaseException) -> ImportError:
    error = ImportError("no module")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "open files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "open files"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (MemoryError(), "memory"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "processes"),
        (RuntimeError("can't start new thread"), "threads"),
        (_caused(OSError(errno.EMFILE, "Too many open files")), "open files"),
    ],
)
def test_a_limit_that_was_reached_is_no_defect(error: BaseException, words: str) -> None:
    refusal = shortage(error)
    assert isinstance(refusal, BadInput)
    assert words in str(refusal)


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.EIO, "x"), ImportError("x"), None])
def test_anything_else_is_something_else(error: BaseException | None) -> None:
    assert shortage(error) is None


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize(
    ("limit", "words"),
    [("-n 8", "open files"), ("-n 23", "open files"), ("-d 9000", "memory"), ("-v 90000", "memory")],
)
def test_what_is_too_small_is_refused_at_the_start_in_one_line(limit: str, words: str) -> None:
    """Below that, a run waited for ever to start a renderer, and Python failed in odd ways."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'ulimit {limit}; exec "$@"', "sh", sys.executable, "-m", "stmpo", "plan"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
