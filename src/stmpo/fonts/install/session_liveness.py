"""Whether the session that leased a font is still alive.

The program that installs a font exits at once, but its session goes on. Two things live as long as the
session: its working folder, and the worker agent that created it. The agent is the nearest ancestor of the
session's processes that is older than the folder. So a session has ended when

- its folder is gone: the end of a session removes it; or
- the machine was restarted since; or
- that ancestor is gone: an agent that was killed leaves folders behind.

If something cannot be determined (a process of another user, a system without a boot identity), the session
counts as alive: a font that stays too long does no harm, a font that is removed too early spoils frames. A
home folder may be shared by several machines. None of the three can be checked for another machine, so such a
lease ends by its age. So does a lease with neither a holder process nor a boot identity, because its folder
alone may stay for ever.

The clocks for files and processes differ in resolution, so a process counts as older than the folder only by
a margin. An agent within that margin is skipped in favour of its parent, which can only make the session live
longer.
"""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING

import psutil

from stmpo.fonts.install.leases import LeaseHolder, SessionToken

if TYPE_CHECKING:
    from pathlib import Path

OLDER_BY = 3.0
"""Seconds by which a process must be older than the session's folder."""

START_TIME_TOLERANCE = 2.0
"""Seconds by which the start time of one process may differ after the clock was adjusted."""

UNVERIFIABLE_LIFETIME = 14 * 86_400.0
"""Seconds after which a lease ends that is from another machine, or that only a folder vouches for."""


def make_token(session: Path, boot_id: str) -> SessionToken:
    """Return what identifies the session of this process."""
    return SessionToken(platform.node(), boot_id, _holder(session), time.time())


def is_alive(session: str, token: SessionToken, boot_id: str) -> bool:
    """Return whether the session of this folder is alive, seen from this machine."""
    recent = time.time() - token.since < UNVERIFIABLE_LIFETIME
    if token.host != platform.node():
        return recent
    comparable = bool(token.boot_id and boot_id)
    if not _may_exist(session) or (comparable and token.boot_id != boot_id):
        return False
    if token.holder is None:
        return comparable or recent
    return _is_running(token.holder)


def _may_exist(folder: str) -> bool:
    try:
        os.stat(folder)  # noqa: PTH116 - a text from the leases
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _holder(session: Path) -> LeaseHolder | None:
    """Return the nearest ancestor process that is older than the session's folder; None if unknown."""
    try:
        created = _creation_time(session)
        for process in psutil.Process().parents():
            started = process.create_time()
            if started < created - OLDER_BY:
                return LeaseHolder(process.pid, started)
    except (psutil.Error, OSError):
        return None
    return None


def _creation_time(session: Path) -> float:
    """Return about when the folder was created. Its own time changes with every new file; theirs do not."""
    return min(path.lstat().st_ctime for path in (session, *session.iterdir()))


def _is_running(holder: LeaseHolder) -> bool:
    try:
        process = psutil.Process(holder.pid)
        same = abs(process.create_time() - holder.started) <= START_TIME_TOLERANCE
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
