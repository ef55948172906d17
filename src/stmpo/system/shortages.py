"""Errors that say nothing of a job: the system grants this program too little. They are no defects of it."""

from __future__ import annotations

import errno

from stmpo.model.errors import BadInput

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
