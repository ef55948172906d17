"""Cancel a run: by a signal, or because the farm says so.

    while earlier frames are read ─► the run ends at once (`or_cancelled`); nothing has been started
    while frames are rendered     ─► renderers are stopped, whole frames are delivered (`canceller`)

A signal handler may run between any two steps of the main thread, so it only wakes the event loop. The loop
acts.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from stmpo.system.signals import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from stmpo.engine.orchestrator import Run
    from stmpo.system.signals import SignalHandlers

_T = TypeVar("_T")

CANCEL_RESERVE = 1.5
"""Seconds between the end of a cancelled run and the time at which the farm kills it."""


async def or_cancelled(work: Coroutine[None, None, _T], signals: SignalHandlers) -> _T:
    """Return what `work` returns. Stop waiting for it as soon as a signal comes.

    Raises:
        Cancelled: a signal came first. Nothing has been started, and the next run finds everything as it was.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    names: list[str] = []

    def cancel_work(name: str) -> None:
        names.append(name)
        loop.call_soon_threadsafe(task.cancel)

    before, signals.callback = signals.callback, cancel_work
    try:
        await asyncio.wait([task])
    finally:
        signals.callback = before
    if names:  # even if the work was done in the same moment: a cancel is never lost
        raise Cancelled(f"cancelled by {names[0]} before anything was started")
    return task.result()


def canceller(run: Run, session: Path | None, journal: Path) -> Callable[[str], None]:
    """Return a listener that cancels the run."""
    loop = asyncio.get_running_loop()
    next_time = _next_time(journal, session)

    def cancelled(name: str) -> None:
        granted = granted_seconds(session, time.time())
        loop.call_soon_threadsafe(_cancel, run, name, next_time, granted)

    return cancelled


def _next_time(journal: Path, session: Path | None) -> str:
    """Return how a cancelled run goes on. In a farm a cancel ends the session and removes its folder."""
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
    """Return the seconds that a cancel grants, from the `cancel_info.json` of an OpenJD session.

    `now` is in wall-clock seconds. None if there is no such file or it is not readable: then the run's own
    grace holds.
    """
    if session is None:
        return None
    try:
        text = json.loads((session / "cancel_info.json").read_text(encoding="utf-8"))["NotifyEnd"]
        end = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return max(0.0, end.timestamp() - now)
