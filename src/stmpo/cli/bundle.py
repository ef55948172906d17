"""`stmpo bundle`: write a job bundle for Deadline Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.cli.bundle_options import add_job_options, job_size, path_of, prepared, written
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Write the bundle and print its folder."""
    given = _parser().read(arguments)
    folder = path_of(given.output, "--output")
    job = prepared(path_of(given.project, "PROJECT"), given)
    done = written(job, folder, given)
    print(f"{done.folder}: {job_size(job, done.tasks)} to send")
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo bundle",
        "Write a job bundle that renders PROJECT (.aep), with one step per item of its render queue. OpenJD's own reader "
        'checks it first. Send it with "stmpo submit FOLDER" or "deadline bundle submit FOLDER".',
        usage="PROJECT -o FOLDER [options]",
    )
    parser.add_argument("project", metavar="PROJECT", help="The project to render.")
    parser.value("-o/--output", "FOLDER", "The bundle's folder: a new or an empty one.", required=True)
    add_job_options(parser)
    return parser
