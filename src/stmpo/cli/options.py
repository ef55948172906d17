"""Command line options from their declarations in `stmpo.model.render_job`: nothing about an option is said twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stmpo.model.options import JobOptions, Option, RunOptions, declared

_F = TypeVar("_F", bound=Callable[..., Any])

_TYPES: dict[type, Any] = {int: click.INT, float: click.FLOAT, str: click.STRING}


def add_options(options: type[JobOptions | RunOptions]) -> Callable[[_F], _F]:
    """Give a command every option of a class. Each is None when it was not given, so that the environment is asked."""

    def decorate(function: _F) -> _F:
        for item in reversed(list(declared(options))):
            function = _as_click(item)(function)
        return function

    return decorate


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Only what was really given on the command line."""
    return {name: value for name, value in values.items() if value is not None}


def _as_click(item: Option) -> Callable[[_F], _F]:
    if item.type is bool:
        on, off = item.switch or (item.flag, f"--no-{item.flag[2:]}")
        return click.option(f"{on}/{off}", item.name, default=None, help=_help(item))
    return click.option(
        item.flag, item.name, type=_TYPES[item.type], default=None, metavar=item.metavar, help=_help(item)
    )


def _help(item: Option) -> str:
    notes = []
    if item.type is bool and item.default is not None:
        on, off = item.switch or (item.flag, f"--no-{item.flag[2:]}")
        notes.append(f"default: {on if item.default else off}")
    elif item.default is not None:
        notes.append(f"default: {item.default}")
    if item.environment:
        notes.append(f"variable: {item.environment}")
    return f"{item.help}  [{'; '.join(notes)}]" if notes else item.help
