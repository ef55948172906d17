"""`stmpo bundle`: write a job bundle for Deadline Cloud; `clean` removes those that finished jobs left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.cli.bundle_options import add_job_options, job_size, path_of, prepared, written
from stmpo.cli.farm_options import print_status
from stmpo.system import paths
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Write the bundle and print its folder."""
    if list(arguments[:1]) == ["clean"]:
        return _clean(arguments[1:])
    given = _parser().read(arguments)
    folder = path_of(given.output, "--output")
    job = prepared(path_of(given.project, "PROJECT"), given)
    done = written(job, folder, given)
    print(f"{done.folder}: {job_size(job, done.tasks)} to send")
    return 0


def _clean(arguments: Sequence[str]) -> int:
    """Remove the kept bundles whose jobs no longer need them; print each one."""
    given = _clean_parser().read(arguments)
    from stmpo.deadline.farm_jobs import FarmJobs  # noqa: PLC0415 - `--help` does not need it
    from stmpo.deadline.service import Connection, FarmQueue  # noqa: PLC0415
    from stmpo.deadline.shared_bundle import kept_bundles, remove_bundle  # noqa: PLC0415

    place = path_of(given.folder, "FOLDER")
    needless = {"SUCCEEDED", "CANCELED", "GONE", *(("FAILED", "NOT_COMPATIBLE") if given.failed else ())}
    for kept in kept_bundles(place.parent if paths.is_file(place) else place):
        if not kept.job:
            print_status(f"{kept.folder}: its job was being sent when the command ended; left alone")
            continue
        queue = FarmQueue(given.profile, kept.farm, kept.queue, None, given.region)
        status = FarmJobs(Connection(queue)).ended(kept.job)
        if status in needless:
            remove_bundle(kept)
            print(f"{kept.folder}: removed, {kept.job} {status.lower()}")
        else:
            print_status(f"{kept.folder}: kept, {kept.job} {status.lower() or 'is not done'}")
    return 0


def _clean_parser() -> CommandParser:
    parser = CommandParser(
        "stmpo bundle clean",
        "Remove the bundles that were kept on shared storage for jobs that have succeeded, were cancelled or are gone. "
        "A failed job may be run again, so its bundle stays.",
        usage="FOLDER [options]",
    )
    folder = 'The project or its folder, or the folder that was given with "submit --bundle-dir".'
    parser.add_argument("folder", metavar="FOLDER", help=folder)
    parser.flag("--failed", "Also remove those of failed jobs.")
    parser.value("--profile", "NAME", "AWS profile.  [default: the client's]")
    parser.value("--region", "NAME", "AWS region of the farm.  [default: the client's]")
    return parser


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
