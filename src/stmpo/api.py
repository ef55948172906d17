"""What `stmpo render` and `stmpo demo` share: take in the job, choose who is told, run."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from stmpo.engine.prepare import absolute, prepare
from stmpo.engine.render_run import render
from stmpo.model.errors import BadInput, StmpoError
from stmpo.model.events import Level, Message, RunFailed
from stmpo.model.options import JobOptions, RunOptions, resolve
from stmpo.planning.profiles import apply_profile
from stmpo.reporting import Sink, Sinks
from stmpo.reporting.lines import LineSink, LogFile
from stmpo.reporting.openjd import OpenJDSink
from stmpo.system.signals import handling_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.options import Source
    from stmpo.reporting.summary import Summary

SESSION_VARIABLE = "OPENJD_SESSION_WORKING_DIR"
"""Set by every OpenJD session for the processes it runs."""


def render_command(project: str, values: Mapping[str, Any], *, profile: str | None, as_json: bool) -> int:
    """`stmpo render` with the options as they were given, None for those that were not; returns the exit code.

    Raises:
        StmpoError: what a user can act on, in one line.
    """
    given = {name: value for name, value in values.items() if value is not None}
    job_options, _ = resolve(JobOptions, _of(JobOptions, given), os.environ)
    options, sources = resolve(RunOptions, _of(RunOptions, given), os.environ)
    if profile is not None:
        options = apply_profile(options, sources, profile)
    summary = run_render(project, job_options, options, sources=sources, folder=Path.cwd(), as_json=as_json)
    if as_json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
        sys.stdout.flush()
    return int(summary.exit_code)


def _of(kind: type[JobOptions | RunOptions], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in kind.__dataclass_fields__}


def run_render(
    project: str,
    job_options: JobOptions,
    options: RunOptions,
    *,
    sources: Mapping[str, Source],
    folder: Path,
    as_json: bool = False,
) -> Summary:
    """Check, render, and tell whoever should know.

    Raises:
        StmpoError: what a user can act on, in one line.
    """
    session = os.environ.get(SESSION_VARIABLE)
    in_session = bool(session) if options.openjd is None else options.openjd
    if options.log_file is not None and absolute(folder, options.log_file) == absolute(folder, project):
        raise BadInput(f"--log-file {options.log_file} is the project itself; choose another file")
    logs = [LogFile(folder / options.log_file)] if options.log_file is not None else []
    sinks = Sinks([*_console(sys.stderr if as_json else sys.stdout, in_session=in_session), *logs])
    try:
        with handling_signals():  # a signal while the checks run ends them in order too
            intake = prepare(
                project, job_options, options, sources=sources, environ=os.environ, folder=folder
            )
            return render(intake, sinks.handle, session=Path(session) if session else None)
    except StmpoError as error:
        # Whoever reads only the farm's page of the task, or the log, learns of a refusal as well.
        sinks.handle(RunFailed((), str(error)))
        for log in logs:
            log.handle(Message(Level.ERROR, str(error)))
        raise
    finally:
        sinks.close()


def _console(stream: TextIO, *, in_session: bool) -> list[Sink]:
    """Control lines and plain lines for a session, a live board for a terminal, plain lines for anything else."""
    if in_session:
        return [OpenJDSink(sys.stdout), LineSink(stream)]
    if stream.isatty() and os.environ.get("TERM") != "dumb" and find_spec("rich") is not None:
        from stmpo.reporting.board import Board  # noqa: PLC0415 - rich is for terminals only

        return [Board(stream)]
    return [LineSink(stream)]
