"""A job template for any number of render queue items, composed from the pieces (`stmpo.deadline.fragments`).

Values that all items share are parameters of the job. Values that differ (queue item, frames, file name) are
written into each item's step in place of its fragment's references, so that forty items need no more
parameters than one. Only folders need a parameter each; items in one place share it
(`stmpo.deadline.output_roots`).

The frames are known here, so a sequence's tasks are range expressions (`stmpo.deadline.frame_tasks`). Very
many tasks stay chunks, which the service divides.

`compose` is pure: values in, the template out. `output_parameters` returns the values of its output folders.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from stmpo.deadline.fragments import Fragments, load_fragments
from stmpo.deadline.frame_tasks import MAX_CHUNK, UNKNOWN_WORKER_FRAMES, tasks_of
from stmpo.deadline.naming import job_name, step_names
from stmpo.deadline.output_roots import PlacedOutput, place_outputs
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.literals import literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS_IN_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """One render queue item."""

    name: str
    """The comp's name. It becomes the step's name; it need not be unique."""

    rqindex: int
    """Its number in the render queue, counted from 1."""

    frames: str
    """An OpenJD range expression; empty for a movie over its own time span."""

    output: str
    """Absolute file pattern on the submitting machine, Windows or POSIX."""

    kind: Literal["image", "video"] = "image"
    """`image`: a sequence, divided into tasks. `video`: a movie or sound, one task."""

    after: tuple[int, ...] = ()
    """Queue items (`rqindex`) of this job whose output it shows: its step waits for theirs."""

    default_size: int = UNKNOWN_WORKER_FRAMES
    """Frames per task, unless `TemplateOptions.frames_per_task` gives a number."""


@dataclass(frozen=True, slots=True)
class TemplateOptions:
    """Values of the whole job that are written into the template."""

    name: str = "After Effects"
    description: str = ""
    os_families: tuple[str, ...] = ("windows", "macos")
    """Systems of the workers: `windows`, `macos`, `linux`. Empty: any."""

    min_vcpus: int | None = None
    min_memory_mib: int | None = None
    min_gpus: int | None = None
    amounts: Mapping[str, float] = field(default_factory=dict)
    """Least amounts of the farm's own limits, such as licences, by their names after `amount.`."""

    frames_per_task: int | None = None
    """Frames of a sequence in one task; None: each item's `default_size`."""

    task_timeout_seconds: int = 2 * SECONDS_IN_A_DAY
    """Limit for one task, which is then stopped as by a cancel."""

    environment_timeout_seconds: int = 300
    python: str | None = None
    """The command that starts Python on a worker: a name or a path. None: `STMPO_PYTHON` there, or else
    the first of `python`, `python3`, `py` that is new enough (`start.bat` among the pieces)."""

    conda_packages: str | None = None
    """Default of `CondaPackages`, for example `aftereffects=25.1`; None leaves the pieces' own."""


def compose(
    items: Sequence[ItemSpec], options: TemplateOptions, pieces: Fragments | None = None
) -> dict[str, Any]:
    """Return the job template that renders these items, with one step per item, in their order.

    Raises:
        BadInput: there is no item, or the frames or output of one cannot be rendered.
    """
    if not items:
        raise BadInput("there is no render queue item to render; queue one, or choose one with --item N")
    pieces = load_fragments() if pieces is None else pieces
    roots, placed = place_outputs([item.output for item in items])
    template: dict[str, Any] = {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": job_name(options.name),
    }
    if options.description.strip():
        template["description"] = job_name(options.description)
    template["parameterDefinitions"] = _parameters(pieces, roots, options)
    template["jobEnvironments"] = _environments(pieces, placed, options)
    names = step_names(item.name for item in items)
    step_of = {item.rqindex: name for item, name in zip(items, names, strict=True)}
    template["steps"] = [
        {
            **_step(pieces, item, name, place, options),
            **_waits(item, step_of),
        }
        for item, name, place in zip(items, names, placed, strict=True)
    ]
    if not any(map(_has_chunks, template["steps"])):
        del template["extensions"]
    return template


def output_parameters(items: Sequence[ItemSpec]) -> dict[str, str]:
    """Return the values of the template's `OutputDir…` parameters: folders on the submitting machine.

    Raises:
        BadInput: as `compose`.
    """
    return place_outputs([item.output for item in items])[0]


def _parameters(
    pieces: Fragments, roots: Mapping[str, str], options: TemplateOptions
) -> list[dict[str, Any]]:
    shared = copy.deepcopy(pieces.job_parameters)
    if options.conda_packages is not None:
        next(item for item in shared if item["name"] == "CondaPackages")["default"] = options.conda_packages
    folder = next(item for item in pieces.image_parameters if item["name"] == "OutputDir")
    folders = []
    for name in roots:
        mine = copy.deepcopy(folder)
        mine["name"] = name
        mine["userInterface"]["label"] += name.removeprefix("OutputDir") and f" {name[9:]}"
        folders.append(mine)
    return [shared[0], *folders, *shared[1:]]


def _environments(
    pieces: Fragments, placed: Sequence[PlacedOutput], options: TemplateOptions
) -> list[dict[str, Any]]:
    environments = copy.deepcopy(pieces.environments)
    if options.python is not None:
        environments[0]["variables"]["STMPO_PYTHON"] = options.python
    for environment in environments:
        script = environment["script"]
        for action in script["actions"].values():
            action["timeout"] = options.environment_timeout_seconds
        for file in script.get("embeddedFiles", ()):
            if file["name"] == "Folders":
                file["data"] = _folder_list(placed)
    return environments


def _folder_list(placed: Sequence[PlacedOutput]) -> str:
    """Return the list that `stmpo.worker.output_folders` reads: each root, then its folders, each once."""
    under: dict[str, dict[str, None]] = {}
    for place in placed:
        folder = place.rest.rpartition("/")[0]
        under.setdefault(place.parameter, {})[f"{folder}/_" if folder else "_"] = None
    lines = [
        line
        for parameter, files in under.items()
        for line in (f"{{{{Param.{parameter}}}}}", *(f" {literal(file)}" for file in files))
    ]
    return "".join(f"{line}\n" for line in lines)


def _step(
    pieces: Fragments, item: ItemSpec, name: str, place: PlacedOutput, options: TemplateOptions
) -> dict[str, Any]:
    frames = _frames(item)
    values = {
        "{{Param.RenderQueueIndex}}": str(item.rqindex),
        "{{Param.Frames}}": item.frames.strip(),
        "{{Param.OutputDir}}": f"{{{{Param.{place.parameter}}}}}",
        "{{Param.OutputFileName}}": literal(place.rest),
    }
    step: dict[str, Any] = _filled(pieces.video_step if item.kind == "video" else pieces.image_step, values)
    step["name"] = name
    step.pop("hostRequirements", None)
    requirements = _requirements(options)
    if requirements:
        step["hostRequirements"] = requirements
    run = step["script"]["actions"]["onRun"]
    run["timeout"] = options.task_timeout_seconds
    if item.kind == "image" and frames is not None:
        definition = step["parameterSpace"]["taskParameterDefinitions"][0]
        tasks = tasks_of(frames, options.frames_per_task, item.default_size)
        if tasks is not None:
            step["parameterSpace"]["taskParameterDefinitions"][0] = {
                "name": definition["name"],
                "type": "STRING",
                "range": tasks,
            }
        else:  # in contiguous chunks, every second frame would become a task of its own
            constraint = "NONCONTIGUOUS" if len(frames.runs()) > 1 else "CONTIGUOUS"
            size = min(options.frames_per_task or MAX_CHUNK, MAX_CHUNK)
            definition["chunks"] = {"defaultTaskCount": size, "rangeConstraint": constraint}
    return step


def _waits(item: ItemSpec, step_of: Mapping[int, str]) -> dict[str, Any]:
    """Return the part of a step that makes it wait for the steps whose output it shows."""
    return {"dependencies": [{"dependsOn": step_of[index]} for index in item.after]} if item.after else {}


def _has_chunks(step: Mapping[str, Any]) -> bool:
    return "parameterSpace" in step and "chunks" in step["parameterSpace"]["taskParameterDefinitions"][0]


def _frames(item: ItemSpec) -> FrameSet | None:
    if item.rqindex < 1:
        raise BadInput(f"{item.name}: render queue items are counted from 1, not {item.rqindex}")
    if item.kind == "video" and not item.frames.strip():
        return None
    try:
        frames = FrameSet.parse(item.frames)
    except BadInput as error:
        raise BadInput(f"{item.name}: {str(error).removeprefix('--')}") from None
    if item.kind == "video" and len(frames.runs()) > 1:
        raise BadInput(f"{item.name}: a movie needs frames without a gap, not {item.frames}")
    return frames


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """Return a copy with an item's values in place of its references."""
    if isinstance(value, dict):
        return {key: _filled(part, values) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, values) for part in value]
    if isinstance(value, str):
        for reference, text in values.items():
            value = value.replace(reference, text)
    return value


def _requirements(options: TemplateOptions) -> dict[str, Any]:
    requirements: dict[str, Any] = {}
    amounts = [
        {"name": name, "min": least}
        for name, least in (
            ("amount.worker.vcpu", options.min_vcpus),
            ("amount.worker.memory", options.min_memory_mib),
            ("amount.worker.gpu", options.min_gpus),
            *((f"amount.{name}", least) for name, least in options.amounts.items()),
        )
        if least is not None
    ]
    if amounts:
        requirements["amounts"] = amounts
    if options.os_families:
        requirements["attributes"] = [{"name": "attr.worker.os.family", "anyOf": list(options.os_families)}]
    return requirements
