"""Cancel a run."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stmpo.engine.orchestrator import Run


CANCEL_RESERVE = 1.5
"""Seconds before the farm's kill by which a cancelled run wants to be gone."""


def _canceller(run: Run, session: Path | None, journal: Path) -> Callable[[str], None]:
    """A listener that cancels the run, from whatever the main thread is doing; the loop is woken."""
    loop = asyncio.get_running_loop()
    next_time = _next_time(journal, session)

    def cancelled(name: str) -> None:
        granted = granted_seconds(session, time.time())
        loop.call_soon_threadsafe(_cancel, run, name, next_time, granted)

    return cancelled


def _next_time(journal: Path, session: Path | None) -> str:
    """How a cancelled run goes on. In a farm a cancel ends the session, and its folder goes with it."""
    if session is None:
        return "run the same command again to go on where it stopped"
    if journal.is_relative_to(session):
        return "when this task is run again, it begins with its first frame"
    return "when this task is run again, it goes on where it stopped"


def _cancel(run: Run, name: str, next_time: str, granted: float | None) -> None:
    if granted is None:
        run.cancel(name, next_time)
    else:  # two thirds of the time for the renderers to end, the rest to deliver what is whole
        left = max(0.0, granted - CANCEL_RESERVE)
        run.cancel(name, next_time, grace=max(0.1, left * 2 / 3), delivery=left / 3)


def granted_seconds(session: Path | None, now: float) -> float | None:
    """How long a cancel leaves, by the `cancel_info.json` that an OpenJD session writes before it signals.

    `now` is wall-clock seconds. None where there is no such file or it is not readable: then the run's own grace holds.
    """
    if session is None:
        return None
    try:
        text = json.loads((session / "cancel_info.json").read_text(encoding="utf-8"))["NotifyEnd"]
        end = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return max(0.0, end.timestamp() - now)
