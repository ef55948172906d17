"""Command lines: every declared option is an argument, and what cannot be read is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from stmpo.model.errors import BadInput
from stmpo.model.options import JobOptions, Option, RunOptions, declared
from stmpo.system.command_parser import CommandParser, add_options, described, number
from tests.cli.command import refusal

OPTIONS = [*declared(JobOptions), *declared(RunOptions)]
EACH = pytest.mark.parametrize("item", OPTIONS, ids=lambda item: item.name)
SAMPLES: dict[type, tuple[str, Any]] = {int: ("7", 7), float: ("7.5", 7.5), str: ("-a b=é", "-a b=é")}


def parser() -> CommandParser:
    made = CommandParser("stmpo render")
    add_options(made, JobOptions, RunOptions)
    return made


def parsed(*arguments: str) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in vars(parser().read(arguments)).items() if value is not None}


def test_what_was_not_given_is_not_there() -> None:
    """So that the environment is asked."""
    assert parsed() == {}


@EACH
def test_every_option_is_read_and_reaches_its_field(item: Option) -> None:
    if item.type is bool:
        on, off = item.switches
        assert parsed(on) == {item.name: True}
        assert parsed(off) == {item.name: False}
        assert parsed(on, off) == {item.name: False}
    else:
        text, value = SAMPLES[item.type]
        assert parsed(item.flag, text) == {item.name: value}
        assert parsed(f"{item.flag}={text}") == {item.name: value}


@EACH
def test_the_help_names_flag_default_and_variable(item: Option) -> None:
    (action,) = [found for found in parser()._actions if found.dest == item.name]
    line = action.help or ""
    assert line.startswith(item.help.replace("%", "%%"))
    assert line == described(item).replace("%", "%%")
    assert {*action.option_strings} == ({*item.switches} if item.type is bool else {item.flag})
    if item.environment:
        assert f"variable: {item.environment}" in line
    if item.default is not None:
        default = item.switches[not item.default] if item.type is bool else item.default
        assert f"default: {default}" in line


def test_a_switch_of_its_own_replaces_the_usual_pair() -> None:
    assert parsed("--disable-affinity") == {"affinity": False}
    with pytest.raises(BadInput, match="unknown option --no-affinity"):
        parsed("--no-affinity")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--concurrency", "four"],
        ["--spawn-delay", "x"],
        ["--mfr=1"],
        ["--unknown"],
        ["--frames"],
        ["--frames", "--"],
    ],
)
def test_what_cannot_be_read_is_bad_input(arguments: list[str]) -> None:
    line = refusal("render", "shot.aep", *arguments)
    assert arguments[0].partition("=")[0] in line
    assert line.endswith('see "stmpo render --help"\n')


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["render", "--fames", "1", "shot.aep"], "--frames"),
        (["render", "shot.aep", "--output-dir=x"], "--output"),
        (["submit", "--dryrun"], "--dry-run"),
        (["panel", "zip", "--ofline"], "--offline"),
        (["panel", "instal"], "install"),
        (["rendr"], "render"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest_name(arguments: list[str], nearest: str) -> None:
    assert f"(did you mean {nearest}?)" in refusal(*arguments)


def test_options_are_not_abbreviated() -> None:
    assert "unknown option --conc" in refusal("render", "shot.aep", "--conc", "3")


@pytest.mark.parametrize("value", ["-5--1", "--output", "-", ""])
def test_a_value_may_look_like_an_option(value: str) -> None:
    assert parsed("--frames", value) == {"frames": value}


def test_behind_two_dashes_everything_is_an_argument() -> None:
    made = parser()
    made.add_argument("project")
    assert made.read(["--frames", "1", "--", "--frames"]).project == "--frames"


def test_a_short_option_takes_its_value_apart_or_joined() -> None:
    made = CommandParser("stmpo")
    made.add_argument("-p", "--parameter", action="append")
    assert made.read(["-p", "-A=1", "-pB=2", "--parameter=C=3"]).parameter == ["-A=1", "B=2", "C=3"]


@pytest.mark.parametrize("text", ["-1", "11", "x", "1.5", ""])
def test_a_number_has_its_bounds(text: str) -> None:
    made = CommandParser("stmpo")
    made.add_argument("--processes", type=number(int, 0, 10))
    with pytest.raises(BadInput, match="--processes: a whole number from 0 to 10 is wanted, not "):
        made.read(["--processes", text])


@pytest.mark.parametrize(
    "text", ["1" + "0" * 30, "9" * 4000, "2147483648", "-2147483648", "nan", "inf", "1e300"]
)
@pytest.mark.parametrize("kind", [int, float])
def test_a_number_has_bounds_even_where_none_is_stated(kind: type, text: str) -> None:
    parser = CommandParser("stmpo try")
    parser.value("--n", "N", "A number.", type=number(kind))
    with pytest.raises(BadInput, match=r"--n: a (whole )?number .*is wanted, not ") as refused:
        parser.read(["--n", text])
    assert len(str(refused.value)) < 250
    assert parser.read(["--n", "2147483647"]).n == 2147483647
