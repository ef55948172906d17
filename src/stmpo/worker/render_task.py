"""One task of a step: `call_aerender.py` on a worker.

    call_aerender.py --project=P --rqindex=N --output_dir=FOLDER --output_name=PATTERN [--frames=RANGE]

The frames are a chunk as the farm cuts it (`3-7`, `-3--1`, `5-5`, or with gaps `1-7:2`); none for a movie over its own
time span. Everything else comes from the job's parameters (`stmpo.worker.job_parameters`).

What the run needs besides its output stays in the session's folder, and so does its journal where the output does: with
job attachments, what lies beside the frames travels back with them, and a task that is run again in its session goes on
where it stopped.

An output outside the session's folder is shared storage, or this machine's: it outlives the session. There the journal lies
beside the frames, in `.stmpo`, a folder for each task of each job, as one for all would be locked by the first worker. So
whatever worker runs a task again goes on with it. `STMPO_JOURNAL_DIR` in the workers' environment names another place. The
journal of a task that has succeeded is removed: somebody who has the farm run it once more wants its frames anew.
"""

from __future__ import annotations

import argparse
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
from stmpo.worker.job_parameters import options
from stmpo.worker.openjd_session import run, usage
from stmpo.worker.output_folders import folder_under

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JOURNALS = "stmpo-journal"
"""The journals' folder in the session's."""

BESIDE = ".stmpo"
"""The journals' folder beside frames that outlive the session."""


class TaskArguments(argparse.ArgumentParser):
    """Arguments whose refusal is one line, as every other."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing a page of usage into the task's log."""
        raise usage(f"{self.prog}: {message}")


def main(arguments: Sequence[str]) -> int:
    """Render the task's frames; the exit code says how it went."""
    return render_task(_parser().parse_args(arguments), os.environ, Path.cwd())


def render_task(given: argparse.Namespace, environ: Mapping[str, str], folder: Path) -> int:
    """Render with what the arguments, the job's parameters and the environment say.

    Raises:
        StmpoError: what a user can act on.
    """
    root, name = Path(given.output_dir), plain(given.output_name)
    output = folder_under(root, name) / Path(name).name
    frames = given.frames.strip() or None
    job: dict[str, Any] = {"rqindex": given.rqindex, "output": str(output)}
    if frames is not None:
        job["frames"] = frames
    task = _name(given.rqindex, frames)
    journal = _journal_dir(environ, output, task)
    asked = {} if journal is None else {"journal_dir": str(journal)}
    job_options, run_options, sources = options(job, asked, environ)
    if run_options.log_file is not None:  # one for each task: many would write over each other's
        log = Path(run_options.log_file)
        run_options = replace(run_options, log_file=str(log.with_name(f"{log.stem}_{task}{log.suffix}")))
    summary = run_render(given.project, job_options, run_options, sources=sources, folder=folder)
    if summary.exit_code is ExitCode.OK and journal is not None and journal.name != JOURNALS:
        _forget(Path(summary.journal))
    return int(summary.exit_code)


def _journal_dir(environ: Mapping[str, str], output: Path, task: str) -> Path | None:
    """The folder of the task's journal; None outside a session, where it lies beside the frames."""
    session = environ.get(SESSION_VARIABLE, "")
    if not session:
        return None
    job = environ.get("DEADLINE_JOB_ID", "")
    mine = f"{hashlib.blake2b(job.encode(), digest_size=4).hexdigest()}_{task}" if job else task
    if shared := environ.get("STMPO_JOURNAL_DIR", ""):
        return Path(shared) / mine
    if paths.is_inside(output, Path(session)):
        return Path(session) / JOURNALS
    return output.parent / BESIDE / mine


def _forget(journal: Path) -> None:
    """Remove a task's journal and the folders that held nothing else."""
    with contextlib.suppress(OSError):  # a cost of nothing: the next run of another job does not look there
        journal.unlink()
        journal.parent.rmdir()
        if journal.parent.parent.name == BESIDE:
            journal.parent.parent.rmdir()


def _name(rqindex: int, frames: str | None) -> str:
    """The task's name in file names: `3_1-10`."""
    if frames is None:
        return str(rqindex)
    return f"{rqindex}_{frames.replace(':', 'x').replace(',', '+')[:60]}"


def _parser() -> argparse.ArgumentParser:
    parser = TaskArguments("call_aerender.py", allow_abbrev=False)
    parser.add_argument("--project", required=True)
    parser.add_argument("--rqindex", required=True, type=int)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--output_name", required=True)
    parser.add_argument("--frames", default="")
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
