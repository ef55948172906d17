"""The options of a Deadline Cloud job, for `stmpo bundle` and `stmpo submit`, and the job made of them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.text import visible
from stmpo.system import paths
from stmpo.system.command_parser import CommandParser, number

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from stmpo.deadline.bundle import WrittenBundle
    from stmpo.deadline.request import JobRequest, PreparedJob

_DEADLINE = {
    "priority": "deadline:priority",
    "initial_state": "deadline:targetTaskRunStatus",
    "max_failed_tasks": "deadline:maxFailedTasksCount",
    "max_retries_per_task": "deadline:maxRetriesPerTask",
    "max_workers": "deadline:maxWorkerCount",
}
"""Options that are the service's own, and their names in a bundle."""

_OF_A_BUNDLE = frozenset({"name", "parameters", *_DEADLINE})
"""The options that a bundle that is already written still takes."""


def add_job_options(parser: CommandParser) -> None:
    """Give a command the options of a job."""
    item = "Render queue item, counted from 1.  [default: all ticked items]"
    also = "Also send this file or folder, which the project needs but does not list as footage."
    parser.value("--item", "N", item, dest="items", each=True, type=number(int))
    parser.value("--frames", "RANGE", "Frames to render, if a single item is chosen.")
    parser.flag("--allow-blank", "Allow frames that the comp does not have; they are blank.")
    parser.value("--output-dir", "FOLDER", "Deliver to this folder; file names stay the same.")
    parser.value("--also", "PATH", also, each=True)
    parser.value("--name", "TEXT", "Name of the job.  [default: the project's name]")
    parameter = "Set a job parameter, such as Concurrency=12."
    parser.value("-p/--parameter", "NAME=VALUE", parameter, dest="parameters", each=True)
    parser.flag("--continue-on-missing-footage", "Send the job even if footage is missing.")
    _add_service_options(parser)
    _add_worker_options(parser)
    _add_font_options(parser)


def _add_service_options(parser: CommandParser) -> None:
    state = "READY (tasks start at once) or SUSPENDED."
    parser.value("--priority", "N", "Priority of the job, 0 to 100.", type=number(int, 0, 100))
    parser.value("--initial-state", "STATE", state, choices=("READY", "SUSPENDED"))
    parser.value("--max-failed-tasks", "N", "Failed tasks that fail the job.", type=number(int, 0))
    parser.value("--max-retries-per-task", "N", "Retries of a task.", type=number(int, 0))
    parser.value("--max-workers", "N", "Most workers at a time; -1 is no limit.", type=number(int, -1))
    parser.value("--task-timeout", "SECONDS", "Stop a task after this many seconds.", type=number(int, 1))
    parser.value("--conda-packages", "LIST", "Packages for a queue with a Conda environment.")


def _add_worker_options(parser: CommandParser) -> None:
    systems = "Operating systems of workers: windows, macos, linux, or any.  [default: windows,macos]"
    memory = "Least memory of a worker, in GB (2^30 bytes)."
    seats = "Amount of a limit of the farm that a task takes, such as licences.  [N: the job's Concurrency]"
    parser.value("--os", "LIST", systems, dest="systems")
    parser.value("--min-vcpus", "N", "Fewest vCPUs of a worker.", type=number(int, 1))
    parser.value("--min-memory-gb", "N", memory, type=number(int, 1))
    parser.value("--min-gpus", "N", "Fewest GPUs of a worker.", type=number(int, 1))
    parser.value("--require", "NAME[=N]", seats, dest="required", each=True)
    parser.value("--python", "COMMAND", "Python on a worker.  [default: the first that is new enough]")
    add_wheel_options(parser)


def add_wheel_options(parser: CommandParser) -> None:
    """Give a command the options that say which wheels of psutil travel."""
    parser.value("--wheels", "FOLDER", "Folder with wheels of psutil, for workers without it.", each=True)
    parser.flag("--offline", "Download no wheels; use those on this machine.")


def _add_font_options(parser: CommandParser) -> None:
    every = "Also send fonts that their licence bits restrict or that come from Adobe Fonts."
    most = "Most MB of fonts to send (10^6 bytes).  [default: 250]"
    font = "Also send this font, which only an effect or an expression uses (PostScript name)."
    parser.flag("--no-fonts", "Send no fonts: the workers have them.")
    parser.flag("--all-fonts", every)
    parser.value("--max-fonts-mb", "N", most, type=number(int, 1))
    parser.value("--font", "NAME", font, dest="font_names", each=True)
    add_font_folders(parser)


def add_font_folders(parser: CommandParser) -> None:
    """Give a command the option that names further folders of fonts."""
    text = "Look for fonts in this folder first, then in the system's folders."
    parser.value("--font-folder", "FOLDER", text, dest="font_folders", each=True)


def given_for_a_project(given: Namespace) -> list[str]:
    """Return the given options that are for a project and not for a bundle, as a user writes them."""
    parser = CommandParser("stmpo")
    add_job_options(parser)
    flags = parser.flags().items()
    return [flag for name, flag in flags if name not in _OF_A_BUNDLE and getattr(given, name, None)]


def request_of(project: Path, given: Namespace) -> JobRequest:
    """Return the job that the options ask for.

    Raises:
        BadInput: a parameter or a list cannot be read.
    """
    from stmpo.deadline.request import MISSING_FOOTAGE_PARAMETER, JobRequest  # noqa: PLC0415 - `--help` does not need it

    parameters = parameters_of(given.parameters)
    output_dir = None if given.output_dir is None else path_of(given.output_dir, "--output-dir")
    if output_dir is not None and paths.is_file(output_dir):
        raise BadInput(f"--output-dir {output_dir} is a file; give a folder")
    if given.continue_on_missing_footage:
        parameters[MISSING_FOOTAGE_PARAMETER] = "true"
    return JobRequest(
        project=project,
        items=tuple(given.items),
        frames=given.frames,
        allow_blank=given.allow_blank,
        output_dir=output_dir,
        also=tuple(path_of(place, "--also") for place in given.also),
        name=given.name,
        parameters=parameters,
        deadline=service_values(given),
        options=_template_options(given),
        fonts=_fonts_policy(given),
        font_names=_font_names(given.font_names),
        font_folders=folders_of(given.font_folders, "--font-folder"),
    )


def path_of(text: str, option: str) -> Path:
    """Return the absolute path of a file or folder given by this option or argument.

    Raises:
        BadInput: it is empty, as an unset variable in a script is (it would mean the current folder), or it
            is not UTF-8, which the documents of a job are.
    """
    from stmpo.engine.prepare import absolute  # noqa: PLC0415

    if not text.strip():
        raise BadInput(f"{option} is empty; give a path")
    path = absolute(Path.cwd(), text)
    if not paths.is_text(str(path)):
        raise BadInput(f"{option} {path}: the name is not UTF-8, so no job can hold it; rename it")
    return path


def folders_of(texts: Sequence[str], option: str) -> tuple[Path, ...]:
    """Return the absolute paths of folders given by this option.

    Raises:
        BadInput: one of them is not a folder.
    """
    folders = tuple(path_of(text, option) for text in texts)
    for folder in folders:
        if not paths.is_folder(folder):
            raise BadInput(f"{option} {folder} is not a folder")
    return folders


def service_values(given: Namespace) -> dict[str, str | int]:
    """Return the `deadline:` values that were given.

    Raises:
        BadInput: zero workers are asked for, which the service refuses.
    """
    if given.max_workers == 0:
        raise BadInput("--max-workers 0 would render nothing; give 1 or more, or -1 for any number")
    return {name: getattr(given, key) for key, name in _DEADLINE.items() if getattr(given, key) is not None}


def parameters_of(texts: Sequence[str]) -> dict[str, str]:
    """Read each `NAME=VALUE`; a later one replaces an earlier one.

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


def prepared(project: Path, given: Namespace) -> PreparedJob:
    """Check the job, print what was found, and refuse a job that would not render.

    Raises:
        BadInput: the job would not render, or the project cannot be read.
    """
    from stmpo.deadline.request import prepare_job  # noqa: PLC0415

    result = prepare_job(request_of(project, given), os.environ)
    for finding in result.findings:
        print(visible(str(finding)), file=sys.stderr)
    if result.left_out and not given.items:  # a user who has chosen items knows which ones are left out
        print(f"not rendered: {visible(result.left_out)}", file=sys.stderr)
    if result.bundle is None:
        raise BadInput(result.refusal)
    return result


def job_size(job: PreparedJob, tasks: int) -> str:
    """Return the size of a job: "1 item, 24 tasks, 3 files"."""
    from stmpo.model.text import plural  # noqa: PLC0415 - `--help` does not need it

    files = 0 if job.bundle is None else len(job.bundle.inputs) + len(job.bundle.fonts.copies)
    return f"{plural(len(job.items), 'item')}, {plural(tasks, 'task')}, {plural(files, 'file')}"


def written(job: PreparedJob, folder: Path, given: Namespace) -> WrittenBundle:
    """Write the bundle, and warn of workers that need psutil installed.

    Raises:
        BadInput: OpenJD refuses the bundle, or it cannot be written.
    """
    from stmpo.deadline.bundle import write_bundle  # noqa: PLC0415

    assert job.bundle is not None
    sources = folders_of(given.wheels, "--wheels")
    done = write_bundle(job.bundle, folder, wheels=sources, download=not given.offline)
    wanted = _systems(given.systems) or ("windows", "macos")
    warn_without_psutil([system for system in wanted if system not in done.systems], "the job")
    return done


def warn_without_psutil(systems: Sequence[str], carrier: str) -> None:
    """Warn if no psutil travels for these systems with `carrier`, such as "the job"."""
    if systems:
        print(
            f"warning: no psutil for {' and '.join(systems)} travels with {carrier}; workers there need it installed "
            "(or give --wheels FOLDER)",
            file=sys.stderr,
        )


def _font_names(texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        if not text.strip() or not text.isprintable():
            raise BadInput(
                f"--font {text!r} is not a font's name; give its PostScript name, such as Name-Bold"
            )
    return tuple(text.strip() for text in texts)


def _fonts_policy(given: Namespace) -> Any:
    from stmpo.fonts.collect import SIZE_LIMIT, CollectPolicy  # noqa: PLC0415

    most = given.max_fonts_mb
    return CollectPolicy(
        no_fonts=given.no_fonts,
        all_fonts=given.all_fonts,
        limit=SIZE_LIMIT if most is None else most * 10**6,
    )


def _template_options(given: Namespace) -> Any:
    from stmpo.deadline.template import TemplateOptions  # noqa: PLC0415

    chosen = {
        "os_families": _systems(given.systems),
        "min_vcpus": given.min_vcpus,
        "min_memory_mib": None if given.min_memory_gb is None else given.min_memory_gb * 1024,
        "task_timeout_seconds": given.task_timeout,
        "min_gpus": given.min_gpus,
        "amounts": _amounts(given.required, parameters_of(given.parameters)),
        "python": given.python,
        "conda_packages": given.conda_packages,
    }
    return TemplateOptions(**{name: value for name, value in chosen.items() if value is not None})


def _amounts(texts: Sequence[str], parameters: dict[str, str]) -> dict[str, float]:
    """Read each `NAME=N`. Without N it is the number of processes: each of them takes a seat.

    Raises:
        BadInput: one of them is something else, or the number of processes is not chosen.
    """
    amounts = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.removeprefix("amount.")
        value = value if equals else parameters.get("Concurrency", "0")
        if not re.fullmatch(r"[A-Za-z_][\w.]*", name, re.ASCII) or name.startswith("worker."):
            raise BadInput(f'--require {text!r}: write NAME=N, by the name of the limit after "amount."')
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", value) or float(value) == 0:
            way = "write NAME=N" if equals else "add -p Concurrency=N, or write NAME=N"
            raise BadInput(f"--require {text!r}: the number of seats is not known; {way}")
        amounts[name] = float(value) if "." in value else int(value)
    return amounts


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
