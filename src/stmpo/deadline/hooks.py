"""Commands that a bundle or a folder runs on the artist's machine when a job is sent (`hooks.yaml`).

The client runs them if its settings allow it. It asks first, with "yes" as its default answer; here they are
read before, so that each command is shown and nothing runs without consent.
"""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Any

from stmpo.deadline.service import errors_as_bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stmpo.deadline.service import Connection

_LOGGER = "deadline.client.job_bundle"
"""The client logs what hooks print after a submission, and their failures, with this logger's children."""


def hook_commands(connection: Connection, bundle: Path) -> list[str]:
    """Return the commands that sending this bundle would run, each with its place and its moment.

    Raises:
        BadInput: a `hooks.yaml` is damaged.
    """
    try:
        import deadline.client.job_bundle.hooks  # noqa: F401, PLC0415
    except ImportError:  # a client older than hooks
        return []
    found: list[str] = []
    for label, folder, allowed in _sources(connection, bundle):
        if allowed:
            found += _commands(label, folder)
    return found


def _sources(connection: Connection, bundle: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield each folder that may hold hooks, with its name and whether the client's settings allow them."""
    ours, theirs = (
        connection.setting(f"settings.allow_{kind}_hooks").lower() in {"true", "yes", "on", "1"}
        for kind in ("bundle", "environment")
    )
    folder = os.environ.get("DEADLINE_HOOKS_DIR", "")
    same = bool(folder) and os.path.realpath(folder) == os.path.realpath(bundle)
    if folder and not same and os.path.isdir(folder):  # noqa: PTH112 - text, as the client reads it
        yield "DEADLINE_HOOKS_DIR", folder, theirs
    yield "the bundle", str(bundle), ours or (same and theirs)


def _commands(label: str, folder: str) -> Iterator[str]:
    from deadline.client.job_bundle.hooks import HookManager  # noqa: PLC0415

    with errors_as_bad_input(f"the hooks of {label} cannot be read"):
        hooks: Any = HookManager(folder, lambda _: None).load_hooks()
    if hooks is None:
        return
    for when, commands in (("before", hooks.pre_submission), ("after", hooks.post_submission)):
        for hook in commands:
            yield f"{label}, {when} the submission: {' '.join([hook.command, *hook.args])}"


@contextlib.contextmanager
def forwarded_hook_logs(message: Callable[[str], None]) -> Iterator[None]:
    """Forward what the client logs about hooks: their output after a submission, and that one has failed."""

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if "hook" in text.lower():
                message(text)

    logger, handler = logging.getLogger(_LOGGER), Forward(logging.INFO)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
