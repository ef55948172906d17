"""Check that a run's log goes into no file that matters: the project, or a journal."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from stmpo.engine.prepare import absolute
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.model.options import JobOptions, RunOptions

_JOURNAL = ".stmpo.jsonl"


def check_log_file(
    log: Path, project: str, job_options: JobOptions, options: RunOptions, folder: Path
) -> None:
    """Compare the files themselves: links, other spellings and second names lead to the same file.

    Raises:
        BadInput: the log file is the project or a journal.
    """
    if _is_same(log, absolute(folder, project)):
        raise BadInput(f"--log-file {log} is the project itself; choose another file")
    if os.path.realpath(log).endswith(_JOURNAL) or any(
        _is_same(log, journal) for journal in _journals(job_options, options, folder)
    ):
        raise BadInput(f"--log-file {log} is a journal; choose another file")


def _journals(job_options: JobOptions, options: RunOptions, folder: Path) -> list[Path]:
    """Return the journals that lie where this run's journal will be."""
    places = [absolute(folder, job_options.output).parent] if job_options.output else []
    places += [absolute(folder, options.journal_dir)] if options.journal_dir else []
    found: list[Path] = []
    for place in places:
        with contextlib.suppress(OSError, ValueError):
            found += place.glob(f".*{_JOURNAL}")
    return found


def _is_same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
