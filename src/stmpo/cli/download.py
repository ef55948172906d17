"""`stmpo download`: bring the output of a job home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.cli.bundle_options import path_of
from stmpo.cli.farm_options import TransferLine, add_queue_options, print_status, queue_of
from stmpo.model.errors import ExitCode
from stmpo.model.text import plural
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.deadline.service import Connection


def main(arguments: Sequence[str]) -> int:
    """Download a job's output; exit with 1 if there is none."""
    given = _parser().read(arguments)
    from stmpo.deadline.service import Connection  # noqa: PLC0415 - `--help` does not need it

    found = bring_home(Connection(queue_of(given)), given.job, given.output, overwrite=not given.keep)
    return int(ExitCode.OK if found else ExitCode.FRAMES_FAILED)


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo download",
        "Download the output of JOB from a queue with job attachments. Only tasks that have succeeded have output.",
        usage="JOB [options]",
    )
    place = "Folder for the files.  [default: the places that the job was sent with]"
    parser.add_argument("job", metavar="JOB", help="The job's id.")
    parser.value("-o/--output", "FOLDER", place)
    parser.flag("--keep", "Leave files that are there already; otherwise they are replaced.")
    add_queue_options(parser)
    return parser


def bring_home(connection: Connection, job: str, folder: str | None, *, overwrite: bool) -> bool:
    """Download a job's output and report it; return whether there was any.

    Raises:
        BadInput: the folder's name is empty, or the output cannot be had.
    """
    from stmpo.deadline.downloads import download  # noqa: PLC0415

    place = None if folder is None else path_of(folder, "the folder to download to")
    done = download(connection, job, place, overwrite=overwrite, on_progress=TransferLine().show)
    if not done.files and not done.folders:
        print_status(f'job {job} has no output yet; "stmpo job status {job}" shows its tasks')
        return False
    print_status(f"{plural(done.files, 'file')} in {', '.join(done.folders)}")
    return True
