"""Turn errors into exit codes, and give commands standard streams that they can rely on.

A `StmpoError` is printed as one line on standard error and exits with its code. Anything else is a defect:
it keeps its traceback and exits with `ExitCode.INTERNAL`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from pathlib import Path

from stmpo.model.errors import BadInput, ExitCode, NoSpace, StmpoError
from stmpo.model.text import shortened, visible
from stmpo.reporting.safe_stream import SafeStream
from stmpo.system.files import is_full
from stmpo.system.shortages import shortage

MAX_REFUSAL = 1500
"""Characters of a refusal. It may quote what the user has written, of any length."""


def open_streams() -> None:
    """Make standard streams usable: replace missing ones (services start programs without), write UTF-8 to
    files.

    A farm reads UTF-8, whatever the code page of its worker is.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Before anything else is opened: that file would get the free number, and with it the output of
            # renderers.
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def refused(error: StmpoError) -> int:
    """Print an error that the user can act on; return its exit code."""
    text = shortened(visible(str(error)), MAX_REFUSAL)  # one line, whatever a file's name contains
    _say(f"stmpo: {text}")
    return int(error.exit_code)


def cancelled(interrupt: KeyboardInterrupt) -> int:
    """Print that a signal has ended the command; return the exit code."""
    by = str(interrupt)  # the signal's name, if we raised it
    _say(f"stmpo: cancelled{by and f' by {by}'}")
    return int(ExitCode.CANCELLED)


def _say(text: str) -> None:
    """Write the last line to standard error, which may be a pipe without a reader."""
    error = SafeStream(sys.stderr)
    error.write(f"{text}\n")
    error.finish()


def unexpected(error: Exception) -> int:
    """Print an unexpected error; return the exit code. A closed pipe is not an error."""
    if _reader_has_gone(error):
        drop_output()
        return int(ExitCode.OK)
    if (refusal := _of_surroundings(error)) is not None:
        return refused(refusal)
    import traceback  # noqa: PLC0415 - only for a defect

    traceback.print_exception(error)
    print("stmpo: this is a defect of stmpo; please report it with the lines above", file=sys.stderr)
    return int(ExitCode.INTERNAL)


def flush_output(code: int) -> int:
    """Write out what is still buffered; return the exit code.

    It is `code`, whatever becomes of the output, unless that is 0: then the output was all that was wanted.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if code:
            drop_output()
            return code
        return unexpected(error)
    return code


def write_result(text: str) -> None:
    """Print the result of a run. If that fails, say so; the exit code stays that of the run."""
    try:
        print(text, flush=True)
    except OSError as error:
        drop_output()
        if not _reader_has_gone(error):
            _say(f"stmpo: standard output cannot be written: {error.strerror or error}")


def _of_surroundings(error: Exception) -> StmpoError | None:
    """Return the refusal if a limit was reached, the current folder has gone or the output's disk is full."""
    if (limit := shortage(error)) is not None:
        return limit
    if not isinstance(error, OSError) or error.filename is not None:
        return None
    if isinstance(error, FileNotFoundError) and not _has_current_folder():
        return BadInput("the current folder does not exist any more; change to another one")
    if is_full(error):
        drop_output()
        return NoSpace("standard output cannot be written: no space is left on its disk")
    return None


def _has_current_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _reader_has_gone(error: Exception) -> bool:
    """Return whether the error is a pipe's. Windows' C runtime reports EINVAL, without a Windows error."""
    closed = isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or (closed and getattr(error, "winerror", 0) is None)


def drop_output() -> None:
    """Send what is still buffered nowhere: Python flushes once more at its exit, and would fail again."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
