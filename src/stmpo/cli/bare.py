"""`stmpo render` where click is not installed, as on a worker: the same options, from the same declarations, by argparse.

Every other command is for people at a workstation, and says what to install.
"""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from stmpo.cli.exit_codes import cancelled, open_streams, refused, unexpected
from stmpo.model.errors import BadInput, StmpoError
from stmpo.model.options import JobOptions, Option, RunOptions, declared
from stmpo.system import signals


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, as everything else does."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; see stmpo render --help")


def main(arguments: list[str]) -> int:
    """Render; the exit code says how it went."""
    from stmpo.api import render_command  # noqa: PLC0415 - `--help` does not need the engine

    open_streams()
    try:
        signals.raise_on_signal()
        values = parsed(arguments)
        project, profile, as_json = (values.pop(name) for name in ("project", "profile", "as_json"))
        return render_command(project, values, profile=profile, as_json=as_json)
    except StmpoError as error:
        return refused(error)
    except KeyboardInterrupt as interrupt:
        return cancelled(interrupt)
    except Exception as error:  # noqa: BLE001 - the boundary, as in `main`
        return unexpected(error)


def parsed(arguments: list[str]) -> dict[str, Any]:
    """The values of these arguments by their names; None for what was not given.

    Raises:
        BadInput: they cannot be read.
    """
    parser = _parser()
    flags = {
        item.flag for kind in (JobOptions, RunOptions) for item in declared(kind) if item.type is not bool
    }
    joined: list[str] = []
    for text in arguments:
        if joined and joined[-1] in flags:
            joined[-1] += f"={text}"  # apart, argparse would take the frames `-5--1` for an option
        else:
            joined.append(text)
    return vars(parser.parse_args(joined))


def _parser() -> _Parser:
    parser = _Parser(
        "stmpo render",
        description="Render one comp of PROJECT with several renderer processes.",
        allow_abbrev=False,
    )
    parser.add_argument("project", metavar="PROJECT")
    for kind in (JobOptions, RunOptions):
        for item in declared(kind):
            _add(parser, item)
    parser.add_argument("--profile", choices=("hero", "farm"), help="Values for what no other option gives.")
    parser.add_argument(
        "--json",
        dest="as_json",
        action="store_true",
        help="Print the summary as JSON; everything else goes to standard error.",
    )
    return parser


def _add(parser: _Parser, item: Option) -> None:
    """One option; None when it was not given, so that the environment is asked."""
    text = item.help.replace("%", "%%")
    shared: dict[str, Any] = {"dest": item.name, "default": None}
    if item.type is bool:
        on, off = item.switch or (item.flag, f"--no-{item.flag[2:]}")
        parser.add_argument(on, action="store_const", const=True, help=text, **shared)
        parser.add_argument(off, action="store_const", const=False, help=argparse.SUPPRESS, **shared)
    else:
        parser.add_argument(item.flag, type=item.type, metavar=item.metavar, help=text, **shared)
