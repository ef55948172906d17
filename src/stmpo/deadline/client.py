"""Sends bundles through the Deadline Cloud client's Python API.

CreateJob is the last call. It creates the whole job or none; files that were uploaded before stay in the
queue's bucket under their hashes and are not uploaded again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo import __version__
from stmpo.deadline.hooks import forwarded_hook_logs
from stmpo.deadline.service import Connection, errors_as_bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_HOOK_QUESTION = "run these hooks"
"""Part of the client's question before it runs hooks."""

_OF_HOOKS = re.compile(r"\bhooks?\b", re.IGNORECASE)
_MONITOR = re.compile(r"Job URL: (https://\S+)")


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """Progress of hashing or uploading."""

    phase: str
    """"hashing" or "uploading"."""

    percent: float
    text: str


@dataclass(frozen=True, slots=True)
class SentJob:
    """A job that the service has created."""

    identity: str
    monitor: str
    """Its page in the Deadline Cloud monitor; "" if the credentials are not the monitor's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """The questions and reports of a submission."""

    confirm_files: Callable[[str, bool], bool]
    """Gets a text about the files and whether all lie in known folders; returns whether to send them."""

    confirm_hooks: Callable[[str], bool]
    """Gets the client's text about hooks that were not agreed to before; returns whether to run them."""

    progress: Callable[[TransferProgress], bool]
    """Returns whether to continue."""

    message: Callable[[str], None]
    """Gets every line that a hook prints, and the client's remarks about hooks."""


def send(
    connection: Connection,
    bundle: Path,
    *,
    parameters: Sequence[dict[str, str]],
    deadline: dict[str, Any],
    name: str | None,
    known: Sequence[str],
    hooks_agreed: bool,
    listener: Listener,
) -> SentJob:
    """Hash and upload the files, create the job, return it.

    Raises:
        BadInput: the client or the service reports an error, or a question was answered with no.
    """
    from deadline.client import api  # noqa: PLC0415

    found: list[str] = []

    def phase(label: str) -> Callable[[Any], bool]:
        return lambda report: listener.progress(
            TransferProgress(label, float(report.progress), str(report.progressMessage))
        )

    def confirm(text: str, all_known: bool) -> bool:
        if _HOOK_QUESTION in text:
            return hooks_agreed or listener.confirm_hooks(text)
        return listener.confirm_files(text, all_known)

    def message(text: str) -> None:
        found.extend(_MONITOR.findall(text))
        if _OF_HOOKS.search(text):
            listener.message(text)

    with errors_as_bad_input("the job was not created"), forwarded_hook_logs(listener.message):
        job = api.create_job_from_job_bundle(
            str(bundle),
            list(parameters),
            name=name,
            config=connection.config,
            queue_parameter_definitions=api.get_queue_parameter_definitions(
                farmId=connection.farm, queueId=connection.queue, config=connection.config
            ),
            priority=deadline.get("deadline:priority"),
            max_failed_tasks_count=deadline.get("deadline:maxFailedTasksCount"),
            max_retries_per_task=deadline.get("deadline:maxRetriesPerTask"),
            max_worker_count=deadline.get("deadline:maxWorkerCount"),
            target_task_run_status=deadline.get("deadline:targetTaskRunStatus"),
            require_paths_exist=True,
            submitter_name="stmpo",
            submitter_version=__version__,
            known_asset_paths=list(known),
            print_function_callback=message,
            interactive_confirmation_callback=confirm,
            hashing_progress_callback=phase("hashing"),
            upload_progress_callback=phase("uploading"),
        )
    assert job is not None  # only a snapshot has no id
    return SentJob(job, found[-1] if found else "")
