"""The Python API: check a job, render it, report it. Every front end calls `run_render`.

The command line, the demo and the worker's scripts differ only in how they come by a job and its options.
The reports go to the terminal, to the OpenJD session and to the log file, whichever are there.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from stmpo.engine.log_file import check_log_file
from stmpo.engine.prepare import absolute, prepare
from stmpo.engine.render_run import render
from stmpo.model.errors import StmpoError
from stmpo.model.events import Level, Message, RunFailed
from stmpo.reporting import Sink, Sinks
from stmpo.reporting.lines import LineSink, LogFile
from stmpo.reporting.openjd import OpenJDSink
from stmpo.system.signals import handling_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.options import JobOptions, RunOptions, Source
    from stmpo.reporting.summary import Summary

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
    """Check the job, render it and report it. Relative paths are taken from `folder`.

    `sources` says which options were given. `as_json`: the caller prints the summary to standard output, so
    that the report goes to standard error.

    Raises:
        StmpoError: an error that the user can act on, in one line.
    """
    session = os.environ.get(SESSION_VARIABLE)
    in_session = bool(session) if options.openjd is None else options.openjd
    if options.log_file is not None:
        check_log_file(absolute(folder, options.log_file), project, job_options, options, folder)
    logs = [LogFile(folder / options.log_file)] if options.log_file is not None else []
    sinks = Sinks([*_console(sys.stderr if as_json else sys.stdout, in_session=in_session), *logs])
    try:
        with handling_signals():  # a signal while the checks run ends them in order too
            intake = prepare(
                project, job_options, options, sources=sources, environ=os.environ, folder=folder
            )
            return render(intake, sinks.handle, session=Path(session) if session else None)
    except StmpoError as error:
        # So that the refusal is also on the farm's page of the task, and in the log.
        sinks.handle(RunFailed((), str(error)))
        for log in logs:
            log.handle(Message(Level.ERROR, str(error)))
        raise
    finally:
        sinks.close()


def _console(stream: TextIO, *, in_session: bool) -> list[Sink]:
    """Return the sinks: OpenJD and plain lines for a session, a board for a terminal, else plain lines."""
    if in_session:
        return [OpenJDSink(sys.stdout), LineSink(stream)]
    if stream.isatty() and os.environ.get("TERM") != "dumb" and find_spec("rich") is not None:
        from stmpo.reporting.board import Board  # noqa: PLC0415 - rich is for terminals only

        return [Board(stream)]
    return [LineSink(stream)]
