"""The pieces: complete templates have not drifted, and every parameter is an option as declared."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from openjd.model import decode_job_template

from stmpo.deadline import fragments
from stmpo.deadline.fragments import COMPLETE_TEMPLATES, complete_templates, copy_scripts, load_fragments
from stmpo.deadline.validation import check_job
from stmpo.engine.cancel import CANCEL_RESERVE
from stmpo.model.errors import BadInput
from stmpo.model.options import JobOptions, Option, RunOptions, declared
from stmpo.worker.job_parameters import ITEM_PARAMETERS, VARIABLE_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

PIECES = load_fragments()
NOT_OPTIONS = {"ProjectFile", "AllowMissingFonts", "JobScriptDir", "CondaPackages"}
CHUNKS = {"FramesPerTask", "TargetRuntime"}
"""Parameters that the template itself, its environments or the farm use."""

OPTIONS = {
    item.parameter: item for kind in (JobOptions, RunOptions) for item in declared(kind) if item.parameter
}
JOB = {item["name"]: item for item in PIECES.job_parameters}
EITHER = pytest.mark.parametrize("step", [PIECES.image_step, PIECES.video_step], ids=["image", "video"])


def template(name: str) -> Any:
    return json.loads((PIECES.folder / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", COMPLETE_TEMPLATES)
def test_a_complete_template_is_what_its_fragments_make(name: str) -> None:
    """`python -m stmpo.deadline.fragments --write` makes it so."""
    assert (PIECES.folder / name).read_text(encoding="utf-8") == complete_templates(PIECES)[name]


@pytest.mark.parametrize("name", COMPLETE_TEMPLATES)
def test_a_complete_template_is_valid_under_the_base_limits(name: str) -> None:
    decode_job_template(template=template(name), supported_extensions=["TASK_CHUNKING"])


def test_a_target_runtime_is_accepted_and_more_frames_than_a_chunk_takes_are_not(tmp_path: Path) -> None:
    values = {
        "ProjectFile": "/p/a.aep",
        "OutputDir": "/out",
        "OutputFileName": "a_[#].png",
        "Frames": "1-300",
    }
    assert check_job(template("template.json"), {**values, "TargetRuntime": 300}, tmp_path) == 3
    assert check_job(template("template.json"), {**values, "FramesPerTask": 150}, tmp_path) == 2
    with pytest.raises(BadInput, match=r"OpenJD refuses the job: .*FramesPerTask"):
        check_job(template("template.json"), {**values, "FramesPerTask": 151}, tmp_path)


def test_the_command_writes_them_and_says_which_have_drifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "JobTemplate"
    shutil.copytree(PIECES.folder, folder)
    monkeypatch.setattr(fragments, "_PLACES", (folder,))
    assert fragments.main([]) == 0
    (folder / "template.json").write_text("{}", encoding="utf-8")
    assert fragments.main([]) == 1
    assert "template.json differs from its fragments" in capsys.readouterr().out
    with (folder / "start.bat").open("a", encoding="utf-8") as start:
        start.write("rem changed\n")
    assert fragments.main([]) == 1
    assert "job_environments_fragment.json differs from its fragments" in capsys.readouterr().out
    assert fragments.main(["--write"]) == 0
    assert fragments.main([]) == 0
    assert "rem changed" in (folder / "template.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(JOB))
def test_a_parameter_of_the_dialog_is_explained_labelled_and_grouped(name: str) -> None:
    item = JOB[name]
    assert item["description"].endswith(".")
    interface = item["userInterface"]
    if name in {"JobScriptDir", "CondaPackages"}:
        assert interface == {"control": "HIDDEN"}
        assert item["default"]
    else:
        assert interface["label"]
        assert interface["groupLabel"]


@pytest.mark.parametrize("item", OPTIONS.values(), ids=lambda item: item.name)
def test_every_option_that_names_a_parameter_has_it_with_the_same_default_and_bounds(item: Option) -> None:
    assert item.parameter is not None
    if item.parameter in ITEM_PARAMETERS:
        return
    parameter = JOB[item.parameter]
    types = {int: {"INT"}, float: {"FLOAT", "INT"}, str: {"STRING", "PATH"}, bool: {"STRING"}}
    assert parameter["type"] in types[item.type]
    assert parameter.get("minValue") == item.minimum
    if item.choices is not None:
        assert set(parameter["allowedValues"]) == set(item.choices)
    if item.type is bool:
        assert parameter["allowedValues"] == ["true", "false"]
        assert parameter["userInterface"]["control"] == "CHECK_BOX"
        assert parameter["default"] == str(item.default is not item.parameter_inverts).lower()
    else:
        assert parameter["default"] == ("" if item.default is None else item.default)


def test_every_parameter_is_an_option_or_the_templates_own() -> None:
    image = {item["name"] for item in PIECES.image_parameters}
    video = {item["name"] for item in PIECES.video_parameters}
    assert image - CHUNKS == video == ITEM_PARAMETERS
    assert set(JOB) - NOT_OPTIONS == set(OPTIONS) - ITEM_PARAMETERS


def test_the_runtime_environment_carries_every_parameter_to_the_worker() -> None:
    variables = PIECES.environments[0]["variables"]
    options = {f"{VARIABLE_PREFIX}{name}": f"{{{{Param.{name}}}}}" for name in JOB if name not in NOT_OPTIONS}
    assert variables == {"STMPO_SCRIPTS": "{{Param.JobScriptDir}}", **options}


@EITHER
def test_a_cancel_notifies_and_leaves_time_for_the_longest_grace(step: dict[str, Any]) -> None:
    """The runner gives the renderers two thirds of what is granted, without a reserve."""
    cancelation = step["script"]["actions"]["onRun"]["cancelation"]
    assert cancelation["mode"] == "NOTIFY_THEN_TERMINATE"
    granted = cancelation["notifyPeriodInSeconds"] - CANCEL_RESERVE
    assert granted * 2 / 3 >= JOB["ChildGraceSec"]["maxValue"]


@EITHER
def test_every_step_has_a_time_limit_and_asks_for_a_system_that_after_effects_runs_on(
    step: dict[str, Any],
) -> None:
    assert step["script"]["actions"]["onRun"]["timeout"] > 3600
    assert step["hostRequirements"]["attributes"] == [
        {"name": "attr.worker.os.family", "anyOf": ["windows", "macos"]}
    ]


def test_scripts_are_a_few_lines_over_the_package() -> None:
    scripts = sorted((PIECES.folder / "scripts").glob("*.py"))
    assert [path.stem for path in scripts] == [
        *(
            "call_aerender",
            "create_output_directory",
            "font_manager",
            "get_user_fonts",
            "runtime",
            "stmpo_wrapper",
        ),
    ]
    assert all(len(path.read_text(encoding="utf-8").splitlines()) < 25 for path in scripts)


def test_scripts_are_copied_without_caches_and_without_wheels(tmp_path: Path) -> None:
    copy_scripts(tmp_path / "bundle" / "scripts")
    copied = {path.name for path in (tmp_path / "bundle" / "scripts").rglob("*")}
    assert {"runtime.py", "numa_map.json"} <= copied
    assert not [
        name for name in copied if name.endswith((".pyc", ".whl")) or name in {"__pycache__", "wheels"}
    ]


@pytest.mark.parametrize(("text", "words"), [("{", "is not JSON"), ("[]", "expected an object")])
def test_a_fragment_that_was_broken_by_hand_is_named(tmp_path: Path, text: str, words: str) -> None:
    folder = tmp_path / "JobTemplate"
    shutil.copytree(PIECES.folder, folder)
    (folder / "step_image_fragment.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=rf"step_image_fragment\.json.*{words}"):
        load_fragments(folder)
    (folder / "step_image_fragment.json").unlink()
    with pytest.raises(BadInput, match=r"step_image_fragment\.json cannot be read"):
        load_fragments(folder)


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("step_image_fragment.json", ("parameterSpace", "taskParameterDefinitions", 0, "chunks")),
        ("step_image_fragment.json", ("parameterSpace", "taskParameterDefinitions", 0)),
        ("step_video_fragment.json", ("script", "actions")),
        ("job_environments_fragment.json", (1, "script", "actions", "onEnter", "args")),
        ("job_environments_fragment.json", (0, "script")),
        ("job_environments_fragment.json", (0, "variables")),
        ("job_environments_fragment.json", (1, "script", "embeddedFiles", 0, "data")),
        ("parameter_definitions_image_fragment.json", (4, "userInterface")),
        ("parameter_definitions_image_fragment.json", (4,)),
        ("parameter_definitions_job_fragment.json", (0,)),
        ("parameter_definitions_job_fragment.json", (3, "name")),
    ],
)
def test_a_fragment_that_lacks_what_jobs_need_is_refused_in_one_line(
    tmp_path: Path, file: str, path: tuple[Any, ...]
) -> None:
    folder = tmp_path / "JobTemplate"
    shutil.copytree(PIECES.folder, folder)
    fragment = json.loads((folder / file).read_text(encoding="utf-8"))
    place = fragment
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    (folder / file).write_text(json.dumps(fragment), encoding="utf-8")
    with pytest.raises(BadInput, match="the job template pieces") as refusal:
        load_fragments(folder)
    assert "\n" not in str(refusal.value)


def test_an_installation_without_pieces_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "_PLACES", (tmp_path,))
    with pytest.raises(BadInput, match="install stmpo again"):
        load_fragments()


def test_the_shipped_numa_map_is_one_that_can_be_read() -> None:
    from stmpo.machine.numa_map import read  # noqa: PLC0415

    assert len(read(PIECES.folder / "scripts" / "numa_map.json").nodes) == 2


def test_a_script_that_looks_for_no_label_needs_no_carriage_returns() -> None:
    """Windows' cmd reads 512 bytes at a time when it looks for a label, and may miss it after an LF alone."""
    (file,) = load_fragments().environments[0]["script"]["embeddedFiles"]
    commands = [line for line in file["data"].split("::sh\nsession")[0].splitlines()[1:] if line[:3] != "rem"]
    assert not any(word in line for line in commands for word in ("goto", "call :"))
