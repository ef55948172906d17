"""The pieces of job templates: JSON fragments from which the panel and this package compose jobs.

    parameter_definitions_job_fragment.json             parameters that every job has once
    parameter_definitions_{image,video}_fragment.json   parameters of one queue item in a job of its own
    job_environments_fragment.json                      runtime, output folders, fonts
    step_{image,video}_fragment.json                    one queue item
    start.bat                                           finds a Python on the worker; embedded in the runtime
                                                        environment
    scripts/                                            the scripts that a worker runs

A step fragment is a complete step. It takes its item's values from the item's parameters
(`{{Param.Frames}}`). The complete templates beside the fragments consist of those parameters and that step.
In a job of several items, each item's values replace those references (`stmpo.deadline.template`).

`python -m stmpo.deadline.fragments --write` composes the complete templates and embeds `start.bat`; a test
fails if they differ from their fragments.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from stmpo.model.errors import BadInput

COMPLETE_TEMPLATES = ("template.json", "image_template.json", "video_template.json")
"""`template.json` (one image sequence) makes the folder a job bundle."""

ENVIRONMENTS = "job_environments_fragment.json"

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE.parents[2] / "DeadlineCloudSubmitter_Assets" / "JobTemplate", _HERE / "job_template")
"""Folders of the pieces: in the repository for an editable install, or in the installed package."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """The fragments as read. They are shared: copy them before you change them."""

    folder: Path
    job_parameters: list[dict[str, Any]]
    image_parameters: list[dict[str, Any]]
    video_parameters: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    image_step: dict[str, Any]
    video_step: dict[str, Any]


def fragments_folder() -> Path:
    """Return the folder that holds the pieces.

    Raises:
        BadInput: this installation has no pieces.
    """
    for place in _PLACES:
        if (place / "step_image_fragment.json").is_file():
            return place
    raise BadInput(f"the job template pieces are missing from {_HERE}; install stmpo again")


def load_fragments(folder: Path | None = None) -> Fragments:
    """Read the fragments from `folder`, by default from this installation's folder.

    Raises:
        BadInput: a fragment is missing, is not JSON, or lacks a part that jobs are composed with.
    """
    folder = fragments_folder() if folder is None else folder
    pieces = Fragments(
        folder=folder,
        job_parameters=_read(folder, "parameter_definitions_job_fragment.json", list),
        image_parameters=_read(folder, "parameter_definitions_image_fragment.json", list),
        video_parameters=_read(folder, "parameter_definitions_video_fragment.json", list),
        environments=_read(folder, ENVIRONMENTS, list),
        image_step=_read(folder, "step_image_fragment.json", dict),
        video_step=_read(folder, "step_video_fragment.json", dict),
    )
    _check(pieces)
    return pieces


def _check(pieces: Fragments) -> None:
    """Check that every part exists which composing a job uses. OpenJD checks the rest when a job is made."""
    shared = {_at(item, "job parameters", "name") for item in pieces.job_parameters}
    for name in ("ProjectFile", "CondaPackages"):
        if name not in shared:
            raise BadInput(f"the job template pieces in {pieces.folder} have no job parameter {name}")
    folders = [
        item for item in pieces.image_parameters if _at(item, "image parameters", "name") == "OutputDir"
    ]
    _at(folders, "image parameters", 0, "userInterface", "label")
    _at(pieces.environments, "environments", 0, "variables", "STMPO_SCRIPTS")
    for environment in pieces.environments:
        for name in _at(environment, "environments", "script", "actions"):
            _at(environment, "environments", "script", "actions", name, "args", 0)
        for number, file in enumerate(environment["script"].get("embeddedFiles", ())):
            if _at(file, f"embedded file {number}", "name") == "Folders":
                _at(file, "list of folders", "data")
    _at(pieces.image_step, "image step", "parameterSpace", "taskParameterDefinitions", 0, "chunks")
    for step in (pieces.image_step, pieces.video_step):
        _at(step, "steps", "script", "actions", "onRun", "args", 0)


def _at(value: Any, where: str, *path: str | int) -> Any:
    try:
        return reduce(getitem, path, value)
    except (KeyError, IndexError, TypeError):
        raise BadInput(
            f"the job template pieces lack {'.'.join(map(str, path))} in their {where}; install stmpo again"
        ) from None


def _read(folder: Path, name: str, kind: type) -> Any:
    path = folder / name
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}") from None
    if not isinstance(value, kind):
        raise BadInput(f"{path}: expected {'a list' if kind is list else 'an object'}")
    return value


def copy_scripts(destination: Path) -> None:
    """Copy the worker's scripts into `destination` (a bundle's `scripts`), without caches and wheels."""
    shutil.copytree(
        fragments_folder() / "scripts",
        destination,
        ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "wheels"),
        dirs_exist_ok=True,
    )


def complete_templates(pieces: Fragments) -> dict[str, str]:
    """Return file name and text of the complete templates."""
    image = _alone(pieces, pieces.image_parameters, pieces.image_step, "After Effects frames")
    video = _alone(pieces, pieces.video_parameters, pieces.video_step, "After Effects movie")
    return {
        name: json.dumps(video if name.startswith("video") else image, indent=2, ensure_ascii=False) + "\n"
        for name in COMPLETE_TEMPLATES
    }


def _alone(
    pieces: Fragments, parameters: list[dict[str, Any]], step: dict[str, Any], name: str
) -> dict[str, Any]:
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": name,
        "description": "One render queue item, rendered by several aerender processes on each worker.",
        "parameterDefinitions": [*pieces.job_parameters, *parameters],
        "jobEnvironments": pieces.environments,
        "steps": [step],
    }


def environments_with_start(pieces: Fragments) -> tuple[str, str]:
    """Return the text of the environments' fragment, and the same with the present `start.bat` in it."""
    text = (pieces.folder / ENVIRONMENTS).read_text(encoding="utf-8")
    start = (pieces.folder / "start.bat").read_text(encoding="utf-8")
    files = [
        file for environment in pieces.environments for file in environment["script"].get("embeddedFiles", ())
    ]
    old = next(file["data"] for file in files if file["name"] == "Start")
    return text, text.replace(json.dumps(old, ensure_ascii=False), json.dumps(start, ensure_ascii=False))


def main(arguments: list[str]) -> int:
    """Write the composed files with `--write`; otherwise print which of them differ from their fragments."""
    write, drifted = arguments == ["--write"], 0
    pieces = load_fragments()
    fragment, wanted = environments_with_start(pieces)
    if write and fragment != wanted:
        (pieces.folder / ENVIRONMENTS).write_text(wanted, encoding="utf-8", newline="\n")
        pieces = load_fragments()
    for name, text in {**complete_templates(pieces), ENVIRONMENTS: wanted}.items():
        path = pieces.folder / name
        if write:
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            drifted += 1
            sys.stdout.write(f"{path} differs from its fragments; run with --write\n")
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
