"""Where errors become exit codes, and standard streams what commands can rely on.

A `StmpoError` is one line on standard error and its code. Anything else is a defect; it keeps its traceback and exits
with `ExitCode.INTERNAL`.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from pathlib import Path

from stmpo.model.errors import BadInput, ExitCode, NoSpace, StmpoError
from stmpo.model.text import visible
from stmpo.reporting.safe_stream import SafeStream
from stmpo.system.files import is_full


def open_streams() -> None:
    """Whoever starts this without standard streams, as services do, hears nothing and gets the frames all the same.

    A farm reads UTF-8, whatever code page its worker has.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Now: the next file that is opened would get the free number, and with it what renderers print.
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def refused(error: StmpoError) -> int:
    """The exit code of what a user can act on; said before."""
    _say(f"stmpo: {visible(str(error))}")  # one line, however a file is called
    return int(error.exit_code)


def cancelled(interrupt: BaseException) -> int:
    """The exit code of a command that a signal has ended; said before."""
    cause = interrupt.__cause__ or interrupt  # ours says which signal it was, and click wraps it
    by = str(cause) if isinstance(cause, KeyboardInterrupt) else ""
    _say(f"stmpo: cancelled{by and f' by {by}'}")
    return int(ExitCode.CANCELLED)


def _say(text: str) -> None:
    """The last words, to standard error, which may be a pipe that nobody reads."""
    error = SafeStream(sys.stderr)
    error.write(f"{text}\n")
    error.finish()


def unexpected(error: Exception) -> int:
    """The exit code of what no command expects; said before."""
    if _nobody_reads(error):
        return int(ExitCode.OK)
    if (refusal := _surroundings(error)) is not None:
        return refused(refusal)
    traceback.print_exception(error)
    print("stmpo: this is a defect of stmpo; please report it with the lines above", file=sys.stderr)
    return int(ExitCode.INTERNAL)


def _surroundings(error: Exception) -> StmpoError | None:
    """What no command can do without: a folder to be in, and room for what it prints."""
    if not isinstance(error, OSError) or error.filename is not None:
        return None
    if isinstance(error, FileNotFoundError) and not _stands_somewhere():
        return BadInput("the current folder does not exist any more; change to another one")
    if is_full(error):
        return NoSpace("standard output cannot be written: no space is left on its disk")
    return None


def _stands_somewhere() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _nobody_reads(error: Exception) -> bool:
    """Whether whoever read our output has gone. Windows' C runtime says EINVAL of such a pipe, without a Windows error."""
    closed = isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or (closed and getattr(error, "winerror", 0) is None)
