"""What a task renders: its chunk, its item, and the job's parameters as options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.deadline.fragments import load_fragments
from stmpo.model.errors import BadInput, ExitCode
from stmpo.model.frames import FrameSet
from stmpo.model.literals import literal
from stmpo.model.options import JobOptions, RunOptions, Source, declared
from stmpo.worker import render_task
from stmpo.worker.job_parameters import ITEM_PARAMETERS, VARIABLE_PREFIX, chosen_values

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = [
    (kind, item)
    for kind in (JobOptions, RunOptions)
    for item in declared(kind)
    if item.parameter is not None and item.parameter not in ITEM_PARAMETERS
]
EACH = pytest.mark.parametrize(("kind", "item"), PARAMETERS, ids=[item.name for _, item in PARAMETERS])


class Asked:
    """Stands in for the engine: what a task would have rendered."""

    exit_code = ExitCode.OK
    journal = "/nowhere/.f.stmpo.jsonl"

    def __call__(
        self, project: str, job: JobOptions, options: RunOptions, *, sources: dict[str, Source], folder: Path
    ) -> Asked:
        self.project, self.job, self.options, self.sources = project, job, options, sources
        return self


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The engine's stand-in, in its place."""
    asked = Asked()
    monkeypatch.setattr(render_task, "run_render", asked)
    return asked


def run(tmp_path: Path, *more: str, name: str = "f_[####].png") -> int:
    return render_task.main(
        ["--project=/p/a.aep", "--rqindex=3", f"--output_dir={tmp_path}", f"--output_name={name}", *more]
    )


@pytest.mark.parametrize(
    ("chunk", "frames"),
    [
        ("3-7", range(3, 8)),
        ("-3--1", range(-3, 0)),
        ("5-5", [5]),
        ("1-7:2", [1, 3, 5, 7]),
        ("-5", [-5]),
        ("2,9", [2, 9]),
    ],
)
def test_a_chunk_as_the_farm_cuts_it(tmp_path: Path, asked: Asked, chunk: str, frames: Any) -> None:
    assert run(tmp_path, f"--frames={chunk}") == 0
    assert (asked.project, asked.job.rqindex) == ("/p/a.aep", 3)
    assert asked.job.frames is not None
    assert FrameSet.parse(asked.job.frames).frames == tuple(frames)


def test_a_movie_without_frames_keeps_its_own_time_span(tmp_path: Path, asked: Asked) -> None:
    run(tmp_path, "--frames=", name="x.mov")
    assert asked.job.frames is None


@pytest.mark.parametrize("name", ["f_[####].png", "a, b/f_[####].png", "-f_[####].png", "{{x}}/f_[####].png"])
def test_the_output_is_the_name_under_the_jobs_folder(tmp_path: Path, asked: Asked, name: str) -> None:
    run(tmp_path, "--frames=1", name=literal(name))
    assert asked.job.output == str(tmp_path / name)


def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, asked: Asked) -> None:
    with pytest.raises(BadInput, match="does not lie inside"):
        run(tmp_path, "--frames=1", name="../f.png")


def test_output_in_the_session_has_its_journal_in_the_session(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the frames it would travel back with them."""
    run(tmp_path, "--frames=1")
    assert asked.options.journal_dir is None
    monkeypatch.setenv("OPENJD_SESSION_WORKING_DIR", str(tmp_path.parent))
    run(tmp_path, "--frames=1")
    assert asked.options.journal_dir == str(tmp_path.parent / "stmpo-journal")


def test_output_that_outlives_the_session_has_a_journal_for_each_task_beside_it(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for all would be locked by the first worker; one for each lets any worker go on with a task."""
    monkeypatch.setenv("OPENJD_SESSION_WORKING_DIR", str(tmp_path / "session"))
    run(tmp_path, "--frames=1-10", name="a/f_[####].png")
    assert asked.options.journal_dir == str(tmp_path / "a" / ".stmpo" / "3_1-10")
    places = set()
    for job in ("job-1", "job-2"):  # sent again, a job renders again: its footage may be another
        monkeypatch.setenv("DEADLINE_JOB_ID", job)
        run(tmp_path, "--frames=1-10", name="a/f_[####].png")
        places.add(asked.options.journal_dir)
    assert len(places) == 2
    assert all(str(place).endswith("_3_1-10") for place in places)


def test_a_studios_own_folder_holds_a_journal_for_each_task(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENJD_SESSION_WORKING_DIR", str(tmp_path / "session"))
    monkeypatch.setenv("STMPO_JOURNAL_DIR", str(tmp_path / "studio"))
    run(tmp_path, "--frames=1-10")
    assert asked.options.journal_dir == str(tmp_path / "studio" / "3_1-10")


@pytest.mark.parametrize(
    ("chunk", "name"),
    [("1-10", "render_3_1-10.log"), ("1-7:2,9", "render_3_1-7x2+9.log"), ("", "render_3.log")],
)
def test_each_task_has_a_log_file_of_its_own(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch, chunk: str, name: str
) -> None:
    monkeypatch.setenv("STMPO_PARAM_LogFile", str(tmp_path / "render.log"))
    run(tmp_path, f"--frames={chunk}")
    assert asked.options.log_file == str(tmp_path / name)


@EACH
def test_a_parameter_sets_its_option_and_its_default_says_nothing(kind: Any, item: Any) -> None:
    assert item.parameter is not None
    default = next(
        parameter["default"]
        for parameter in load_fragments().job_parameters
        if parameter["name"] == item.parameter
    )
    assert chosen_values(kind, {VARIABLE_PREFIX + item.parameter: str(default)}) == {}
    texts: dict[type, tuple[str, Any]] = {int: ("7", 7), float: ("7.0", 7.0), str: ("/x", "/x")}
    texts[bool] = ("false" if default == "true" else "true", not item.default)
    text, value = texts[item.type]
    if item.choices is not None:
        text = value = next(choice for choice in item.choices if choice != default)
    assert chosen_values(kind, {VARIABLE_PREFIX + item.parameter: text}) == {item.name: value}


def test_what_the_job_leaves_at_its_default_the_worker_may_set(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STMPO_PARAM_MaxConcurrency", "24")
    monkeypatch.setenv("STMPO_MAX_CONCURRENCY", "12")
    run(tmp_path, "--frames=1")
    assert (asked.options.max_concurrency, asked.sources["max_concurrency"]) == (12, Source.ENVIRONMENT)
    monkeypatch.setenv("STMPO_PARAM_MaxConcurrency", "30")
    run(tmp_path, "--frames=1")
    assert (asked.options.max_concurrency, asked.sources["max_concurrency"]) == (30, Source.COMMAND_LINE)


@pytest.mark.parametrize(
    ("name", "text"), [("Concurrency", "many"), ("DisableMFR", "maybe"), ("SpawnDelay", "x")]
)
def test_a_value_that_cannot_be_read_is_refused_by_the_parameters_name(name: str, text: str) -> None:
    with pytest.raises(BadInput, match=f"{name}="):
        chosen_values(RunOptions, {VARIABLE_PREFIX + name: text})


@given(
    st.dictionaries(
        st.sampled_from([VARIABLE_PREFIX + str(item.parameter) for _, item in PARAMETERS]), st.text()
    )
)
def test_any_values_are_options_or_one_line(environ: dict[str, str]) -> None:
    refusals = []
    try:
        values = {**chosen_values(JobOptions, environ), **chosen_values(RunOptions, environ)}
    except BadInput as refusal:
        refusals, values = [str(refusal)], {}
    assert not [text for text in refusals if "\n" in text]
    assert values.keys() <= {item.name for _, item in PARAMETERS}


@pytest.mark.parametrize("arguments", [[], ["--rqindex=x"], ["--project=/p/a.aep", "--unknown"]])
def test_other_arguments_are_one_line(arguments: list[str]) -> None:
    with pytest.raises(BadInput, match=r"wrong arguments; call_aerender\.py: ") as refusal:
        render_task.main(arguments)
    assert "\n" not in str(refusal.value)


def test_paths_below_an_asset_root_are_rendered_through_its_junction(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Project, output, journal and scratch; footage is found relative to the project."""
    rules = [("/p", "J:"), (str(tmp_path), "K:")]
    monkeypatch.setattr(render_task, "junction_rules", lambda _: rules)
    monkeypatch.setenv("OPENJD_SESSION_WORKING_DIR", str(tmp_path / "session"))
    assert run(tmp_path, "--frames=1-3") == 0
    assert asked.project == r"J:\a.aep"
    assert asked.job.output == r"K:\f_[####].png"
    assert asked.options.scratch_dir == r"K:\session"
    assert str(asked.options.journal_dir).startswith("K:\\")
