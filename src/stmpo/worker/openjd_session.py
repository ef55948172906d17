"""The boundary between a worker's script and its OpenJD session: control lines, one-line errors, exit codes.

A session reads standard output line by line. A malformed control line fails the action. So text that comes
from a job (paths, names) is either written behind other text or made one line first.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput, ExitCode, StmpoError
from stmpo.model.text import one_line
from stmpo.system import signals
from stmpo.system.shortages import check_limits, shortage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run_script(command: Callable[[Sequence[str]], int]) -> int:
    """Run a script's command with its arguments; turn an error into `openjd_fail` and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a session reads UTF-8, whatever the worker's code page is
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        signals.raise_on_signal()
        check_limits()
        return command(sys.argv[1:])
    except StmpoError as error:
        write_line(f"openjd_fail: {one_line(str(error))}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.CANCELLED)
    except (OSError, MemoryError, ImportError, RuntimeError) as error:
        if (limit := shortage(error)) is None:
            raise
        write_line(f"openjd_fail: {limit}")
        return int(limit.exit_code)


def write_line(line: str) -> None:
    """Write one line to standard output and flush it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def set_variable(name: str, value: str) -> None:
    """Set an environment variable for the rest of the session. Only `onEnter` may do this."""
    if value.isprintable():
        write_line(f"openjd_env: {name}={value}")
    else:
        write_line(f"openjd_env: {json.dumps(f'{name}={value}')}")


def wrong_arguments(text: str) -> BadInput:
    """Return the error for arguments that only the author of a template writes."""
    return BadInput(f"wrong arguments; {text}")
