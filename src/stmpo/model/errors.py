"""What ends a run other than success, and the exit code that says so.

Every error that a user can cause is a `StmpoError`: its text is one line that says what happened, to which
frames or file, and what to do next. The command line prints that line and exits with the error's code; there
is no traceback. Anything else that escapes is a defect of this program and exits with `ExitCode.INTERNAL`.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every `stmpo` command. Scripts rely on them: a number is never given another meaning."""

    OK = 0
    """All frames stand at the destination, whole."""

    FRAMES_FAILED = 1
    """Some frames could not be rendered; they are named, with the renderer's own words."""

    BAD_INPUT = 2
    """An option, a file or a journal was refused before anything was started."""

    NO_RENDERER = 3
    """No aerender was found; the places that were looked at are named."""

    CANCELLED = 4
    """A signal stopped the run; the journal is left so that the next run resumes."""

    NO_SPACE = 5
    """The scratch disk or the destination is full; what was rendered is kept."""

    INTERNAL = 70
    """A defect of this program (EX_SOFTWARE of sysexits.h)."""


class StmpoError(Exception):
    """An end that a user can act on: `str(error)` is the one line they read."""

    exit_code = ExitCode.INTERNAL


class BadInput(StmpoError):  # noqa: N818 - it names what is wrong, as the user sees it
    """An option, file or journal is refused. Nothing has been started, nothing has been changed."""

    exit_code = ExitCode.BAD_INPUT


class NoRenderer(StmpoError):  # noqa: N818
    """No program to render with was found."""

    exit_code = ExitCode.NO_RENDERER


class NoSpace(StmpoError):  # noqa: N818
    """A disk is full, or too full to begin."""

    exit_code = ExitCode.NO_SPACE
