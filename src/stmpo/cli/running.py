"""What `stmpo render` and `stmpo demo` share: take in the job, choose who is told, run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from stmpo.errors import BadInput, StmpoError
from stmpo.events import Level, Message, RunFailed
from stmpo.intake import absolute, take_in
from stmpo.runner import render
from stmpo.signals import listening
from stmpo.sinks import Sink, Sinks
from stmpo.sinks.lines import LineSink, LogFile
from stmpo.sinks.openjd import OpenJDSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.job import JobOptions, RunOptions, Source
    from stmpo.report.summary import Summary

SESSION_VARIABLE = "OPENJD_SESSION_WORKING_DIR"
"""Set by every OpenJD session for the processes it runs."""


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
        with listening():  # a signal while the checks run ends them in order too
            intake = take_in(
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
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        from stmpo.sinks.board import Board  # noqa: PLC0415 - rich is for terminals only

        return [Board(stream)]
    return [LineSink(stream)]
