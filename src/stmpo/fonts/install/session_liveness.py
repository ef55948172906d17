"""Whether the session that leased a font still lives.

The program that installs a font ends at once; its session goes on. What lives as long as a session is its working
folder, and the process that made it: the worker agent, which is the nearest ancestor of everything that runs in the
session and older than the folder. So a session is over when

- its folder has gone: a session's end removes it; or
- the machine was started again since; or
- that ancestor has gone: an agent that was killed leaves folders behind.

Whatever cannot be told (a process of another user that may not be looked at, a system without a boot identity) counts
as living: a font too many for a while harms nobody, a font too few spoils frames. A home folder may be shared by several
machines. None of the three can be seen from another one, so there a lease ends by its age; so does one that has neither
a keeper nor an identity of its start of the machine, as its folder alone may stay for ever.

Times of files and of processes come from clocks of different fineness, so a process counts as older than the folder
only by a margin. An agent that is younger than that is passed over for its own parent, which only makes it live longer.
"""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING

import psutil

from stmpo.fonts.install.leases import LeaseHolder, Token

if TYPE_CHECKING:
    from pathlib import Path

MARGIN = 3.0
"""Seconds by which a process has to be older than a session's folder to count as older."""

SAME = 2.0
"""Seconds by which the start of one process may seem to differ when the machine's clock is adjusted."""

ELSEWHERE = 14 * 86_400.0
"""Seconds after which a lease ends that is from another machine, or of which only the folder could tell."""


def token_of(session: Path, boot: str) -> Token:
    """What to know the session by that this process belongs to."""
    return Token(platform.node(), boot, _keeper(session), time.time())


def lives(session: str, token: Token, boot: str) -> bool:
    """Whether the session of this folder still lives, seen from this machine."""
    if token.host != platform.node():
        return time.time() - token.since < ELSEWHERE
    if not _may_be_there(session) or (token.boot and boot and token.boot != boot):
        return False
    if token.keeper is None:
        return bool(token.boot and boot) or time.time() - token.since < ELSEWHERE
    return _runs(token.keeper)


def _may_be_there(folder: str) -> bool:
    try:
        os.stat(folder)  # noqa: PTH116 - a text from the book
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _keeper(session: Path) -> LeaseHolder | None:
    """The nearest ancestor of this process that is older than the session's folder; None where none can be seen."""
    try:
        begun = _begun(session)
        for process in psutil.Process().parents():
            started = process.create_time()
            if started < begun - MARGIN:
                return LeaseHolder(process.pid, started)
    except (psutil.Error, OSError):
        return None
    return None


def _begun(session: Path) -> float:
    """When the folder was made, or little later: its own time moves with every file that is made in it, theirs do not."""
    return min(path.lstat().st_ctime for path in (session, *session.iterdir()))


def _runs(keeper: LeaseHolder) -> bool:
    try:
        process = psutil.Process(keeper.pid)
        same = abs(process.create_time() - keeper.started) <= SAME
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
