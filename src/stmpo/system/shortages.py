"""Limits of the system that are too small for this program. Reaching one is no defect and no fault of a job.

Some are checked at the start: below them even Python fails in odd ways, or a run could start no renderer and
would wait for better times for ever.
"""

from __future__ import annotations

import contextlib
import errno

from stmpo.model.errors import BadInput

MIN_OPEN_FILES = 24
"""Enough for one renderer."""

MAX_OPEN_FILES = 4096
"""The soft limit is raised to this, as far as the hard one allows it: each renderer takes several."""

MIN_DATA_BYTES = 32 << 20
MIN_ADDRESS_BYTES = 160 << 20
"""Memory in which Python, this program and what it imports still run."""

_FILES = {errno.EMFILE, errno.ENFILE}
_PROCESSES = {errno.EAGAIN}
_MEMORY = {errno.ENOMEM}


def shortage(error: BaseException | None) -> BadInput | None:
    """Return the error to show for a limit that was reached; None if this is something else.

    The causes of the error count too: an import that fails for want of open files is an `ImportError`.
    """
    seen = 0
    while error is not None and seen < 20:
        number = error.errno if isinstance(error, OSError) else None
        if number in _FILES:
            return BadInput("the system allows too few open files; raise the limit (ulimit -n)")
        if isinstance(error, MemoryError) or number in _MEMORY:
            return BadInput("the system grants too little memory; raise the limit (ulimit -v, ulimit -d)")
        if number in _PROCESSES or "can't start new thread" in str(error):
            return BadInput("the system allows too few processes or threads; raise the limit (ulimit -u)")
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def check_limits() -> None:
    """Raise the limit on open files if that is allowed, and check the limits of this process (POSIX).

    Raises:
        BadInput: a limit is too small.
    """
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    infinity = resource.RLIM_INFINITY
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == infinity else min(MAX_OPEN_FILES, hard)
    if soft not in {infinity, wanted} and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft != infinity and soft < MIN_OPEN_FILES:
        raise BadInput(f"the system allows {soft} open files, {MIN_OPEN_FILES} are the least (ulimit -n)")
    for kind, least, flag in (
        (resource.RLIMIT_DATA, MIN_DATA_BYTES, "-d"),
        (resource.RLIMIT_AS, MIN_ADDRESS_BYTES, "-v"),
    ):
        granted = resource.getrlimit(kind)[0]
        if granted != infinity and granted < least:
            raise BadInput(
                f"the system grants {granted >> 20} MiB of memory, {least >> 20} are the least (ulimit {flag})"
            )
