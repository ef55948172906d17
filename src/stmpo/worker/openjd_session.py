"""The edge between a worker's script and its OpenJD session: control lines, errors as one line, exit codes.

A session reads standard output line by line. A near miss of a control line ends the action, so what comes from a job
(paths, names) is written behind other text or made one line first.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput, ExitCode, StmpoError
from stmpo.system import signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run(command: Callable[[Sequence[str]], int]) -> int:
    """Run a script's command with its arguments; a refusal becomes the session's message and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a session reads UTF-8, whatever the worker's code page is
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        signals.raise_on_signal()
        return command(sys.argv[1:])
    except StmpoError as error:
        say(f"openjd_fail: {one_line(str(error))}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.CANCELLED)


def say(line: str) -> None:
    """Write one line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def set_variable(name: str, value: str) -> None:
    """Set an environment variable for what the session runs from here on. Only an environment's entry may."""
    if value.isprintable():
        say(f"openjd_env: {name}={value}")
    else:
        say(f"openjd_env: {json.dumps(f'{name}={value}')}")


def one_line(text: str) -> str:
    """The text on one line, for a control line or behind a prefix."""
    return " ".join(text.split())


def usage(text: str) -> BadInput:
    """The refusal of arguments that only a template's author writes."""
    return BadInput(f"wrong arguments; {text}")
