"""The command line's options come from their declarations, every one of them, and are asked only when given."""

from __future__ import annotations

from typing import Any

import pytest

from stmpo.model.options import JobOptions, Option, RunOptions, declared

pytest.importorskip("click", reason="click is not installed")

import click
from click.testing import CliRunner

from stmpo.cli import bare
from stmpo.cli.options import add_options, given

OPTIONS = [*declared(JobOptions), *declared(RunOptions)]
EACH = pytest.mark.parametrize("item", OPTIONS, ids=lambda item: item.name)
SAMPLES: dict[type, tuple[str, Any]] = {int: ("7", 7), float: ("7.5", 7.5), str: ("-a b=é", "-a b=é")}


@click.command()
@add_options(JobOptions)
@add_options(RunOptions)
@click.pass_context
def command(context: click.Context, /, **values: Any) -> None:
    context.obj.update(given(values))


def parsed(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    result = CliRunner().invoke(command, list(arguments), obj=found)
    assert result.exit_code == 0, result.output
    return found


def switches(item: Option) -> tuple[str, str]:
    return item.switch or (item.flag, f"--no-{item.flag[2:]}")


def test_what_was_not_given_is_not_there() -> None:
    """So that the environment is asked."""
    assert parsed() == {}


@EACH
def test_every_option_is_read_and_reaches_its_field(item: Option) -> None:
    if item.type is bool:
        on, off = switches(item)
        assert parsed(on) == {item.name: True}
        assert parsed(off) == {item.name: False}
        assert parsed(on, off) == {item.name: False}
    else:
        text, value = SAMPLES[item.type]
        assert parsed(item.flag, text) == {item.name: value}
        assert parsed(f"{item.flag}={text}") == {item.name: value}


@EACH
def test_the_help_names_flag_default_and_variable(item: Option) -> None:
    (option,) = [found for found in command.params if found.name == item.name]
    assert isinstance(option, click.Option)
    line = option.help or ""
    assert line.startswith(item.help)
    assert {*option.opts, *option.secondary_opts} == ({*switches(item)} if item.type is bool else {item.flag})
    if item.environment:
        assert f"variable: {item.environment}" in line
    if item.default is not None:
        default = switches(item)[not item.default] if item.type is bool else item.default
        assert f"default: {default}" in line


def test_a_switch_of_its_own_replaces_the_usual_pair() -> None:
    assert parsed("--disable-affinity") == {"affinity": False}
    assert CliRunner().invoke(command, ["--no-affinity"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["--concurrency", "four"], ["--spawn-delay", "x"], ["--mfr=1"], ["--unknown"]]
)
def test_what_cannot_be_read_is_bad_input(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments, obj={})
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_negative_frames_are_a_value_and_no_flag() -> None:
    assert parsed("--frames", "-5--1") == {"frames": "-5--1"}


@EACH
def test_without_click_every_option_is_read_the_same(item: Option) -> None:
    if item.type is bool:
        on, off = switches(item)
        assert bare.parsed(["shot.aep", on])[item.name] is True
        assert bare.parsed([on, off, "shot.aep"])[item.name] is False
    else:
        text, value = SAMPLES[item.type]
        assert bare.parsed([item.flag, text, "shot.aep"])[item.name] == value
        assert bare.parsed(["shot.aep", f"{item.flag}={text}"])[item.name] == value
    assert bare.parsed(["shot.aep"])[item.name] is None
