"""What a submission asks and reports, with the client's own function replaced."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from stmpo.deadline.client import Listener, SentJob, send

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stmpo.deadline.service import Connection

api = pytest.importorskip("deadline.client.api", reason="the Deadline client is not installed")

HOOKS = "This job bundle contains submission hooks…\nDo you want to run these hooks?"
URL = "https://studio.us-west-2.deadlinecloud.amazonaws.com/us-west-2/farms/farm-1?jobId=job-1"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[SentJob, list[str]]]:
    """Send with a client that asks for hooks and files and prints its lines; return the job and all lines."""
    answers: list[bool] = []

    def create(*_: object, **given: Any) -> str:
        confirm, say = given["interactive_confirmation_callback"], given["print_function_callback"]
        answers[:] = [confirm(HOOKS, True), confirm("Unknown paths: /a", False)]
        for line in (
            "Submitting to Queue: q",
            "Running pre-submission hook [1]: x",
            "  [hook 1] said",
            f"Job URL: {URL}",
        ):
            say(line)
        return "job-1"

    monkeypatch.setattr(api, "create_job_from_job_bundle", create)
    monkeypatch.setattr(api, "get_queue_parameter_definitions", lambda **_: [])

    def run(*, agreed: bool, hooks: bool) -> tuple[SentJob, list[str]]:
        lines: list[str] = []

        def confirm_hooks(text: str) -> bool:
            lines.append(text)
            return hooks

        listener = Listener(
            confirm_files=lambda text, known: known or "/a" not in text,
            confirm_hooks=confirm_hooks,
            progress=lambda _: True,
            message=lines.append,
        )
        job = send(
            cast("Connection", SimpleNamespace(config=None, farm="farm-1", queue="queue-1")),
            tmp_path, parameters=[], deadline={}, name=None, known=[], hooks_agreed=agreed, listener=listener,
        )  # fmt: skip
        return job, [str(answers), *lines]

    return run


def test_the_monitors_page_is_taken_from_the_clients_words_and_hooks_are_heard(
    asked: Callable[..., tuple[SentJob, list[str]]],
) -> None:
    job, lines = asked(agreed=True, hooks=False)
    assert job == SentJob("job-1", URL)
    assert lines == ["[True, False]", "Running pre-submission hook [1]: x", "  [hook 1] said"]


@pytest.mark.parametrize("hooks", [True, False])
def test_hooks_that_nobody_has_agreed_to_are_asked_for_once_more(
    asked: Callable[..., tuple[SentJob, list[str]]], *, hooks: bool
) -> None:
    """The client's default answer, yes, is never taken."""
    _, lines = asked(agreed=False, hooks=hooks)
    assert lines[0] == f"[{hooks}, False]"
    assert lines[1] == HOOKS
