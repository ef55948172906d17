"""`stmpo submit`: parse, call, print. The job's id is all that goes to standard output, for scripts."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stmpo.cli.bundle_options import (
    counted,
    given_options,
    job_options,
    parameters_of,
    place_of,
    prepared,
    service_values,
    written,
)
from stmpo.model.errors import BadInput, ExitCode
from stmpo.model.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.deadline.client import Client, FarmQueue, TransferProgress

_EXIT = {"SUCCEEDED": ExitCode.OK, "CANCELED": ExitCode.CANCELLED, "SUSPENDED": ExitCode.OK}

_OF_A_BUNDLE = frozenset(
    {"name", "parameters"}
    | {"priority", "initial_state", "max_failed_tasks"}
    | {"max_retries_per_task", "max_workers"}
)
"""The options that a bundle that is already written still takes."""


@click.command(
    "submit", short_help="Send a project or a job bundle to AWS Deadline Cloud, without After Effects."
)
@click.argument("source", metavar="PROJECT_OR_BUNDLE")
@click.option("--profile", help="AWS profile.  [default: the client's]")
@click.option("--farm-id", help="Farm.  [default: the client's]")
@click.option("--queue-id", help="Queue.  [default: the client's]")
@click.option("--storage-profile-id", help="Storage profile.  [default: the client's]")
@click.option(
    "--known-asset-path",
    "known",
    multiple=True,
    metavar="FOLDER",
    help="Files from here may be sent unasked.",
)
@click.option("--yes", is_flag=True, help="Send files from anywhere unasked.")
@click.option("--dry-run", is_flag=True, help="Do everything but send it; nothing is asked of the service.")
@click.option("--wait", is_flag=True, help="Follow the job to its end; the exit code says how it ended.")
@job_options
def submit_command(  # noqa: PLR0917 - click passes each by its name
    source: str,
    profile: str | None,
    farm_id: str | None,
    queue_id: str | None,
    storage_profile_id: str | None,
    known: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    wait: bool,
    **values: Any,
) -> int:
    """Send PROJECT (.aep), or a bundle's folder, to a queue, and print the job's id.

    Files outside the project's folder are asked about before they leave this machine. Configuration and credentials are
    the Deadline Cloud client's.
    """
    from stmpo.deadline.client import FarmQueue  # noqa: PLC0415
    from stmpo.system import paths  # noqa: PLC0415 - `--help` does not need it

    path = place_of(source, "PROJECT_OR_BUNDLE")
    place = FarmQueue(profile, farm_id, queue_id, storage_profile_id)
    trusted = [str(place_of(folder, "--known-asset-path")) for folder in known]
    if paths.is_folder(path):
        sender = Sender(place, trusted, yes=yes, dry_run=dry_run)
        job = sender.bundle(path, values)
    else:
        trusted += [str(path.parent), *(str(place_of(place, "--also")) for place in values["also"])]
        sender = Sender(place, trusted, yes=yes, dry_run=dry_run)
        job = sender.project(path, values)
    if job is None:
        return int(ExitCode.OK)
    click.echo(job)
    return int(_follow(sender.client, job)) if wait else int(ExitCode.OK)


class Sender:
    """One submission: where it goes, what may go, and whether it really goes."""

    def __init__(self, place: FarmQueue, known: Sequence[str], *, yes: bool, dry_run: bool) -> None:
        self._place, self._known, self._yes, self._dry_run = place, known, yes, dry_run
        self._home = "the project's folder"
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """Made when it is first needed: a dry run needs none."""
        from stmpo.deadline.client import Client  # noqa: PLC0415

        if self._client is None:
            self._client = Client(self._place)
        return self._client

    def project(self, path: Path, values: dict[str, Any]) -> str | None:
        """Bundle a project in a folder that goes again, and send it; None for a dry run."""
        job = prepared(path, values)
        if not self._dry_run:
            _ = self.client  # a farm that is not known is said before files are packed
        with tempfile.TemporaryDirectory(prefix="stmpo-bundle-") as folder:
            done = written(job, Path(folder, "bundle"), values)
            assert job.bundle is not None
            files = len(job.bundle.inputs) + len(job.bundle.fonts.copies)
            _tell(f"{job.bundle.name}: {counted(len(job.items), done.tasks, files)}")
            outputs = [*self._known, *job.bundle.outputs]
            return None if self._dry_run else self._send(done.folder, [], {}, None, outputs)

    def bundle(self, folder: Path, values: dict[str, Any]) -> str | None:
        """Send a bundle as it stands; None for a dry run."""
        from stmpo.deadline.bundle_reader import read_bundle, settle  # noqa: PLC0415
        from stmpo.model.text import plural  # noqa: PLC0415

        others = given_options({name: value for name, value in values.items() if name not in _OF_A_BUNDLE})
        if others:
            raise BadInput(f"{others[0]} is for a project; the bundle {folder.name} is already written")
        parameters = parameters_of(values["parameters"])
        stored = read_bundle(folder, parameters)
        _tell(f"{stored.name}: {plural(stored.tasks, 'task')}, {plural(len(stored.inputs), 'file')}")
        if stored.moved:
            _tell(f"the bundle was moved: {plural(len(stored.moved), 'file')} of it taken from {folder}")
        deadline, self._home = service_values(values), "the bundle"
        if self._dry_run:
            return None
        _ = self.client
        settle(folder, stored)
        overrides = [{"name": name, "value": value} for name, value in parameters.items()]
        return self._send(folder, overrides, deadline, values["name"], self._known)

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
            agree=self._agree,
            tell=Board().tell,
            say=lambda _: None,
        )

    def _agree(self, text: str, all_known: bool) -> bool:
        """Whether files may leave this machine: those in known folders, or all, or those that somebody agrees to."""
        if all_known or self._yes:
            return True
        if sys.stdin.isatty():
            return click.confirm(text, default=False, err=True)
        listed = text.partition("Unknown paths:")[2].strip().partition("\n\n")[0]
        places = [line.strip() for line in listed.splitlines()]
        raise BadInput(
            f"files outside {self._home} would be sent ({', '.join(places)}); add "
            "--known-asset-path FOLDER for each place that is right, or --yes"
        )


class Board:
    """Progress of hashing and uploading on standard error: a line that moves on a terminal, else one each tenth."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._moving = sys.stderr.isatty()

    def tell(self, progress: TransferProgress) -> bool:
        """Show it; always go on."""
        step = int(progress.percent) if self._moving else int(progress.percent) // 10 * 10
        if (progress.phase, step) != self._last:
            end = "\n" if not self._moving or progress.percent >= 100 else "\r"
            print(f"{progress.phase} {step} %", end=end, file=sys.stderr, flush=True)
            self._last = (progress.phase, step)
        return True


def _follow(client: Client, job: str) -> ExitCode:
    last = ""

    def told(status: str, counts: dict[str, int]) -> None:
        nonlocal last
        tasks = ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()) if count)
        line = f"{status.lower()}: {tasks}" if tasks else status.lower()
        if line != last:
            _tell(line)
        last = line

    try:
        outcome = client.follow(job, told)
    except KeyboardInterrupt:
        _tell(f"job {job} goes on; stop it by `deadline job cancel --job-id {job}`")
        raise
    for task in outcome.failed:
        _tell(f"{task.step} {task.parameters}".rstrip() + f" failed: {task.message}".rstrip(": "))
    return _EXIT.get(outcome.status, ExitCode.FRAMES_FAILED)


def _tell(line: str) -> None:
    print(visible(line), file=sys.stderr, flush=True)
