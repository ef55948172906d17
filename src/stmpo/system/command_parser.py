"""Command line arguments: one parser for every program of ours, built on argparse.

The artist's machine, the workstation and the worker read the same options. argparse is in the standard
library, so nothing has to travel with a job. The parser is in `system` and not in `cli` because the worker's
scripts use it too.

`CommandParser` differs from `argparse.ArgumentParser`:

- A refusal is a `BadInput` of one line, instead of a page of usage and an exit.
- The argument after an option that takes a value is that value, even if it begins with a dash (`--frames
  -5--1`).
- An unknown option is refused before anything else, with the nearest name. Options are never abbreviated.

`add_option` turns an option that `stmpo.model.options` declares into an argument. It is None if it was not
given, so that the environment is asked next.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any, NoReturn

from stmpo.model.errors import BadInput
from stmpo.model.options import MAX_SHOWN, WANTED
from stmpo.model.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stmpo.model.options import JobOptions, Option, RunOptions


MAX_VALUE = 2**31 - 1
"""Largest number of an option that states no other bound."""

MAX_MESSAGE = 500
"""Characters of a refusal of arguments, which may quote any of them."""


class CommandParser(argparse.ArgumentParser):
    """Parser of one command. `value`, `flag` and `add_argument` declare its arguments; `read` reads them."""

    def __init__(self, prog: str, about: str = "", usage: str | None = None) -> None:
        """Make a parser. `usage` is what follows the command's name in the first line of its help."""
        self._known: dict[str, argparse.Action] = {}
        usage = None if usage is None else f"{prog} {usage}"
        super().__init__(prog, usage=usage, description=about or None, allow_abbrev=False)

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Add an argument. In its help a percent sign is just a percent sign."""
        if settings.get("help"):
            settings["help"] = settings["help"].replace("%", "%%")
        action = super().add_argument(*names, **settings)
        self._known.update(dict.fromkeys(action.option_strings, action))
        return action

    def value(
        self,
        names: str,
        metavar: str,
        text: str,
        *,
        dest: str | None = None,
        default: object = None,
        each: bool = False,
        **settings: Any,
    ) -> None:
        """Add an option with a value. `names` are its spellings, as `-o/--output`; `text` is its help.

        With `each` it may be repeated and its value is a list. Further settings are argparse's.
        """
        flags = names.split("/")
        if each:
            text, default = f"{text} May be repeated.", []
            settings["action"] = "append"
        elif default is not None:
            text = f"{text}  [default: {default}]"
        dest = dest or flags[-1][2:].replace("-", "_")
        self.add_argument(*flags, dest=dest, metavar=metavar, help=text, default=default, **settings)

    def flag(self, name: str, text: str, *, dest: str | None = None) -> None:
        """Add an option that is False unless it is given. `text` is its help."""
        dest = dest or name[2:].replace("-", "_")
        self.add_argument(name, dest=dest, action="store_true", help=text)

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return the values of these arguments by name.

        Raises:
            BadInput: an argument is unknown, missing or cannot be read.
            SystemExit: help was asked for and has been printed.
        """
        return self.parse_args(list(self._joined(arguments)))

    def flags(self) -> dict[str, str]:
        """Return the spelling of each option by the name of its value."""
        return {action.dest: action.option_strings[-1] for action in self._known.values()}

    def error(self, message: str) -> NoReturn:
        """Refuse in one line instead of printing the usage."""
        text = shortened(message.removeprefix("argument "), MAX_MESSAGE)
        raise BadInput(f'{text}; see "{self.prog} --help"')

    def _joined(self, arguments: Sequence[str]) -> Iterator[str]:
        """Yield `--option value` as `--option=value`, which argparse reads as a value in any case."""
        rest = iter(arguments)
        for text in rest:
            if text == "--":
                yield from (text, *rest)
                return
            action = self._known.get(text)
            value = next(rest, None) if action is not None and action.nargs is None else None
            if action is None and text.startswith("-") and text != "-":
                self._check(text)
            if value is not None:
                text = f"{text}={value}"  # noqa: PLW2901 - the pair is one argument
            if text.startswith("-") and text.endswith("=--"):  # argparse would drop the value
                self.error(f"{text[:-3]}: expected one argument")
            yield text

    def _check(self, text: str) -> None:
        name = text.partition("=")[0]
        if name in self._known or (text[:2] in self._known and text[:2] != "--"):  # the latter: -pNAME=VALUE
            return
        from difflib import get_close_matches  # noqa: PLC0415 - only for a refusal

        near = get_close_matches(name, self._known, 1)
        self.error(f"unknown option {name}{f' (did you mean {near[0]}?)' if near else ''}")


class Switch(argparse.Action):
    """A boolean with two flags: the first turns it on, the second off."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **settings)

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        _values: object,
        flag: str | None = None,
    ) -> None:
        """Store whether the flag was the first one."""
        setattr(namespace, self.dest, flag == self.option_strings[0])


def add_options(parser: CommandParser, *kinds: type[JobOptions | RunOptions]) -> None:
    """Add every declared option of these classes."""
    from stmpo.model.options import declared  # noqa: PLC0415

    for kind in kinds:
        for item in declared(kind):
            add_option(parser, item)


def add_option(parser: CommandParser, item: Option, *flags: str) -> None:
    """Add a declared option, under its own flags or under these."""
    if item.type is bool:
        parser.add_argument(*(flags or item.switches), dest=item.name, action=Switch, help=described(item))
        return
    parser.add_argument(
        *(flags or (item.flag,)),
        dest=item.name,
        type=str
        if item.type is str
        else number(item.type, -math.inf, math.inf),  # `Option` checks its bounds
        metavar=item.metavar or item.type.__name__.upper(),
        help=described(item),
    )


def described(item: Option) -> str:
    """Return an option's help with its default and its environment variable."""
    notes = []
    if item.default is not None:
        default = item.switches[not item.default] if item.type is bool else item.default
        notes.append(f"default: {default}")
    if item.environment:
        notes.append(f"variable: {item.environment}")
    return f"{item.help}  [{'; '.join(notes)}]" if notes else item.help


def number(kind: type, least: float | None = None, most: float | None = None) -> Callable[[str], Any]:
    """Return a reader of numbers of this kind (`int` or `float`) within these bounds, both included.

    Without a bound, it is `MAX_VALUE` or its negative: every other program reads such a number.
    """
    bounds = f" from {least:g}" if least is not None and math.isfinite(least) else ""
    bounds += f" to {most:g}" if most is not None and math.isfinite(most) else ""
    low, high = -MAX_VALUE if least is None else least, MAX_VALUE if most is None else most

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:  # neither holds for "nan"
            shown = shortened(repr(text), MAX_SHOWN)
            limit = (
                f" of at most {MAX_VALUE}" if most is None and value is not None and value > MAX_VALUE else ""
            )
            raise argparse.ArgumentTypeError(f"{WANTED[kind]}{bounds}{limit} is wanted, not {shown}")
        return value

    return read
