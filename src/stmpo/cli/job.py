"""`stmpo job status|logs|why`: what a job on the farm is doing, and why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.cli.choose import choose
from stmpo.cli.farm_options import add_queue_options, counts_text, print_status, queue_of
from stmpo.model.text import one_line, visible
from stmpo.system.command_parser import CommandParser, number

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from stmpo.deadline.farm_jobs import FailedTask, FarmJobs, JobState

ABOUT = "Look at a job in Deadline Cloud. Nothing of the job is changed."

COMMANDS = {
    "status": "Show a job's state and its tasks.",
    "logs": "Print the log of a job's newest session, or of one session.",
    "why": "Show in one screen why a job failed: frames and the renderer's own words.",
}

_MAX_REASONS = 4
_MAX_LOG_LINES = 12
_MAX_FRAMES_LENGTH = 100


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands."""
    name, rest = choose("stmpo job", ABOUT, COMMANDS, arguments)
    given = _parser(name).read(rest)
    from stmpo.deadline.farm_jobs import FarmJobs  # noqa: PLC0415 - `--help` does not need it
    from stmpo.deadline.service import Connection  # noqa: PLC0415

    jobs = FarmJobs(Connection(queue_of(given)))
    lines = {"status": _status, "logs": _logs, "why": _why}[name](jobs, given)
    for line in lines:
        print(visible(line))
    return 0


def _parser(name: str) -> CommandParser:
    parser = CommandParser(f"stmpo job {name}", COMMANDS[name], usage="JOB [options]")
    parser.add_argument("job", metavar="JOB", help="The job's id.")
    if name == "logs":
        session = "Session.  [default: the one that runs, or the last one]"
        parser.value("--session-id", "ID", session)
        parser.value("--lines", "N", "Last lines of the log.", default=100, type=number(int, 1, 10_000))
    add_queue_options(parser)
    return parser


def _status(jobs: FarmJobs, given: Namespace) -> Iterator[str]:
    yield from _state_lines(jobs.state(given.job))


def _state_lines(state: JobState) -> Iterator[str]:
    yield f"{one_line(state.name)} ({state.identity}): {state.status.lower() or 'unknown'}"
    if state.reason:
        yield f"  {one_line(state.reason)}"
    for step in state.steps:
        yield f"  {one_line(step.name)}: {counts_text(step.counts) or 'no tasks yet'}"


def _logs(jobs: FarmJobs, given: Namespace) -> Iterator[str]:
    session, lines = jobs.log(given.job, given.session_id, given.lines)
    print_status(f"{session}:" if lines else f"{session} has no log yet")
    yield from lines


def _why(jobs: FarmJobs, given: Namespace) -> Iterator[str]:
    yield from _state_lines(jobs.state(given.job))
    failed = jobs.failed(given.job)
    if not failed:
        yield "no task and no start of a session has failed"
        return
    reasons = _by_reason(failed)
    for (step, message), frames in list(reasons.items())[:_MAX_REASONS]:
        shown = ", ".join(frames)
        if len(shown) > _MAX_FRAMES_LENGTH:
            shown = f"{', '.join(frames[:5])} and {len(frames) - 5} more tasks"
        yield f"{step} {shown}".rstrip() + f": {one_line(message) or 'no message'}"
    if len(reasons) > _MAX_REASONS:
        yield f"and {len(reasons) - _MAX_REASONS} other reasons"
    yield from _last_words(jobs, given.job, failed[0])


def _by_reason(failed: Sequence[FailedTask]) -> dict[tuple[str, str], list[str]]:
    """Return the frames of the failed tasks by their step and their message."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for task in failed:
        reasons.setdefault((task.step, task.message), []).append(task.parameters)
    return reasons


def _last_words(jobs: FarmJobs, job: str, task: FailedTask) -> Iterator[str]:
    """Yield the last lines of the first failed task's log, without control lines of the session."""
    if not task.action:
        return
    lines = [line for line in jobs.log_of(job, task.action) if line.strip() and "openjd_" not in line]
    if lines:
        yield f"log of {f'{task.step} {task.parameters}'.rstrip()}:"
        yield from (f"  {line.strip()}" for line in lines[-_MAX_LOG_LINES:])
