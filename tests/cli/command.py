"""Run a command in this process, as the `stmpo` program would, and keep what it prints."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from stmpo.cli.main import run


class Answer(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


def stmpo(*arguments: str) -> Answer:
    """Run `stmpo ARGUMENTS`."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(arguments)
    return Answer(code, out.getvalue(), err.getvalue())


def refusal(*arguments: str) -> str:
    """The one line in which a command refuses bad input."""
    answer = stmpo(*arguments)
    assert answer.code == 2, answer
    assert answer.err.startswith("stmpo: ")
    assert answer.err.count("\n") == 1
    return answer.err
