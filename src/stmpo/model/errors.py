"""Errors and exit codes.

Every error that a user can cause is a `StmpoError`. Its text is one line: what happened, to which frames or
file, and what to do next. The command line prints that line and exits with the error's code, without a
traceback. Any other exception is a defect of this program and exits with `ExitCode.INTERNAL`.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every `stmpo` command. Scripts rely on them: a number never changes its meaning."""

    OK = 0
    """All frames are at the destination, whole."""

    FRAMES_FAILED = 1
    """Some frames could not be rendered; the message names them and quotes the renderer."""

    BAD_INPUT = 2
    """An option, a file or a journal was refused before anything was started."""

    NO_RENDERER = 3
    """No aerender was found; the message names the places that were searched."""

    CANCELLED = 4
    """A signal stopped the run; the journal stays, and the next run resumes."""

    NO_SPACE = 5
    """The scratch disk or the destination is full; rendered frames are kept."""

    INTERNAL = 70
    """A defect of this program (EX_SOFTWARE of sysexits.h)."""


class StmpoError(Exception):
    """An error that the user can act on. `str(error)` is the one line that is printed."""

    exit_code = ExitCode.INTERNAL


class BadInput(StmpoError):  # noqa: N818 - named after what is wrong
    """An option, file or journal is refused. Nothing has been started or changed."""

    exit_code = ExitCode.BAD_INPUT


class NoRenderer(StmpoError):  # noqa: N818
    """No renderer was found."""

    exit_code = ExitCode.NO_RENDERER


class NoSpace(StmpoError):  # noqa: N818
    """A disk is full, or has too little space to begin."""

    exit_code = ExitCode.NO_SPACE
