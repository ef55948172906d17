"""Option declarations: each said once, and read alike from the command line and the environment."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.options import JobOptions, Option, RunOptions, Source, declared, resolve
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob

OPTIONS = [*declared(JobOptions), *declared(RunOptions)]
BY_NAME = {item.name: item for item in OPTIONS}
EACH = pytest.mark.parametrize("item", OPTIONS, ids=lambda item: item.name)
BOUNDED = [item for item in OPTIONS if item.minimum is not None]
KINDS: dict[str, Any] = {item.name: kind for kind in (JobOptions, RunOptions) for item in declared(kind)}


def resolved(name: str, command_line: dict[str, Any], environ: dict[str, str]) -> tuple[Any, Source]:
    options, sources = resolve(KINDS[name], command_line, environ)
    return getattr(options, name), sources[name]


@EACH
def test_every_option_is_explained(item: Option) -> None:
    assert item.help.endswith(".")
    assert "\n" not in item.help
    assert len(item.help) > 15


@EACH
def test_every_default_is_within_the_options_own_bounds_and_of_its_type(item: Option) -> None:
    assert item.checked(item.default) == item.default
    assert item.default is None or isinstance(item.default, item.type)


def test_names_flags_variables_and_parameters_are_used_once() -> None:
    flags = [flag for item in OPTIONS for flag in (item.flag, *(item.switch or ()))]
    variables = [item.environment for item in OPTIONS if item.environment]
    parameters = [item.parameter for item in OPTIONS if item.parameter]
    for names in ([item.name for item in OPTIONS], flags, variables, parameters):
        assert len(names) == len(set(names))
    assert all(name.startswith("STMPO_") and name.isupper() for name in variables)
    assert all(name.isidentifier() and name[0].isupper() for name in parameters)


def test_a_negated_flag_is_no_other_options_flag() -> None:
    flags = {item.flag for item in OPTIONS}
    assert not {f"--no-{item.flag[2:]}" for item in OPTIONS if item.type is bool} & flags


@EACH
def test_the_command_line_beats_the_environment_which_beats_the_default(item: Option) -> None:
    values: dict[type, tuple[Any, str, Any]] = {
        int: (7, "8", 8),
        float: (7.5, "8.5", 8.5),
        str: ("flag", "variable", "variable"),
        bool: (True, "off", False),
    }
    flag, text, read = values[item.type]
    if item.choices is not None:
        flag, text, read = item.choices[0], item.choices[-1], item.choices[-1]
    environ = {item.environment: text} if item.environment else {"": text}
    assert resolved(item.name, {}, {}) == (item.default, Source.DEFAULT)
    assert resolved(item.name, {item.name: flag}, environ) == (flag, Source.COMMAND_LINE)
    if item.environment:
        assert resolved(item.name, {}, environ) == (read, Source.ENVIRONMENT)
        assert resolved(item.name, {}, {item.environment: ""}) == (item.default, Source.DEFAULT)
    else:
        assert resolved(item.name, {}, environ) == (item.default, Source.DEFAULT)


def test_aerender_path_of_the_environment_is_no_spelling_of_the_flag() -> None:
    environ = {"AERENDER_PATH": "a", "STMPO_AERENDER_PATH": "b", "": "c"}
    assert resolved("aerender_path", {}, environ) == (None, Source.DEFAULT)


@pytest.mark.parametrize("item", BOUNDED, ids=lambda item: item.name)
def test_a_value_below_its_bound_is_refused_from_either_side_in_one_line(item: Option) -> None:
    assert item.minimum is not None
    low = item.type(math.ceil(item.minimum) - 1)
    for command_line, environ, spelled in (
        ({item.name: low}, {}, item.flag),
        ({}, {item.environment: str(low)}, item.environment),
    ):
        with pytest.raises(BadInput, match="must be at least") as refused:
            resolve(KINDS[item.name], command_line, environ)
        assert str(refused.value).startswith(spelled)
    lowest = item.type(item.minimum)
    assert resolved(item.name, {item.name: lowest}, {})[0] == lowest


NUMBERS = [item for item in OPTIONS if item.type in {int, float}]


@pytest.mark.parametrize("item", NUMBERS, ids=lambda item: item.name)
def test_every_number_has_a_maximum_and_a_larger_one_is_refused_in_one_short_line(item: Option) -> None:
    assert item.maximum is not None
    assert 1000 <= item.maximum <= 1 << 40
    for large in (item.type(item.maximum) + 1, item.type(10**300)):
        for command_line, environ in (({item.name: large}, {}), ({}, {item.environment: str(large)})):
            with pytest.raises(BadInput, match="must be at most") as refused:
                resolve(KINDS[item.name], command_line, environ)
            assert len(str(refused.value)) < 200
    with pytest.raises(BadInput, match="must be at most"):
        resolve(KINDS[item.name], {item.name: 10**9999 if item.type is int else 1e308}, {})
    assert resolved(item.name, {item.name: item.type(item.maximum)}, {})[0] == item.maximum


@pytest.mark.parametrize("item", [o for o in OPTIONS if o.environment and (o.type is not str or o.choices)])
def test_a_refused_text_is_shown_shortened(item: Option) -> None:
    with pytest.raises(BadInput) as refused:
        resolve(KINDS[item.name], {}, {item.environment: "x" * 100_000})
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("item", [o for o in OPTIONS if o.type is float], ids=lambda item: item.name)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused(item: Option, value: float) -> None:
    with pytest.raises(BadInput, match="a finite number is wanted"):
        resolve(KINDS[item.name], {item.name: value}, {})
    with pytest.raises(BadInput, match="a finite number is wanted"):
        resolve(KINDS[item.name], {}, {item.environment: str(value)})


@given(st.sampled_from([item for item in OPTIONS if item.environment]), st.text(max_size=12))
def test_any_text_in_a_variable_is_read_or_refused_in_words(item: Option, text: str) -> None:
    try:
        value, _ = resolved(item.name, {}, {item.environment: text})
    except BadInput as error:
        said = str(error)
    else:
        assert value is None or isinstance(value, item.type)
        return
    assert item.environment in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("concurrency", "four", "a whole number"),
        ("concurrency", "1.5", "a whole number"),
        ("concurrency", "9" * 5000, "a whole number"),
        ("spawn_delay", "2s", "a number"),
        ("mfr", "maybe", "true or false"),
    ],
)
def test_a_variable_of_the_wrong_type_says_what_is_wanted(name: str, text: str, wanted: str) -> None:
    with pytest.raises(BadInput, match=f"{wanted} is wanted"):
        resolved(name, {}, {BY_NAME[name].environment: text})


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), (" Yes ", True), ("ON", True), ("0", False), ("False", False)]
)
def test_truth_is_spelled_in_several_ways(text: str, value: bool) -> None:
    assert resolved("mfr", {}, {"STMPO_MFR": text})[0] is value


def test_the_numbers_that_farms_rely_on() -> None:
    """A change of one of these is announced in the change log."""
    options = RunOptions()
    assert (options.concurrency, options.max_concurrency, options.ram_per_process_gb) == (0, 24, 32.0)
    assert (options.max_frame_retries, options.kill_on_fail, options.resume) == (2, True, True)


def test_a_job_is_called_by_its_comp_or_its_queue_item() -> None:
    output = OutputPattern.parse("a_[#].png", Path.cwd())
    job = RenderJob(project=Path("film.aep"), comp="Main", rqindex=None, frames=FrameSet((1,)), output=output)
    assert job.title == "film.aep, Main"
    assert replace(job, comp=None, rqindex=3).title == "film.aep, queue item 3"
    assert replace(job, comp=None).title == "film.aep"
    assert not job.single_file
    assert replace(job, output=OutputPattern.parse("a.mov", Path.cwd())).single_file
