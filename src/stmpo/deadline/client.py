"""The Deadline Cloud client's Python API: sending a bundle, and following the job. The one module that imports it.

Whatever the client, botocore or the service says against a job becomes one line (`BadInput`). CreateJob is the last
call and makes the whole job or none; what was uploaded before it stays in the queue's bucket, by its hash, and is not
uploaded again.
"""

from __future__ import annotations

import contextlib
import re
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from stmpo import __version__
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SESSION = "the start of a session"

_UNREADABLE = "the client's configuration cannot be read"
_LENGTH = 600
_MOST_STARTS = 3
"""Different words of failed starts, at most: every worker says the same of a job that none can begin."""

_MOST_SESSIONS = 20
"""Sessions that are looked at for such words."""


@dataclass(frozen=True, slots=True)
class FarmQueue:
    """Where a job is sent; what is None comes from the client's configuration."""

    profile: str | None = None
    """AWS profile."""

    farm: str | None = None
    queue: str | None = None
    storage_profile: str | None = None


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """How far hashing or uploading has come."""

    phase: str
    """"hashing" or "uploading"."""

    percent: float
    text: str


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task that failed, or the start of a session, in the words that the farm shows for it."""

    step: str
    """The step's name; `SESSION` where no task of the session had begun."""

    parameters: str
    message: str


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job ended."""

    status: str
    """The service's word: SUCCEEDED, FAILED, CANCELED, SUSPENDED or NOT_COMPATIBLE."""

    failed: tuple[FailedTask, ...]


class Client:
    """A queue of a farm, by way of the client's configuration.

    Raises:
        BadInput: from every method, and from making one: the client is not installed, no farm or queue is known.
    """

    def __init__(self, place: FarmQueue) -> None:
        config_file = _config_file()
        with _in_one_line(_UNREADABLE):
            self._config = ConfigParser()
            self._config.read_dict(config_file.read_config())
            for name, value in (
                ("defaults.aws_profile_name", place.profile),
                ("defaults.farm_id", place.farm),
                ("defaults.queue_id", place.queue),
                ("settings.storage_profile_id", place.storage_profile),
                ("settings.auto_accept", "false"),  # our own question decides, also where files lie elsewhere
            ):
                if value is not None:
                    config_file.set_setting(name, value, config=self._config)
            self.farm = config_file.get_setting("defaults.farm_id", config=self._config)
            self.queue = config_file.get_setting("defaults.queue_id", config=self._config)
        for name, value in (("farm", self.farm), ("queue", self.queue)):
            if not value:
                raise BadInput(f"no {name} is given: add --{name}-id, or choose one by `deadline config gui`")

    def send(
        self,
        bundle: Path,
        *,
        parameters: Sequence[dict[str, str]],
        deadline: dict[str, Any],
        name: str | None,
        known: Sequence[str],
        agree: Callable[[str, bool], bool],
        tell: Callable[[TransferProgress], bool],
        say: Callable[[str], None],
    ) -> str:
        """Hash, upload and create the job; return its id.

        `agree` is asked about files outside `known` folders (text; whether all are known); `tell` gets the progress and
        returns whether to go on.
        """
        from deadline.client import api  # noqa: PLC0415

        def phase(label: str) -> Callable[[Any], bool]:
            return lambda report: tell(
                TransferProgress(label, float(report.progress), str(report.progressMessage))
            )

        with _in_one_line("the job was not created"):
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
                print_function_callback=say,
                interactive_confirmation_callback=agree,
                hashing_progress_callback=phase("hashing"),
                upload_progress_callback=phase("uploading"),
            )
        assert job is not None  # only a snapshot has no id
        return job

    def follow(
        self, job: str, told: Callable[[str, dict[str, int]], None], *, longest_wait: int = 5
    ) -> JobOutcome:
        """Wait for a job's end. `told` gets its status and how many tasks are in which, whenever the service is asked.

        `longest_wait` is in seconds, between two questions.
        """
        from deadline.client import api  # noqa: PLC0415
        from deadline.client.exceptions import DeadlineOperationError  # noqa: PLC0415

        last = ""

        def seen(view: dict[str, Any], *_: object) -> None:
            nonlocal last
            last = str(view.get("taskRunStatus", ""))
            told(last, dict(view.get("taskRunStatusCounts", {})))

        with _in_one_line(f"job {job} goes on, but cannot be followed"):
            try:
                last = api.wait_for_job_completion(
                    self.farm,
                    self.queue,
                    job,
                    max_poll_interval=longest_wait,
                    config=self._config,
                    job_callback=seen,
                ).status
            except DeadlineOperationError:
                if last not in _ENDED:
                    raise  # else only the failed tasks could not be listed
            return JobOutcome(last, self._failed(job) if last == "FAILED" else ())

    def _failed(self, job: str) -> tuple[FailedTask, ...]:
        """What failed, with its messages, as far as this user may read them.

        Where no task has words of its own, none had begun: what its session could not do before is told instead.
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
                failed += islice(self._failed_starts(service, where), _MOST_STARTS)
        return tuple(failed)

    def _failed_starts(self, service: Any, where: dict[str, str]) -> Iterator[FailedTask]:
        """What sessions could not do before a task of theirs began: bring the files, enter an environment."""
        told: set[str] = set()
        sessions = _listed(service, "list_sessions", "sessions", where)
        for session in islice(sessions, _MOST_SESSIONS):
            which = {**where, "sessionId": session["sessionId"]}
            for action in _listed(service, "list_session_actions", "sessionActions", which):
                if action.get("status") != "FAILED" or "taskRun" in action.get("definition", {}):
                    continue
                message = _message(service, where, action["sessionActionId"])
                if message not in told:
                    told.add(message)
                    yield FailedTask(SESSION, "", message)

    def _failed_in(self, service: Any, where: dict[str, str], step: dict[str, Any]) -> Iterator[FailedTask]:
        for task in _listed(service, "list_tasks", "tasks", {**where, "stepId": step["stepId"]}):
            if task.get("runStatus") != "FAILED":
                continue
            action = task.get("latestSessionActionId")
            message = _message(service, where, action) if action else ""
            values = (next(iter(value.values())) for value in task.get("parameters", {}).values())
            yield FailedTask(str(step.get("name", "")), ", ".join(map(str, values)), message)


def _config_file() -> Any:
    """The client's module for its configuration, which reads AWS' configuration while it is imported."""
    try:
        botocore_error = _refusals()[1]
        try:
            from deadline.client.config import config_file  # noqa: PLC0415 - costs a second, and only senders have it
        except (botocore_error, ConfigError, ValueError, OSError) as error:
            raise BadInput(f"{_UNREADABLE}: {one_line(str(error))}") from None
    except ImportError:
        raise BadInput("sending a job needs the Deadline Cloud client: pip install 'stmpo[submit]'") from None
    return config_file


def _listed(service: Any, call: str, key: str, where: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Every entry of a paginated list."""
    for page in service.get_paginator(call).paginate(**where):
        yield from page[key]


def _message(service: Any, where: dict[str, str], action: str) -> str:
    view = service.get_session_action(**where, sessionActionId=action)
    return str(view.get("progressMessage", ""))


_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "SUSPENDED", "NOT_COMPATIBLE"})


@contextlib.contextmanager
def _in_one_line(what: str) -> Iterator[None]:
    """Say whatever the client raises in one line, with the way out where it is known."""
    from deadline.client.exceptions import DeadlineOperationCanceled, DeadlineOperationError  # noqa: PLC0415
    from deadline.job_attachments.exceptions import JobAttachmentsError  # noqa: PLC0415

    refused, botocore_error = _refusals()
    try:
        yield
    except refused as error:
        told = error.response.get("Error", {})
        raise BadInput(
            f"{what}: the service refuses {error.operation_name}: {told.get('Code', 'error')}: "
            f"{one_line(str(told.get('Message', error)))}"
        ) from None
    except botocore_error as error:
        raise BadInput(f"{what}: {_botocore(error)}") from None
    except DeadlineOperationCanceled as error:
        raise BadInput(f"{what}: {one_line(str(error))}") from None
    except (DeadlineOperationError, JobAttachmentsError, ConfigError, ValueError, OSError) as error:
        # what the client and botocore say of a configuration or a value that makes no sense to them
        raise BadInput(f"{what}: {_unwrapped(error)}") from None


def _refusals() -> tuple[Any, Any]:
    """Botocore's two kinds of error: the service's, and its own."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # noqa: PLC0415

    return ClientError, BotoCoreError


def _botocore(error: Exception) -> str:
    """What botocore means for somebody who wants to send a job."""
    kind = type(error).__name__
    if "Credential" in kind or "Token" in kind or kind in {"ProfileNotFound", "NoAuthTokenError"}:
        return (
            f"no AWS credentials ({one_line(str(error))}); log in by `deadline auth login`, or give --profile"
        )
    if kind == "NoRegionError":
        return "no AWS region is known; set AWS_DEFAULT_REGION, or give --profile"
    if any(word in kind for word in ("Connect", "Endpoint", "Timeout", "HTTPClient", "Proxy", "SSL")):
        return (
            f"the service cannot be reached ({one_line(str(error))}); look at the network and send it again"
        )
    return one_line(str(error))


def _unwrapped(error: BaseException) -> str:
    """The client wraps what botocore says; the innermost of it is what can be acted on."""
    inner = error.__cause__ or error.__context__
    return _botocore(inner) if isinstance(inner, _refusals()[1]) else one_line(str(error))


def one_line(text: str) -> str:
    """Text as one line of bearable length."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"
