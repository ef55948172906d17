"""The job template pieces: JSON fragments that the panel and this package both compose jobs from.

    parameter_definitions_job_fragment.json     what every job asks once
    parameter_definitions_{image,video}_fragment.json   what one queue item adds when it stands alone
    job_environments_fragment.json              runtime, output folders, fonts
    step_{image,video}_fragment.json            one queue item
    start.bat                                   finds a Python on the worker; stands in the runtime environment as well
    scripts/                                    what a worker runs

A step fragment is a whole step by itself: it takes its item's values from the item's parameters (`{{Param.Frames}}`).
The complete templates beside the fragments are those parameters and that step, put together. A job of several items is
made by writing each item's values in place of those references (`stmpo.deadline.template`).

`python -m stmpo.deadline.fragments --write` composes the complete templates, and puts `start.bat` into its environment; a test
fails when they have drifted.
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

COMPLETE = ("template.json", "image_template.json", "video_template.json")
"""The complete templates. `template.json` is what makes the folder a job bundle: one image sequence."""

ENVIRONMENTS = "job_environments_fragment.json"

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE.parents[2] / "DeadlineCloudSubmitter_Assets" / "JobTemplate", _HERE / "job_template")
"""Where the pieces lie: in the repository, for an editable install; in the installed package."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """The fragments, as read. They are shared: copy before changing."""

    folder: Path
    job_parameters: list[dict[str, Any]]
    image_parameters: list[dict[str, Any]]
    video_parameters: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    image_step: dict[str, Any]
    video_step: dict[str, Any]


def fragments_folder() -> Path:
    """The folder that holds the pieces.

    Raises:
        BadInput: this installation has none.
    """
    for place in _PLACES:
        if (place / "step_image_fragment.json").is_file():
            return place
    raise BadInput(f"the job template pieces are missing from {_HERE}; install stmpo again")


def load_fragments(folder: Path | None = None) -> Fragments:
    """Read the fragments from `folder`, else from where this installation has them.

    Raises:
        BadInput: a fragment is missing, is not JSON, or lacks what jobs are composed with.
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
    """That everything is there which composing a job looks for; whether OpenJD takes the rest is seen in the job."""
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
        raise BadInput(f"{path}: {'a list' if kind is list else 'an object'} is wanted")
    return value


def copy_scripts(destination: Path) -> None:
    """Copy what a worker runs into `destination` (a bundle's `scripts` folder), without caches and without wheels."""
    shutil.copytree(
        fragments_folder() / "scripts",
        destination,
        ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "wheels"),
        dirs_exist_ok=True,
    )


def complete_templates(pieces: Fragments) -> dict[str, str]:
    """File name to text of the complete templates."""
    image = _alone(pieces, pieces.image_parameters, pieces.image_step, "After Effects frames")
    video = _alone(pieces, pieces.video_parameters, pieces.video_step, "After Effects movie")
    return {
        name: json.dumps(video if name.startswith("video") else image, indent=2, ensure_ascii=False) + "\n"
        for name in COMPLETE
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


def with_start(pieces: Fragments) -> tuple[str, str]:
    """The environments' fragment as it is, and as it is with `start.bat` in it."""
    text = (pieces.folder / ENVIRONMENTS).read_text(encoding="utf-8")
    start = (pieces.folder / "start.bat").read_text(encoding="utf-8")
    files = [
        file for environment in pieces.environments for file in environment["script"].get("embeddedFiles", ())
    ]
    old = next(file["data"] for file in files if file["name"] == "Start")
    return text, text.replace(json.dumps(old, ensure_ascii=False), json.dumps(start, ensure_ascii=False))


def main(arguments: list[str]) -> int:
    """`--write` writes what is made of other files; without it, say which have drifted."""
    write, drifted = arguments == ["--write"], 0
    pieces = load_fragments()
    fragment, wanted = with_start(pieces)
    if write and fragment != wanted:
        (pieces.folder / ENVIRONMENTS).write_text(wanted, encoding="utf-8", newline="\n")
        pieces = load_fragments()
    for name, text in {**complete_templates(pieces), ENVIRONMENTS: wanted}.items():
        path = pieces.folder / name
        if write:
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            drifted += 1
            sys.stdout.write(f"{path} is not what its fragments make; run with --write\n")
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
