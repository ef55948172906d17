"""`stmpo submit`: send a project or a job bundle to Deadline Cloud.

Only the job's id goes to standard output, for scripts.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.cli.bundle_options import (
    add_job_options,
    given_for_a_project,
    job_size,
    parameters_of,
    path_of,
    prepared,
    service_values,
    written,
)
from stmpo.model.errors import BadInput, ExitCode
from stmpo.model.text import visible
from stmpo.system import paths
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from stmpo.deadline.client import Client, FarmQueue, TransferProgress

_EXIT = {"SUCCEEDED": ExitCode.OK, "CANCELED": ExitCode.CANCELLED, "SUSPENDED": ExitCode.OK}


def main(arguments: Sequence[str]) -> int:
    """Send a project or a bundle and print the job's id; files outside the project's folder need consent."""
    given = _parser().read(arguments)
    from stmpo.deadline.client import FarmQueue  # noqa: PLC0415 - `--help` does not need it

    path = path_of(given.source, "PROJECT_OR_BUNDLE")
    place = FarmQueue(given.profile, given.farm_id, given.queue_id, given.storage_profile_id)
    trusted = [str(path_of(folder, "--known-asset-path")) for folder in given.known]
    is_bundle = paths.is_folder(path)
    if not is_bundle:
        trusted += [str(path.parent), *(str(path_of(place, "--also")) for place in given.also)]
    sender = Sender(place, trusted, yes=given.yes, dry_run=given.dry_run)
    job = sender.bundle(path, given) if is_bundle else sender.project(path, given)
    if job is None:
        return int(ExitCode.OK)
    print(job)
    return int(_follow(sender.client, job)) if given.wait else int(ExitCode.OK)


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo submit",
        "Send PROJECT (.aep), or the folder of a bundle, to a queue, and print the job's id. Files outside the project's "
        "folder are sent only with your consent. Configuration and credentials are those of the Deadline Cloud client.",
        usage="PROJECT_OR_BUNDLE [options]",
    )
    known = "Send files of this folder without asking."
    parser.add_argument("source", metavar="PROJECT_OR_BUNDLE", help="The project, or the folder of a bundle.")
    parser.value("--profile", "NAME", "AWS profile.  [default: the client's]")
    parser.value("--farm-id", "ID", "Farm.  [default: the client's]")
    parser.value("--queue-id", "ID", "Queue.  [default: the client's]")
    parser.value("--storage-profile-id", "ID", "Storage profile.  [default: the client's]")
    parser.value("--known-asset-path", "FOLDER", known, dest="known", each=True)
    parser.flag("--yes", "Send files of any folder without asking.")
    parser.flag("--dry-run", "Do everything except sending; the service is not called.")
    parser.flag("--wait", "Wait for the job's end; the exit code tells how it ended.")
    add_job_options(parser)
    return parser


class Sender:
    """One submission: its queue, the folders whose files may be sent, and whether it is only a trial."""

    def __init__(self, place: FarmQueue, known: Sequence[str], *, yes: bool, dry_run: bool) -> None:
        self._place, self._known, self._yes, self._dry_run = place, known, yes, dry_run
        self._home = "the project's folder"

    @cached_property
    def client(self) -> Client:
        """The service's client, made when it is first needed: a dry run needs none."""
        from stmpo.deadline.client import Client  # noqa: PLC0415

        return Client(self._place)

    def project(self, path: Path, given: Namespace) -> str | None:
        """Write the project's bundle to a temporary folder and send it; return None for a dry run."""
        job = prepared(path, given)
        if not self._dry_run:
            _ = self.client  # an unknown farm is refused before files are packed
        with tempfile.TemporaryDirectory(prefix="stmpo-bundle-") as folder:
            done = written(job, Path(folder, "bundle"), given)
            assert job.bundle is not None
            _print(f"{job.bundle.name}: {job_size(job, done.tasks)}")
            outputs = [*self._known, *job.bundle.outputs]
            return None if self._dry_run else self._send(done.folder, [], {}, None, outputs)

    def bundle(self, folder: Path, given: Namespace) -> str | None:
        """Send a bundle as it is; return None for a dry run."""
        from stmpo.deadline.bundle_reader import read_bundle, update_moved_paths  # noqa: PLC0415
        from stmpo.model.text import plural  # noqa: PLC0415

        others = given_for_a_project(given)
        if others:
            raise BadInput(f"{others[0]} is for a project; the bundle {folder.name} is already written")
        parameters = parameters_of(given.parameters)
        stored = read_bundle(folder, parameters)
        _print(f"{stored.name}: {plural(stored.tasks, 'task')}, {plural(len(stored.inputs), 'file')}")
        if stored.moved:
            _print(f"the bundle was moved: {plural(len(stored.moved), 'file')} of it taken from {folder}")
        deadline, self._home = service_values(given), "the bundle"
        if self._dry_run:
            return None
        _ = self.client
        update_moved_paths(folder, stored)
        overrides = [{"name": name, "value": value} for name, value in parameters.items()]
        return self._send(folder, overrides, deadline, given.name, self._known)

    def _send(
        self,
        folder: Path,
        parameters: list[dict[str, str]],
        deadline: dict[str, Any],
        name: str | None,
        known: Sequence[str],
    ) -> str:
        return self.client.send(
            folder,
            parameters=parameters,
            deadline=deadline,
            name=name,
            known=known,
            confirm=self._agree,
            on_progress=TransferLine().show,
            on_message=lambda _: None,
        )

    def _agree(self, text: str, all_known: bool) -> bool:
        """Return whether files may be sent: those of known folders, all, or those the user agrees to."""
        if all_known or self._yes:
            return True
        if sys.stdin.isatty():
            return _confirmed(text)
        listed = text.partition("Unknown paths:")[2].strip().partition("\n\n")[0]
        places = [line.strip() for line in listed.splitlines()]
        raise BadInput(
            f"files outside {self._home} would be sent ({', '.join(places)}); add "
            "--known-asset-path FOLDER for each place that may be sent, or --yes"
        )


class TransferLine:
    """Progress on standard error: a moving line on a terminal, otherwise a line every 10 %."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._moving = sys.stderr.isatty()

    def show(self, progress: TransferProgress) -> bool:
        """Show the progress; return True, which means: continue."""
        step = int(progress.percent) if self._moving else int(progress.percent) // 10 * 10
        if (progress.phase, step) != self._last:
            end = "\n" if not self._moving or progress.percent >= 100 else "\r"
            print(f"{progress.phase} {step} %", end=end, file=sys.stderr, flush=True)
            self._last = (progress.phase, step)
        return True


def _confirmed(text: str) -> bool:
    """Ask on standard error; return the answer. An empty answer means no; the end of input cancels."""
    while True:
        print(f"{text} [y/N]: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        answer = line.strip().lower()
        if answer in {"y", "yes", "n", "no", ""}:
            return answer in {"y", "yes"}


def _follow(client: Client, job: str) -> ExitCode:
    last = ""

    def show(status: str, counts: dict[str, int]) -> None:
        nonlocal last
        tasks = ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()) if count)
        line = f"{status.lower()}: {tasks}" if tasks else status.lower()
        if line != last:
            _print(line)
        last = line

    try:
        outcome = client.follow(job, show)
    except KeyboardInterrupt:
        _print(f'job {job} goes on; to stop it, run "deadline job cancel --job-id {job}"')
        raise
    for task in outcome.failed:
        _print(f"{task.step} {task.parameters}".rstrip() + f" failed: {task.message}".rstrip(": "))
    return _EXIT.get(outcome.status, ExitCode.FRAMES_FAILED)


def _print(line: str) -> None:
    print(visible(line), file=sys.stderr, flush=True)
