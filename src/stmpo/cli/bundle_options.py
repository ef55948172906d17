"""What `stmpo bundle` and `stmpo submit` share: the options of a job, and telling what was found."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stmpo.model.errors import BadInput
from stmpo.model.text import visible
from stmpo.system import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.deadline.bundle import Written
    from stmpo.deadline.request import Prepared, Request

_F = TypeVar("_F", bound=Callable[..., Any])

_DEADLINE = {
    "priority": "deadline:priority",
    "initial_state": "deadline:targetTaskRunStatus",
    "max_failed_tasks": "deadline:maxFailedTasksCount",
    "max_retries_per_task": "deadline:maxRetriesPerTask",
    "max_workers": "deadline:maxWorkerCount",
}
"""Options that are the service's own, by what a bundle calls them."""

_OPTIONS = (
    click.option(
        "--item",
        "items",
        type=int,
        multiple=True,
        metavar="N",
        help="Queue item, from 1.  [default: all ticked ones]",
    ),
    click.option("--frames", metavar="RANGE", help="Frames of a single item, instead of its own."),
    click.option(
        "--output-dir", metavar="FOLDER", help="Deliver to this folder; file names stay as they are."
    ),
    click.option(
        "--also",
        multiple=True,
        metavar="FILE_OR_FOLDER",
        help="Send this too: what the project needs and does not name as footage.",
    ),
    click.option("--name", help="Name of the job.  [default: the project's]"),
    click.option(
        "-p",
        "--parameter",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="A job parameter, such as Concurrency=12.",
    ),
    click.option("--continue-on-missing-footage", is_flag=True, help="Send it although footage is missing."),
    click.option("--priority", type=click.IntRange(0, 100), help="Of the job, 0 to 100."),
    click.option(
        "--initial-state", type=click.Choice(["READY", "SUSPENDED"]), help="Whether tasks start at once."
    ),
    click.option("--max-failed-tasks", type=click.IntRange(0), help="Failed tasks that fail the job."),
    click.option("--max-retries-per-task", type=click.IntRange(0), help="Further attempts at a task."),
    click.option("--max-workers", type=click.IntRange(-1), help="Most workers at a time; -1 is any number."),
    click.option(
        "--os",
        "systems",
        metavar="LIST",
        help="Workers' systems: windows, macos, linux, or any.  [default: windows,macos]",
    ),
    click.option("--min-vcpus", type=click.IntRange(1), help="Least vCPUs of a worker."),
    click.option(
        "--min-memory-gb", type=click.IntRange(1), help="Least memory of a worker, in GB (2^30 bytes)."
    ),
    click.option(
        "--task-timeout", type=click.IntRange(1), metavar="SECONDS", help="Stop a task after so long."
    ),
    click.option(
        "--python", metavar="COMMAND", help="Python on a worker.  [default: the first that is new enough]"
    ),
    click.option(
        "--wheels",
        "wheels",
        multiple=True,
        metavar="FOLDER",
        help="Where wheels of psutil lie, for workers without it.",
    ),
    click.option("--offline", is_flag=True, help="Download no wheels; what is here travels with the job."),
    click.option("--no-fonts", is_flag=True, help="Send no fonts; workers have them."),
    click.option(
        "--all-fonts", is_flag=True, help="Send also fonts that licence bits or Adobe Fonts speak against."
    ),
    click.option(
        "--max-fonts-mb",
        type=click.IntRange(1),
        metavar="N",
        help="Most MB of fonts (10^6 bytes).  [default: 250]",
    ),
    click.option(
        "--font",
        "font_names",
        multiple=True,
        metavar="NAME",
        help="A font that the project does not name: of an effect, of an expression (PostScript name).",
    ),
    click.option(
        "--font-folder",
        "font_folders",
        multiple=True,
        metavar="FOLDER",
        help="Where fonts lie as well, before the system's own.",
    ),
    click.option("--conda-packages", metavar="LIST", help="Packages for a queue with a Conda environment."),
)


def job_options(function: _F) -> _F:
    """Give a command the options of a job."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def given_options(values: dict[str, Any]) -> list[str]:
    """Names of the job options that were really given, as a user writes them."""
    named = {
        "items": "--item",
        "parameters": "--parameter",
        "systems": "--os",
        "font_names": "--font",
        "font_folders": "--font-folder",
    }
    return [named.get(name, f"--{name.replace('_', '-')}") for name, value in values.items() if value]


def request_of(project: Path, values: dict[str, Any]) -> Request:
    """The job that the options ask for.

    Raises:
        BadInput: a parameter or a list that cannot be read.
    """
    from stmpo.deadline.request import MISSING_FOOTAGE, Request  # noqa: PLC0415 - `--help` does not need it

    parameters = parameters_of(values["parameters"])
    output_dir = None if values["output_dir"] is None else place_of(values["output_dir"], "--output-dir")
    if output_dir is not None and paths.is_file(output_dir):
        raise BadInput(f"--output-dir {output_dir} is a file; give a folder")
    if values["continue_on_missing_footage"]:
        parameters[MISSING_FOOTAGE] = "true"
    return Request(
        project=project,
        items=values["items"],
        frames=values["frames"],
        output_dir=output_dir,
        also=tuple(place_of(place, "--also") for place in values["also"]),
        name=values["name"],
        parameters=parameters,
        deadline=service_values(values),
        options=_template_options(values),
        fonts=_fonts_policy(values),
        font_names=_font_names(values["font_names"]),
        font_folders=folders_of(values["font_folders"], "--font-folder"),
    )


def place_of(text: str, option: str) -> Path:
    """A file or folder as given on the command line by this option or argument, absolute.

    Raises:
        BadInput: it is empty, as an unset variable in somebody's script is; that would be the current folder.
    """
    from stmpo.engine.prepare import absolute  # noqa: PLC0415

    if not text.strip():
        raise BadInput(f"{option} is empty; give a path")
    return absolute(Path.cwd(), text)


def folders_of(texts: Sequence[str], option: str) -> tuple[Path, ...]:
    """Folders as given on the command line by this option, absolute.

    Raises:
        BadInput: one of them is not a folder.
    """
    folders = tuple(place_of(text, option) for text in texts)
    for folder in folders:
        if not paths.is_folder(folder):
            raise BadInput(f"{option} {folder} is not a folder")
    return folders


def service_values(values: dict[str, Any]) -> dict[str, str | int]:
    """The `deadline:` values that were given.

    Raises:
        BadInput: no worker at all is asked for, which the service refuses.
    """
    if values["max_workers"] == 0:
        raise BadInput("--max-workers 0 would render nothing; give 1 or more, or -1 for any number")
    return {name: values[key] for key, name in _DEADLINE.items() if values[key] is not None}


def parameters_of(texts: Sequence[str]) -> dict[str, str]:
    """Read `NAME=VALUE`s; a later one wins.

    Raises:
        BadInput: one of them is something else.
    """
    parameters = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise BadInput(f"--parameter {text!r}: write NAME=VALUE, such as Concurrency=12")
        parameters[name] = value
    return parameters


def prepared(project: Path, values: dict[str, Any]) -> Prepared:
    """Look the job over, tell what was found, and refuse it where it would not render.

    Raises:
        BadInput: it would not, or it cannot be read.
    """
    from stmpo.deadline.request import prepare  # noqa: PLC0415

    result = prepare(request_of(project, values), os.environ)
    for finding in result.findings:
        print(visible(str(finding)), file=sys.stderr)
    if result.left_out and not values["items"]:  # who has chosen items knows which ones they left out
        print(f"not rendered: {visible(result.left_out)}", file=sys.stderr)
    if result.bundle is None:
        raise BadInput(result.refusal)
    return result


def counted(items: int, tasks: int, files: int) -> str:
    """How large a job is, in words."""
    from stmpo.model.text import plural  # noqa: PLC0415 - `--help` does not need it

    return f"{plural(items, 'item')}, {plural(tasks, 'task')}, {plural(files, 'file')}"


def written(job: Prepared, folder: Path, values: dict[str, Any]) -> Written:
    """Write the bundle, and tell which workers need psutil installed.

    Raises:
        BadInput: OpenJD refuses it, or it cannot be written.
    """
    from stmpo.deadline.bundle import write_bundle  # noqa: PLC0415

    assert job.bundle is not None
    sources = folders_of(values["wheels"], "--wheels")
    done = write_bundle(job.bundle, folder, wheels=sources, download=not values["offline"])
    wanted = _systems(values["systems"]) or ("windows", "macos")
    bare = [system for system in wanted if system not in done.systems]
    if bare:
        print(
            f"warning: no psutil for {' and '.join(bare)} travels with the job; workers there need it installed "
            "(or give --wheels FOLDER)",
            file=sys.stderr,
        )
    return done


def _font_names(texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        if not text.strip() or not text.isprintable():
            raise BadInput(
                f"--font {text!r} is no name of a font; give its PostScript name, such as Name-Bold"
            )
    return tuple(text.strip() for text in texts)


def _fonts_policy(values: dict[str, Any]) -> Any:
    from stmpo.fonts.collect import LIMIT, Policy  # noqa: PLC0415

    most = values["max_fonts_mb"]
    return Policy(
        nothing=values["no_fonts"],
        everything=values["all_fonts"],
        limit=LIMIT if most is None else most * 10**6,
    )


def _template_options(values: dict[str, Any]) -> Any:
    from stmpo.deadline.template import TemplateOptions  # noqa: PLC0415

    chosen = {
        "os_families": _systems(values["systems"]),
        "min_vcpus": values["min_vcpus"],
        "min_memory_mib": None if values["min_memory_gb"] is None else values["min_memory_gb"] * 1024,
        "task_timeout_seconds": values["task_timeout"],
        "python": values["python"],
        "conda_packages": values["conda_packages"],
    }
    return TemplateOptions(**{name: value for name, value in chosen.items() if value is not None})


def _systems(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    systems = tuple(name for name in re.split(r"[,\s]+", text.strip().lower()) if name)
    if systems == ("any",):
        return ()
    strangers = [name for name in systems if name not in {"windows", "macos", "linux"}]
    if strangers or not systems:
        raise BadInput(f"--os {text!r}: write windows, macos and linux with commas between them, or any")
    return systems
