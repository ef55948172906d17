"""Names and literals: whatever people write is a name that OpenJD takes, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openjd.model import decode_job_template

from stmpo.deadline.naming import JOB_NAME_LENGTH, STEP_NAME_LENGTH, job_name, step_names
from stmpo.model.literals import literal, plain

ANYTHING = st.text(max_size=80) | st.text(alphabet='{}"\\ ab\t\n\x00\x7f', max_size=12)


def taken(*, job: str = "job", step: str = "step", argument: str = "a") -> None:
    """Fail where openjd-model refuses these."""
    run = {"command": "python", "args": [argument, f"--name={argument}"]}
    decode_job_template(
        template={
            "specificationVersion": "jobtemplate-2023-09",
            "name": job,
            "steps": [{"name": step, "script": {"actions": {"onRun": run}}}],
        }
    )


@given(ANYTHING)
def test_a_literal_is_taken_by_openjd_and_comes_back_as_it_was(text: str) -> None:
    taken(argument=literal(text))
    assert plain(literal(text)) == text


@pytest.mark.parametrize(
    "text", ["shot_[####].png", "a,b/c d_%04d.exr", "映像/größe.mov", "{a}_####.tif", "it's"]
)
def test_an_ordinary_name_stands_in_the_template_as_people_wrote_it(text: str) -> None:
    assert literal(text) == text


@pytest.mark.parametrize(
    "text", ["{{Param.ProjectFile}}", "a}}b", "{{{", '"quoted".png', "tab\there", "\x7f"]
)
def test_what_would_be_a_reference_or_is_refused_is_written_as_json(text: str) -> None:
    assert literal(text).startswith('"')
    assert not {"{", "}"} & set(literal(text))
    assert plain(literal(text)) == text


@pytest.mark.parametrize("text", ['"', '"half.png', '"a" b.png'])
def test_what_only_looks_like_a_literal_is_left_as_it_is(text: str) -> None:
    """A file name that somebody typed into the dialog."""
    assert plain(text) == text


@given(st.lists(ANYTHING, max_size=40))
def test_step_names_are_taken_unique_and_within_length(names: list[str]) -> None:
    steps = step_names(names)
    assert len(steps) == len(names) == len(set(steps))
    for step in steps:
        assert len(step.encode("utf-16-le")) // 2 <= STEP_NAME_LENGTH
        taken(step=step)


def test_names_that_are_equal_after_cleaning_are_counted() -> None:
    names = ["Main", "main", " Main ", "Maïn", "Main\u3000", "", "\t", "Main (2)"]
    assert step_names(names) == [
        *("Main", "main (2)", "Main (3)", "Maïn", "Main (4)", "Item", "Item (2)", "Main (2) (2)"),
    ]


def test_a_long_name_is_cut_where_its_number_still_fits() -> None:
    first, second = step_names(["長" * 100, "長" * 100])
    assert first == "長" * 64
    assert second == "長" * 60 + " (2)"
    assert step_names(["😀" * 100]) == ["😀" * 32]


@given(ANYTHING)
def test_a_jobs_name_is_taken_whatever_it_holds(text: str) -> None:
    name = job_name(text)
    taken(job=name)
    assert 0 < len(name.encode("utf-16-le")) // 2 <= JOB_NAME_LENGTH
