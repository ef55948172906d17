"""`stmpo submit`: send a project or a job bundle to Deadline Cloud.

Only the job's id goes to standard output, for scripts.
"""

from __future__ import annotations

import shutil
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
from stmpo.cli.farm_options import TransferLine, add_queue_options, counts_text, print_status, queue_of
from stmpo.model.errors import BadInput, ExitCode
from stmpo.system import paths
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from stmpo.deadline.client import SentJob
    from stmpo.deadline.request import PreparedJob
    from stmpo.deadline.service import Connection, QueueFacts

_EXIT = {"SUCCEEDED": ExitCode.OK, "CANCELED": ExitCode.CANCELLED, "SUSPENDED": ExitCode.OK}


def main(arguments: Sequence[str]) -> int:
    """Send a project or a bundle and print the job's id; files outside the project's folder need consent."""
    given = _parser().read(arguments)
    if given.download is not None and not given.wait:
        raise BadInput('--download needs --wait; later, "stmpo download JOB" brings the frames home')
    path = path_of(given.source, "PROJECT_OR_BUNDLE")
    sender = Sender(given, path)
    sent = sender.bundle() if paths.is_folder(path) else sender.project()
    if sent is None:
        return int(ExitCode.OK)
    print(sent.identity, flush=True)
    if sent.monitor:
        print_status(f"monitor: {sent.monitor}")
    code = _follow(sender.connection, sent.identity) if given.wait else ExitCode.OK
    if code is ExitCode.OK and given.download is not None:
        sender.bring_home(sent.identity)
    return int(code)


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo submit",
        "Send PROJECT (.aep), or the folder of a bundle, to a queue, and print the job's id. Files outside the project's "
        "folder are sent only with your consent. Configuration and credentials are those of the Deadline Cloud client.",
        usage="PROJECT_OR_BUNDLE [options]",
    )
    known = "Send files of this folder without asking."
    home = "With --wait: then download the output to FOLDER, or to the places that the project names."
    shared = "For a queue without job attachments: folder on shared storage that the bundle is written to."
    parser.add_argument("source", metavar="PROJECT_OR_BUNDLE", help="The project, or the folder of a bundle.")
    add_queue_options(parser)
    parser.value("--storage-profile-id", "ID", "Storage profile.  [default: the client's]")
    parser.value("--bundle-dir", "FOLDER", shared)
    parser.value("--known-asset-path", "FOLDER", known, dest="known", each=True)
    parser.flag("--yes", "Send files of any folder without asking.")
    parser.flag("--allow-hooks", "Run the commands of the bundle's hooks.yaml without asking.")
    parser.flag("--dry-run", "Do everything except sending; the service is not called.")
    parser.flag("--wait", "Wait for the job's end; the exit code tells how it ended.")
    parser.value("--download", "FOLDER", home, nargs="?", const="")
    add_job_options(parser)
    return parser


class Sender:
    """One submission: its queue, the folders whose files may be sent, and whether it is only a trial."""

    def __init__(self, given: Namespace, source: Path) -> None:
        self._given, self._source = given, source
        self._known = [str(path_of(folder, "--known-asset-path")) for folder in given.known]
        self._bundle_dir = None if given.bundle_dir is None else path_of(given.bundle_dir, "--bundle-dir")

    @cached_property
    def connection(self) -> Connection:
        """The connection to the service, made when it is first needed: a dry run needs none."""
        from stmpo.deadline.service import Connection  # noqa: PLC0415

        return Connection(queue_of(self._given))

    @cached_property
    def _facts(self) -> QueueFacts:
        """How the queue's workers get a job's files."""
        return self.connection.facts()

    def project(self) -> SentJob | None:
        """Write the project's bundle and send it; return None for a dry run."""
        given, path = self._given, self._source
        job = prepared(path, given)
        if not given.dry_run and not self._facts.attachments:  # asked before files are packed
            return self._from_shared_storage(job)
        with tempfile.TemporaryDirectory(prefix="stmpo-bundle-") as folder:
            written_folder = self._written(job, Path(folder, "bundle").absolute())  # TMPDIR may be "."
            assert job.bundle is not None
            also = (str(path_of(place, "--also")) for place in given.also)
            known = [*self._known, str(path.parent), *also, *job.bundle.outputs]
            return None if given.dry_run else self._send(written_folder, [], {}, None, known)

    def _from_shared_storage(self, job: PreparedJob) -> SentJob:
        """Write the bundle to a place that workers see, keep it there for its job, and send it."""
        from stmpo.deadline.shared_bundle import check_shared, new_bundle_folder, record_job  # noqa: PLC0415

        assert job.bundle is not None
        folder = new_bundle_folder(self._source, self._bundle_dir)
        check_shared(self._facts, [str(folder), *job.bundle.places()], bundle_dir=self._bundle_dir)
        self._written(job, folder)
        try:
            record_job(folder, self.connection.farm, self.connection.queue, "")
            sent = self._send(folder, [], {}, None, self._known)
        except BadInput:  # after a cancel there may be a job that reads it, so it stays
            shutil.rmtree(folder, ignore_errors=True)
            raise
        record_job(folder, self.connection.farm, self.connection.queue, sent.identity)
        print_status(f'the workers read {folder}; when the job has ended, "stmpo bundle clean" removes it')
        return sent

    def _written(self, job: PreparedJob, folder: Path) -> Path:
        done = written(job, folder, self._given)
        assert job.bundle is not None
        print_status(f"{job.bundle.name}: {job_size(job, done.tasks)}")
        return done.folder

    def bundle(self) -> SentJob | None:
        """Send a bundle as it is; return None for a dry run."""
        from stmpo.deadline.bundle_reader import path_values, read_bundle, update_moved_paths  # noqa: PLC0415
        from stmpo.model.text import plural  # noqa: PLC0415

        given, folder = self._given, self._source
        others = given_for_a_project(given)
        if others:
            raise BadInput(f"{others[0]} is for a project; the bundle {folder.name} is already written")
        parameters = parameters_of(given.parameters)
        stored = read_bundle(folder, parameters)
        print_status(f"{stored.name}: {plural(stored.tasks, 'task')}, {plural(len(stored.inputs), 'file')}")
        if stored.moved:
            print_status(
                f"the bundle was moved: {plural(len(stored.moved), 'file')} of it taken from {folder}"
            )
        deadline = service_values(given)
        if given.dry_run:
            return None
        if not self._facts.attachments:
            from stmpo.deadline.shared_bundle import check_shared  # noqa: PLC0415

            places = [str(folder), *stored.inputs, *path_values(folder, parameters)]
            check_shared(self._facts, places, bundle_dir=self._bundle_dir)
        update_moved_paths(folder, stored)
        overrides = [{"name": name, "value": value} for name, value in parameters.items()]
        return self._send(folder, overrides, deadline, given.name, self._known)

    def bring_home(self, job: str) -> None:
        """Download the job's output; from a queue without job attachments it is in its places already."""
        from stmpo.cli.download import bring_home  # noqa: PLC0415 - only if it was asked for

        if self._facts.attachments:
            bring_home(self.connection, job, self._given.download or None, overwrite=True)
        else:
            print_status(f"nothing to download: the workers of {self._facts.name} write to shared storage")

    def _send(
        self,
        folder: Path,
        parameters: list[dict[str, str]],
        deadline: dict[str, Any],
        name: str | None,
        known: Sequence[str],
    ) -> SentJob:
        from stmpo.deadline.client import Listener, send  # noqa: PLC0415
        from stmpo.deadline.hooks import hook_commands  # noqa: PLC0415

        transfers = self._facts.attachments  # otherwise the client reports "100 %" of nothing
        commands = hook_commands(self.connection, folder)
        if commands and not self._hooks_agreed(commands):
            raise BadInput("the job was not sent, because its hooks were declined; nothing has run")
        listener = Listener(
            confirm_files=self._agree,
            confirm_hooks=lambda text: self._hooks_agreed([text]),
            progress=TransferLine().show if transfers else lambda _: True,
            message=print_status,
        )
        return send(
            self.connection,
            folder,
            parameters=parameters,
            deadline=deadline,
            name=name,
            known=known,
            hooks_agreed=bool(commands),
            listener=listener,
        )

    def _hooks_agreed(self, commands: Sequence[str]) -> bool:
        """Show the commands that hooks would run here; return whether they may.

        Raises:
            BadInput: nobody can be asked, and neither an option nor the client's settings agree.
        """
        for command in commands:
            print_status(f"hook of {command}")
        if self._given.allow_hooks or self.connection.auto_accept:
            return True
        if sys.stdin.isatty():
            return _confirmed("Run these commands on this machine?")
        raise BadInput(
            f"sending would run commands on this machine ({'; '.join(commands)}); read them, then add --allow-hooks"
        )

    def _agree(self, text: str, all_known: bool) -> bool:
        """Return whether files may be sent: those of known folders, all, or those the user agrees to."""
        if all_known or self._given.yes:
            return True
        if sys.stdin.isatty():
            return _confirmed(text)
        listed = text.partition("Unknown paths:")[2].strip().partition("\n\n")[0]
        places = [line.strip() for line in listed.splitlines()]
        home = "the bundle" if paths.is_folder(self._source) else "the project's folder"
        raise BadInput(
            f"files outside {home} would be sent ({', '.join(places)}); add "
            "--known-asset-path FOLDER for each place that may be sent, or --yes"
        )


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


def _follow(connection: Connection, job: str) -> ExitCode:
    from stmpo.deadline.farm_jobs import FarmJobs  # noqa: PLC0415

    last = ""

    def show(status: str, counts: dict[str, int]) -> None:
        nonlocal last
        tasks = counts_text(counts)
        line = f"{status.lower()}: {tasks}" if tasks else status.lower()
        if line != last:
            print_status(line)
        last = line

    try:
        outcome = FarmJobs(connection).follow(job, show)
    except KeyboardInterrupt:
        print_status(f'job {job} goes on; to stop it, run "deadline job cancel --job-id {job}"')
        raise
    for task in outcome.failed:
        print_status(f"{task.step} {task.parameters}".rstrip() + f" failed: {task.message}".rstrip(": "))
    return _EXIT.get(outcome.status, ExitCode.FRAMES_FAILED)
