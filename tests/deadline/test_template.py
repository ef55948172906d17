"""A job for any number of queue items: valid under the base limits, its values where they belong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openjd.model import create_job, decode_job_template, preprocess_job_parameters

from stmpo.deadline.template import ItemSpec, TemplateOptions, compose, output_parameters
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.literals import plain
from stmpo.worker.output_folders import read_folder_list

FOLDERS = ["/mnt/nas/show", "/mnt/nas/show/größe, 映像", "/mnt/nas/show/{{x}}/y", "/home/ann/out"]
NAMES = st.text(max_size=90) | st.sampled_from(["Main", "main", " Main", "{{Param.X}}", "комп", "コンポ"])
FILES = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=20
)
FRAMES = st.sampled_from(["1-240", "-5--1", "5", "1-9:2", "1,4,7-9", " 1 - 3 ", "10-1:-1"])
ITEMS = st.builds(
    lambda name, index, frames, folder, file, image: ItemSpec(
        name,
        index,
        frames if image else "",
        f"{folder}/{file.replace('..', '')}{'_[####].png' if image else '.mov'}",
        "image" if image else "video",
    ),
    NAMES,
    st.integers(1, 500),
    FRAMES,
    st.sampled_from(FOLDERS),
    FILES,
    st.booleans(),
)


def valid(template: dict[str, Any]) -> Any:
    """As the base specification judges it, with the one extension that is used."""
    return decode_job_template(template=template, supported_extensions=["TASK_CHUNKING"])


def arguments(step: dict[str, Any]) -> dict[str, str]:
    """Flag to value of what a step runs."""
    args = step["script"]["actions"]["onRun"]["args"]
    return dict(arg.removeprefix("--").split("=", 1) for arg in args[1:])


@settings(max_examples=50)
@given(st.lists(ITEMS, min_size=1, max_size=40))
def test_any_items_make_a_valid_template_that_says_each_items_values(items: list[ItemSpec]) -> None:
    template = compose(items, TemplateOptions(name="{{job}}"))
    valid(template)
    roots = output_parameters(items)
    (made,) = template["jobEnvironments"][1]["script"]["embeddedFiles"]
    folders = {(root[8:-2], file.rpartition("/")[0]) for root, file in read_folder_list(made["data"])}
    for item, step in zip(items, template["steps"], strict=True):
        said = arguments(step)
        parameter = said["output_dir"].removeprefix("{{Param.").removesuffix("}}")
        root = roots[parameter]
        assert f"{root}/{plain(said['output_name'])}" == item.output
        assert said["rqindex"] == str(item.rqindex)
        if item.kind == "image":
            (frame,) = step["parameterSpace"]["taskParameterDefinitions"]
            assert frame["type"] == "STRING"
            tasks = [FrameSet.parse(text) for text in frame["range"]]
            assert [n for task in tasks for n in task] == list(FrameSet.parse(item.frames))
        else:
            assert "parameterSpace" not in step
            assert said["frames"] == ""
        assert (parameter, plain(said["output_name"]).rpartition("/")[0]) in folders


def test_four_hundred_folders_lengthen_no_command_line() -> None:
    """Windows takes 32,767 characters."""
    items = [ItemSpec("a", 1, "1", f"/mnt/show/{'Größe, ' * 20}{at}/f_[#].png") for at in range(400)]
    template = compose(items, TemplateOptions())
    valid(template)
    for environment in template["jobEnvironments"]:
        for action in environment["script"]["actions"].values():
            assert sum(map(len, action["args"])) < 300
    (made,) = template["jobEnvironments"][1]["script"]["embeddedFiles"]
    assert len(list(read_folder_list(made["data"]))) == 400


def forty() -> list[ItemSpec]:
    """Images and movies, names equal after cleaning, folders of their own."""
    return [
        ItemSpec(
            f" Größe 映像 {at % 3}\t",
            at + 1,
            "1-100,201-300" if at % 2 else "",
            f"/mnt/nas/shows/a long name of a show/shots/shot_{at:03}/v{at % 7:03}/shot_{at:03}_beauty"
            + ("_[#####].exr" if at % 2 else ".mov"),
            "image" if at % 2 else "video",
        )
        for at in range(40)
    ]


def test_forty_items_are_below_half_the_parameters_and_100_kb() -> None:
    template = compose(forty(), TemplateOptions(min_vcpus=64, min_memory_mib=262_144))
    valid(template)
    assert len(template["parameterDefinitions"]) < 25
    assert len(json.dumps(template, indent=2, ensure_ascii=False).encode()) < 100_000


def test_a_job_is_made_of_it_with_the_roots_as_values(tmp_path: Any) -> None:
    """Only project and output folders have no default."""
    template = valid(compose(forty(), TemplateOptions()))
    values: Any = {"ProjectFile": "/p/a.aep", **output_parameters(forty())}
    given_values = preprocess_job_parameters(
        job_template=template,
        job_parameter_values=values,
        job_template_dir=tmp_path,
        current_working_dir=tmp_path,
    )
    job = create_job(job_template=template, job_parameter_values=given_values)
    assert len(job.steps) == 40


def test_what_holds_for_the_job_is_written_into_every_step() -> None:
    options = TemplateOptions(
        name="A job", description="of two lines\nthat become one", os_families=("linux",), min_vcpus=8,
        min_memory_mib=16_384, min_gpus=1, amounts={"licence.glow": 12}, task_timeout_seconds=3600, environment_timeout_seconds=60, python="python3",
        conda_packages="aftereffects=25.1",
    )  # fmt: skip
    template = compose(forty()[:2], options)
    valid(template)
    assert (template["name"], template["description"]) == ("A job", "of two lines that become one")
    for step in template["steps"]:
        run = step["script"]["actions"]["onRun"]
        assert (run["command"], run["timeout"]) == ("python", 3600)
        assert step["hostRequirements"] == {
            "amounts": [
                {"name": "amount.worker.vcpu", "min": 8},
                {"name": "amount.worker.memory", "min": 16_384},
                {"name": "amount.worker.gpu", "min": 1},
                {"name": "amount.licence.glow", "min": 12},
            ],
            "attributes": [{"name": "attr.worker.os.family", "anyOf": ["linux"]}],
        }
    for environment in template["jobEnvironments"]:
        for action in environment["script"]["actions"].values():
            assert action["timeout"] == 60
    assert template["jobEnvironments"][0]["variables"]["STMPO_PYTHON"] == "python3"
    conda = next(item for item in template["parameterDefinitions"] if item["name"] == "CondaPackages")
    assert conda["default"] == "aftereffects=25.1"


def test_no_requirement_is_no_requirement() -> None:
    template = compose(forty()[:1], TemplateOptions(os_families=()))
    valid(template)
    assert "hostRequirements" not in template["steps"][0]


def definition(frames: str, size: int | None) -> Any:
    """The task parameter of a step of these frames."""
    item = ItemSpec("a", 1, frames, "/a/b/c_[#].png")
    template = compose([item], TemplateOptions(frames_per_task=size))
    valid(template)
    (step,) = template["steps"]
    return step["parameterSpace"]["taskParameterDefinitions"][0], template.get("extensions")


def test_tasks_are_ranges_of_any_length_and_gaps_stay_in_them() -> None:
    """Cut at every gap, `1-999:2` would be five hundred tasks of one frame."""
    parameter, extensions = definition("1-3000", 1000)
    assert parameter == {"name": "Frame", "type": "STRING", "range": ["1-1000", "1001-2000", "2001-3000"]}
    assert extensions is None, "such a template needs no extension"
    assert definition("1-999:2", 250)[0]["range"] == ["1-499:2", "501-999:2"]


@pytest.mark.parametrize(
    ("frames", "size", "constraint"), [("1-3000", 2, "CONTIGUOUS"), ("1-5999:2", 1, "NONCONTIGUOUS")]
)
def test_more_tasks_than_a_list_takes_are_chunks(frames: str, size: int, constraint: str) -> None:
    parameter, extensions = definition(frames, size)
    assert parameter["type"] == "CHUNK[INT]"
    assert parameter["chunks"] == {"defaultTaskCount": size, "rangeConstraint": constraint}
    assert extensions == ["TASK_CHUNKING"]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (ItemSpec("A", 1, "", "/a/b/c_[#].png"), "A: frames is empty"),
        (ItemSpec("A", 1, "9-1", "/a/b/c_[#].png"), "needs a negative step"),
        (ItemSpec("A", 0, "1", "/a/b/c_[#].png"), "counted from 1, not 0"),
        (ItemSpec("A", 1, "1-3,9", "/a/b/c.mov", "video"), "a movie needs frames without a gap"),
        (ItemSpec("A", 1, "1", "c_[#].png"), "not the absolute path of a file"),
    ],
)
def test_what_cannot_be_rendered_is_refused_in_one_line(item: ItemSpec, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refusal:
        compose([item], TemplateOptions())
    assert "\n" not in str(refusal.value)


def test_no_item_is_refused() -> None:
    with pytest.raises(BadInput, match="no render queue item"):
        compose([], TemplateOptions())
