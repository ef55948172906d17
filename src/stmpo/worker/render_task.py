"""Renders one task of a step: `call_aerender.py` on a worker.

    call_aerender.py --project=P --rqindex=N --output_dir=FOLDER --output_name=PATTERN [--frames=RANGE]

The frames are a chunk as the farm cuts it (`3-7`, `-3--1`, `5-5`, or with gaps `1-7:2`). A movie that covers
its own time span has none. Everything else comes from the job's parameters (`stmpo.worker.job_parameters`).

The place of the journal depends on the output:

- Output inside the session's folder (job attachments): the journal lies in the session's folder too, because
every
  file beside the frames would be uploaded with them. A task that is run again in its session continues there.
- Output elsewhere (shared storage, a local disk) outlives the session. The journal lies beside the frames, in
  `.stmpo`, in a folder per task and job: the first worker would lock a common one. So any worker that runs
  the task again continues it. `STMPO_JOURNAL_DIR` in the workers' environment names another place. The
  journal of a task that succeeded is removed, so that a task which somebody runs once more renders its frames
  anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from stmpo.api import SESSION_VARIABLE, run_render
from stmpo.model.errors import ExitCode
from stmpo.model.literals import plain
from stmpo.system import paths
from stmpo.system.command_parser import CommandParser
from stmpo.worker.job_parameters import task_options
from stmpo.worker.junctions import junction_rules, through_junctions
from stmpo.worker.openjd_session import run_script, wrong_arguments
from stmpo.worker.output_folders import checked_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from stmpo.model.options import RunOptions
    from stmpo.worker.junctions import Rules

SESSION_JOURNALS = "stmpo-journal"
"""Folder of the journals inside the session's folder."""

JOURNALS_BESIDE_OUTPUT = ".stmpo"
"""Folder of the journals beside frames that outlive the session."""


class TaskArguments(CommandParser):
    """Arguments that only a template's author writes."""

    def error(self, message: str) -> NoReturn:
        """Refuse in one line, as for all of the scripts."""
        raise wrong_arguments(f"{self.prog}: {message}")


def main(arguments: Sequence[str]) -> int:
    """Render the task's frames; return the run's exit code."""
    parser = TaskArguments("call_aerender.py")
    parser.add_argument("--project", required=True)
    parser.add_argument("--rqindex", required=True, type=int)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--output_name", required=True)
    parser.add_argument("--frames", default="")
    return render_task(parser.parse_args(arguments), os.environ, Path.cwd())


def render_task(given: argparse.Namespace, environ: Mapping[str, str], folder: Path) -> int:
    """Render with the values of the arguments, the job's parameters and the environment.

    Raises:
        StmpoError: the user can correct the error.
    """
    root, name = Path(given.output_dir), plain(given.output_name)
    output = checked_folder(root, name) / Path(name).name
    frames = given.frames.strip() or None
    rules = junction_rules(environ)
    job: dict[str, Any] = {"rqindex": given.rqindex, "output": through_junctions(str(output), rules)}
    if frames is not None:
        job["frames"] = frames
    task = _task_name(given.rqindex, frames)
    journal = _journal_folder(environ, output, task)
    run = {} if journal is None else {"journal_dir": through_junctions(str(journal), rules)}
    job_options, run_options, sources = task_options(job, run, environ)
    if run_options.log_file is not None:  # a file per task: in a common one tasks would overwrite each other
        log = Path(run_options.log_file)
        run_options = replace(run_options, log_file=str(log.with_name(f"{log.stem}_{task}{log.suffix}")))
    run_options = _short_scratch(run_options, environ, rules)
    project = through_junctions(given.project, rules)
    summary = run_render(project, job_options, run_options, sources=sources, folder=folder)
    if summary.exit_code is ExitCode.OK and journal is not None and journal.name != SESSION_JOURNALS:
        _remove_journal(Path(summary.journal))
    return int(summary.exit_code)


def _short_scratch(options: RunOptions, environ: Mapping[str, str], rules: Rules) -> RunOptions:
    """Return the options with the scratch folder through its junction, also if it is the session's."""
    scratch = options.scratch_dir or environ.get(SESSION_VARIABLE, "")
    short = through_junctions(scratch, rules)
    return options if short == scratch else replace(options, scratch_dir=short)


def _journal_folder(environ: Mapping[str, str], output: Path, task: str) -> Path | None:
    """Return the folder of the task's journal; None outside a session: the run then has its own default."""
    session = environ.get(SESSION_VARIABLE, "")
    if not session:
        return None
    job = environ.get("DEADLINE_JOB_ID", "")
    name = f"{hashlib.blake2b(job.encode(), digest_size=4).hexdigest()}_{task}" if job else task
    if shared := environ.get("STMPO_JOURNAL_DIR", ""):
        return Path(shared) / name
    if paths.is_inside(output, Path(session)):
        return Path(session) / SESSION_JOURNALS
    return output.parent / JOURNALS_BESIDE_OUTPUT / name


def _remove_journal(journal: Path) -> None:
    """Remove a task's journal, and its folders if they are empty then."""
    with contextlib.suppress(OSError):  # harmless if it stays: the next job does not look there
        journal.unlink()
        journal.parent.rmdir()
        if journal.parent.parent.name == JOURNALS_BESIDE_OUTPUT:
            journal.parent.parent.rmdir()


def _task_name(rqindex: int, frames: str | None) -> str:
    """Return the task's name for file names, such as `3_1-10`."""
    if frames is None:
        return str(rqindex)
    return f"{rqindex}_{frames.replace(':', 'x').replace(',', '+')[:60]}"


if __name__ == "__main__":
    sys.exit(run_script(main))
