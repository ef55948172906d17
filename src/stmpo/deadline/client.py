"""Sends bundles and follows jobs through the Deadline Cloud client's Python API. Only this module imports it.

Every error of the client, of botocore and of the service becomes one line (`BadInput`). CreateJob is the last
call. It creates the whole job or none; files that were uploaded before stay in the queue's bucket under their
hashes and are not uploaded again.
"""

from __future__ import annotations

import contextlib
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from stmpo import __version__
from stmpo.model.errors import BadInput
from stmpo.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SESSION_START = "the start of a session"

_UNREADABLE = "the client's configuration cannot be read"
_MAX_MESSAGE_LENGTH = 600

_MAX_FAILED_STARTS = 3
"""Different messages of failed session starts. A job that no worker can begin fails alike on every worker."""

_MAX_SESSIONS = 20
"""Sessions that are searched for such messages."""

_END_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "SUSPENDED", "NOT_COMPATIBLE"})


@dataclass(frozen=True, slots=True)
class FarmQueue:
    """The destination of a job. A value of None comes from the client's configuration."""

    profile: str | None = None
    """AWS profile."""

    farm: str | None = None
    queue: str | None = None
    storage_profile: str | None = None


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """Progress of hashing or uploading."""

    phase: str
    """"hashing" or "uploading"."""

    percent: float
    text: str


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task or the start of a session that failed, with the message that the farm shows for it."""

    step: str
    """The step's name; `SESSION_START` if no task of the session had begun."""

    parameters: str
    message: str


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The end of a job."""

    status: str
    """The service's value: SUCCEEDED, FAILED, CANCELED, SUSPENDED or NOT_COMPATIBLE."""

    failed: tuple[FailedTask, ...]


class Client:
    """One queue of a farm, with the client's configuration.

    Raises:
        BadInput: the constructor and every method raise it: the client is not installed, no farm or queue is
            known, or the client or the service reports an error.
    """

    def __init__(self, place: FarmQueue) -> None:
        config_file = _config_file()
        with _errors_as_bad_input(_UNREADABLE):
            self._config = ConfigParser()
            self._config.read_dict(config_file.read_config())
            for name, value in (
                ("defaults.aws_profile_name", place.profile),
                ("defaults.farm_id", place.farm),
                ("defaults.queue_id", place.queue),
                ("settings.storage_profile_id", place.storage_profile),
                ("settings.auto_accept", "false"),  # STMPO asks the user about files elsewhere
            ):
                if value is not None:
                    config_file.set_setting(name, value, config=self._config)
            self.farm = config_file.get_setting("defaults.farm_id", config=self._config)
            self.queue = config_file.get_setting("defaults.queue_id", config=self._config)
        for name, value in (("farm", self.farm), ("queue", self.queue)):
            if not value:
                raise BadInput(
                    f"no {name} is given: add --{name}-id, or choose one with `deadline config gui`"
                )

    def send(
        self,
        bundle: Path,
        *,
        parameters: Sequence[dict[str, str]],
        deadline: dict[str, Any],
        name: str | None,
        known: Sequence[str],
        confirm: Callable[[str, bool], bool],
        on_progress: Callable[[TransferProgress], bool],
        on_message: Callable[[str], None],
    ) -> str:
        """Hash and upload the files, create the job, return its id.

        `confirm` gets a text about the files and whether all lie in `known` folders; it returns whether to
        send them. `on_progress` returns whether to continue. `on_message` gets the client's own messages.
        """
        from deadline.client import api  # noqa: PLC0415

        def phase(label: str) -> Callable[[Any], bool]:
            return lambda report: on_progress(
                TransferProgress(label, float(report.progress), str(report.progressMessage))
            )

        with _errors_as_bad_input("the job was not created"):
            job = api.create_job_from_job_bundle(
                str(bundle),
                list(parameters),
                name=name,
                config=self._config,
                queue_parameter_definitions=api.get_queue_parameter_definitions(
                    farmId=self.farm, queueId=self.queue, config=self._config
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
                print_function_callback=on_message,
                interactive_confirmation_callback=confirm,
                hashing_progress_callback=phase("hashing"),
                upload_progress_callback=phase("uploading"),
            )
        assert job is not None  # only a snapshot has no id
        return job

    def follow(
        self, job: str, on_status: Callable[[str, dict[str, int]], None], *, poll_interval: int = 5
    ) -> JobOutcome:
        """Wait for a job's end.

        `on_status` gets the job's status and the number of tasks per status at each poll. `poll_interval` is
        the longest time between two polls, in seconds.
        """
        from deadline.client import api  # noqa: PLC0415
        from deadline.client.exceptions import DeadlineOperationError  # noqa: PLC0415

        last = ""

        def seen(view: dict[str, Any], *_: object) -> None:
            nonlocal last
            last = str(view.get("taskRunStatus", ""))
            on_status(last, dict(view.get("taskRunStatusCounts", {})))

        with _errors_as_bad_input(f"job {job} continues, but cannot be followed"):
            try:
                last = api.wait_for_job_completion(
                    self.farm,
                    self.queue,
                    job,
                    max_poll_interval=poll_interval,
                    config=self._config,
                    job_callback=seen,
                ).status
            except DeadlineOperationError:
                if last not in _END_STATES:
                    raise  # after an end state, only the list of failed tasks could not be read
            return JobOutcome(last, self._failed(job) if last == "FAILED" else ())

    def _failed(self, job: str) -> tuple[FailedTask, ...]:
        """Return the failed tasks with their messages, as far as this user may read them.

        If no task has a message, none had begun. Then the messages of the failed session starts are added.
        """
        from deadline.client import api  # noqa: PLC0415

        service = api.get_boto3_client("deadline", config=self._config)
        where = {"farmId": self.farm, "queueId": self.queue, "jobId": job}
        failed: list[FailedTask] = []
        with contextlib.suppress(_refusals()[0]):
            for step in _listed(service, "list_steps", "steps", where):
                if step.get("taskRunStatusCounts", {}).get("FAILED", 0):
                    failed += self._failed_in(service, where, step)
            if not any(task.message for task in failed):
                failed += islice(self._failed_starts(service, where), _MAX_FAILED_STARTS)
        return tuple(failed)

    def _failed_starts(self, service: Any, where: dict[str, str]) -> Iterator[FailedTask]:
        """Yield what failed before the first task of a session: the transfer of files, an environment."""
        seen: set[str] = set()
        sessions = _listed(service, "list_sessions", "sessions", where)
        for session in islice(sessions, _MAX_SESSIONS):
            which = {**where, "sessionId": session["sessionId"]}
            for action in _listed(service, "list_session_actions", "sessionActions", which):
                if action.get("status") != "FAILED" or "taskRun" in action.get("definition", {}):
                    continue
                message = _message(service, where, action["sessionActionId"])
                if message not in seen:
                    seen.add(message)
                    yield FailedTask(SESSION_START, "", message)

    def _failed_in(self, service: Any, where: dict[str, str], step: dict[str, Any]) -> Iterator[FailedTask]:
        for task in _listed(service, "list_tasks", "tasks", {**where, "stepId": step["stepId"]}):
            if task.get("runStatus") != "FAILED":
                continue
            action = task.get("latestSessionActionId")
            message = _message(service, where, action) if action else ""
            values = (next(iter(value.values())) for value in task.get("parameters", {}).values())
            yield FailedTask(str(step.get("name", "")), ", ".join(map(str, values)), message)


def _config_file() -> Any:
    """Return the client's configuration module. Its import reads the AWS configuration and can fail by it."""
    try:
        botocore_error = _refusals()[1]
        try:
            from deadline.client.config import config_file  # noqa: PLC0415 - takes a second
        except (botocore_error, ConfigError, ValueError, OSError) as error:
            raise BadInput(f"{_UNREADABLE}: {_short(str(error))}") from None
    except ImportError:
        raise BadInput("sending a job needs the Deadline Cloud client: pip install 'stmpo[submit]'") from None
    return config_file


def _listed(service: Any, call: str, key: str, where: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield every entry of a paginated list."""
    for page in service.get_paginator(call).paginate(**where):
        yield from page[key]


def _message(service: Any, where: dict[str, str], action: str) -> str:
    view = service.get_session_action(**where, sessionActionId=action)
    return str(view.get("progressMessage", ""))


@contextlib.contextmanager
def _errors_as_bad_input(what: str) -> Iterator[None]:
    """Raise every error of the client as one line, with the next step if it is known."""
    from deadline.client.exceptions import DeadlineOperationCanceled, DeadlineOperationError  # noqa: PLC0415
    from deadline.job_attachments.exceptions import JobAttachmentsError  # noqa: PLC0415

    refused, botocore_error = _refusals()
    try:
        yield
    except refused as error:
        reply = error.response.get("Error", {})
        raise BadInput(
            f"{what}: the service refuses {error.operation_name}: {reply.get('Code', 'error')}: "
            f"{_short(str(reply.get('Message', error)))}"
        ) from None
    except botocore_error as error:
        raise BadInput(f"{what}: {_botocore(error)}") from None
    except DeadlineOperationCanceled as error:
        raise BadInput(f"{what}: {_short(str(error))}") from None
    except (DeadlineOperationError, JobAttachmentsError, ConfigError, ValueError, OSError) as error:
        # the client and botocore raise these for a configuration or a value that they cannot use
        raise BadInput(f"{what}: {_unwrapped(error)}") from None


def _refusals() -> tuple[Any, Any]:
    """Return botocore's two error classes: the service's answers, and its own errors."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    return ClientError, BotoCoreError


def _botocore(error: Exception) -> str:
    """Return botocore's error as a message for the sender of a job."""
    kind = type(error).__name__
    if "Credential" in kind or "Token" in kind or kind in {"ProfileNotFound", "NoAuthTokenError"}:
        return (
            f"no AWS credentials ({_short(str(error))}); log in with `deadline auth login`, or give --profile"
        )
    if kind == "NoRegionError":
        return "no AWS region is known; set AWS_DEFAULT_REGION, or give --profile"
    if any(word in kind for word in ("Connect", "Endpoint", "Timeout", "HTTPClient", "Proxy", "SSL")):
        return f"the service cannot be reached ({_short(str(error))}); check the network and send it again"
    return _short(str(error))


def _unwrapped(error: BaseException) -> str:
    """Return the message of the botocore error inside the client's error, or else the client's own."""
    inner = error.__cause__ or error.__context__
    return _botocore(inner) if isinstance(inner, _refusals()[1]) else _short(str(error))


def _short(text: str) -> str:
    return one_line(text, _MAX_MESSAGE_LENGTH)
