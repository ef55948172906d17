"""One task of a step: `call_aerender.py` on a worker.

    call_aerender.py --project=P --rqindex=N --output_dir=FOLDER --output_name=PATTERN [--frames=RANGE]

The frames are a chunk as the farm cuts it (`3-7`, `-3--1`, `5-5`, or with gaps `1-7:2`); none for a movie over its own
time span. Everything else comes from the job's parameters (`stmpo.deadline.parameters`).

What the run needs besides its output stays in the session's folder: journal and scratch. Beside the frames they would
travel back with the frames, and tasks of one item on several workers would fight over one journal. A task that is run
again in its session resumes from there. Where a studio's workers share a file system and name a folder of it in their
environment (`STMPO_JOURNAL_DIR`), each task has a folder of its own in that one, and resumes on any worker.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from stmpo.cli.running import SESSION_VARIABLE, run_render
from stmpo.deadline.folders import folder_under
from stmpo.deadline.naming import plain
from stmpo.deadline.parameters import options
from stmpo.deadline.session import run, usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JOURNALS = "stmpo-journal"
"""The journals' folder in the session's."""


class Arguments(argparse.ArgumentParser):
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
    job_options, run_options, sources = options(job, _journal_dir(environ, task), environ)
    if run_options.log_file is not None:  # one for each task: many would write over each other's
        log = Path(run_options.log_file)
        run_options = replace(run_options, log_file=str(log.with_name(f"{log.stem}_{task}{log.suffix}")))
    summary = run_render(given.project, job_options, run_options, sources=sources, folder=folder)
    return int(summary.exit_code)


def _journal_dir(environ: Mapping[str, str], task: str) -> dict[str, Any]:
    """The option that says where the task's journal lies."""
    session = environ.get(SESSION_VARIABLE, "")
    shared = environ.get("STMPO_JOURNAL_DIR", "")
    if not session:
        return {}
    return {"journal_dir": str(Path(shared) / task if shared else Path(session) / JOURNALS)}


def _name(rqindex: int, frames: str | None) -> str:
    """The task's name in file names: `3_1-10`."""
    if frames is None:
        return str(rqindex)
    return f"{rqindex}_{frames.replace(':', 'x').replace(',', '+')[:60]}"


def _parser() -> argparse.ArgumentParser:
    parser = Arguments("call_aerender.py", allow_abbrev=False)
    parser.add_argument("--project", required=True)
    parser.add_argument("--rqindex", required=True, type=int)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--output_name", required=True)
    parser.add_argument("--frames", default="")
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
