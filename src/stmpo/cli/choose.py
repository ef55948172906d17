"""Choose a command by its name: for `stmpo` itself and for commands that have commands of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def choose(
    prog: str, about: str, commands: Mapping[str, str], arguments: Sequence[str]
) -> tuple[str, Sequence[str]]:
    """Return the name of the command that is called, and its arguments. `commands` are names and one-line
    texts.

    Raises:
        BadInput: there is no command of that name.
        SystemExit: the help was printed: with 0 if it was asked for, with 2 if no command was given.
    """
    name = arguments[0] if arguments else ""
    if name in commands:
        return name, arguments[1:]
    if name in {"", "-h", "--help"}:
        width = max(len(command) for command in commands)
        lines = [f"  {command:{width}}  {text}" for command, text in commands.items()]
        page = [f"usage: {prog} COMMAND ...", "", about, "", "commands:", *lines]
        page += ["", f'"{prog} COMMAND --help" lists the options of a command.']
        print(*page, sep="\n", file=sys.stdout if name else sys.stderr)
        raise SystemExit(0 if name else 2)
    from difflib import get_close_matches  # noqa: PLC0415 - only for a refusal

    near = get_close_matches(name, commands, 1)
    raise BadInput(
        f'"{prog}" has no command {name}{f" (did you mean {near[0]}?)" if near else ""}; see "{prog} --help"'
    )
