"""Follows jobs of a queue: their state, the tasks that failed, and what the renderers said.

Everything is read; nothing of a job is changed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from stmpo.deadline.service import Connection, errors_as_bad_input, listed, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SESSION_START = "the start of a session"

_MAX_FAILED_STARTS = 3
"""Different messages of failed session starts. A job that no worker can begin fails alike on every worker."""

_MAX_SESSIONS = 20
"""Sessions that are searched for such messages."""

_END_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "SUSPENDED", "NOT_COMPATIBLE"})

_LOG_LIMIT = 1000
"""Most lines of a session's log that are read to find those of one action."""


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task or the start of a session that failed, with the message that the farm shows for it."""

    step: str
    """The step's name; `SESSION_START` if no task of the session had begun."""

    parameters: str
    message: str
    action: str = ""
    """The id of its last session action."""


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The end of a job."""

    status: str
    """The service's value: SUCCEEDED, FAILED, CANCELED, SUSPENDED or NOT_COMPATIBLE."""

    failed: tuple[FailedTask, ...]


@dataclass(frozen=True, slots=True)
class StepState:
    """The number of a step's tasks per status."""

    name: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as the service shows it."""

    identity: str
    name: str
    status: str
    reason: str
    """The service's message on a job that it could not create or cannot run."""

    steps: tuple[StepState, ...]


class FarmJobs:
    """The jobs of one queue.

    Raises:
        BadInput: every method raises it: the client or the service reports an error.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

        with errors_as_bad_input(f"job {job} continues, but cannot be followed"):
            try:
                last = api.wait_for_job_completion(
                    self._connection.farm,
                    self._connection.queue,
                    job,
                    max_poll_interval=poll_interval,
                    config=self._connection.config,
                    job_callback=seen,
                ).status
            except DeadlineOperationError:
                if last not in _END_STATES:
                    raise  # after an end state, only the list of failed tasks could not be read
            return JobOutcome(last, self.failed(job) if last == "FAILED" else ())

    def state(self, job: str) -> JobState:
        """Return a job's state and that of its steps."""
        service = self._connection.service()
        with errors_as_bad_input(f"job {job} cannot be read"):
            view = service.get_job(**self._where(job))
            steps = tuple(
                StepState(str(step.get("name", "")), _counts(step))
                for step in listed(service, "list_steps", "steps", self._where(job))
            )
        created = view.get("lifecycleStatus", "") in {"", "CREATE_COMPLETE", "UPDATE_SUCCEEDED"}
        reason = "" if created else str(view.get("lifecycleStatusMessage", ""))
        status = str(view.get("taskRunStatus") or view.get("lifecycleStatus", ""))
        return JobState(job, str(view.get("name", "")), status, reason, steps)

    def ended(self, job: str) -> str:
        """Return the status of a job that has ended, "GONE" if the service no longer has it, "" otherwise."""
        refused = refusals()[0]
        with errors_as_bad_input(f"job {job} cannot be read"):
            try:
                view = self._connection.service().get_job(**self._where(job))
            except refused as error:
                if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                    return "GONE"
                raise
        status = str(view.get("taskRunStatus", ""))
        return status if status in _END_STATES - {"SUSPENDED"} else ""

    def failed(self, job: str) -> tuple[FailedTask, ...]:
        """Return the failed tasks with their messages, as far as this user may read them.

        If no task has a message, none had begun. Then the messages of the failed session starts are added.
        """
        service, where = self._connection.service(), self._where(job)
        failed: list[FailedTask] = []
        with contextlib.suppress(refusals()[0]):
            for step in listed(service, "list_steps", "steps", where):
                if _counts(step).get("FAILED", 0):
                    failed += self._failed_in(service, where, step)
            if not any(task.message for task in failed):
                failed += islice(self._failed_starts(service, where), _MAX_FAILED_STARTS)
        return tuple(failed)

    def log(self, job: str, session: str | None, lines: int) -> tuple[str, list[str]]:
        """Return a session's id and the last lines of its log; without an id, the job's newest session."""
        from deadline.client import api  # noqa: PLC0415

        with errors_as_bad_input(f"the log of job {job} cannot be read"):
            found = api.get_session_logs(
                self._connection.farm,
                self._connection.queue,
                session_id=session,
                job_id=job,
                limit=lines,
                config=self._connection.config,
            )
        return str(found.log_stream), [event.message for event in found.events]

    def log_of(self, job: str, action: str) -> list[str]:
        """Return the log lines of one session action, as far as they are among the session's newest."""
        from deadline.client import api  # noqa: PLC0415

        with errors_as_bad_input(f"the log of job {job} cannot be read"):
            view = self._connection.service().get_session_action(**self._where(job), sessionActionId=action)
            found = api.get_session_logs(
                self._connection.farm,
                self._connection.queue,
                session_id=f"session-{action.split('-')[1]}",
                limit=_LOG_LIMIT,
                start_time=view.get("startedAt"),
                end_time=view.get("endedAt"),
                config=self._connection.config,
            )
        return [event.message for event in found.events]

    def _where(self, job: str) -> dict[str, str]:
        return {**self._connection.place, "jobId": job}

    def _failed_starts(self, service: Any, where: dict[str, str]) -> Iterator[FailedTask]:
        """Yield what failed before the first task of a session: the transfer of files, an environment."""
        seen: set[str] = set()
        sessions = listed(service, "list_sessions", "sessions", where)
        for session in islice(sessions, _MAX_SESSIONS):
            which = {**where, "sessionId": session["sessionId"]}
            for action in listed(service, "list_session_actions", "sessionActions", which):
                if action.get("status") != "FAILED" or "taskRun" in action.get("definition", {}):
                    continue
                identity = action["sessionActionId"]
                message = _message(service, where, identity)
                if message not in seen:
                    seen.add(message)
                    yield FailedTask(SESSION_START, "", message, identity)

    def _failed_in(self, service: Any, where: dict[str, str], step: dict[str, Any]) -> Iterator[FailedTask]:
        for task in listed(service, "list_tasks", "tasks", {**where, "stepId": step["stepId"]}):
            if task.get("runStatus") != "FAILED":
                continue
            action = str(task.get("latestSessionActionId") or "")
            message = _message(service, where, action) if action else ""
            values = (next(iter(value.values())) for value in task.get("parameters", {}).values())
            yield FailedTask(str(step.get("name", "")), ", ".join(map(str, values)), message, action)


def _counts(view: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in view.get("taskRunStatusCounts", {}).items() if count}


def _message(service: Any, where: dict[str, str], action: str) -> str:
    view = service.get_session_action(**where, sessionActionId=action)
    return str(view.get("progressMessage", ""))
