"""Find the journal of a job whose output folder has another name now, or is named in another way.

A journal's name holds a digest of `--output` as it is written. After the folder was renamed, or if it is
reached through a link, the journal lies there under another name. `find_journal` gives it the right one. If
the folder was renamed while a run was under way that was then killed, the folder that the user names holds no
journal at all; the run's scratch folder has a copy (`scratch.JOURNAL_COPY`).

A journal of another job that vouches for files which this job would overwrite is a reason to refuse, as it
is for a journal of the right name.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.delivery.file_mark import FileMark, is_marked
from stmpo.delivery.scratch import JOURNAL_COPY, is_free_scratch
from stmpo.engine.output_lock import FileNames
from stmpo.history.journal_model import identity
from stmpo.history.journal_schema import MAX_LONG_LINE, parse_line
from stmpo.model.errors import BadInput, StmpoError
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.text import one_line
from stmpo.system.files import CREATE_FLAGS, READ_FLAGS
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stmpo.history.journal_model import ProjectVersion
    from stmpo.model.render_job import RenderJob

MOST_JOURNALS = 64
"""Journals and copies that are looked at, the latest first."""

MAX_BYTES = 64 << 20
"""Size of the largest one."""

_CHECKED = 8
"""Files of another job that are compared with what its journal says."""

_FREE = frozenset(("output", "project"))
"""Parts of a job's identity that may differ; the project only if its version is the same."""


def find_journal(
    path: Path, job: RenderJob, version: ProjectVersion, scratch_root: Path, *, resume: bool
) -> None:
    """Put the journal of a job in its place, if it lies elsewhere.

    Raises:
        BadInput: files that this job would overwrite belong to another one.
    """
    for other in _latest(_journals_in(path.parent)):
        if other == path:
            continue
        with _locked(other) as descriptor:
            if descriptor is None or not _writes_same_names(_first_run(descriptor), job):
                continue
            run = _last_run(descriptor)
            if _is_same_job(run, job, version):
                if not os.path.lexists(path) and Path(run["job"]["output"]).name == job.output.text:
                    with contextlib.suppress(OSError):
                        os.rename(other, path)  # noqa: PTH104 - the lock goes with the file
            elif resume and (name := _intact(descriptor, job)):
                raise BadInput(
                    f"{job.output.directory / name} was rendered by another job"
                    f" ({one_line(_differs(run, job) or _other_project(run, job), 300)}; journal {other}); choose another --output, or render"
                    " everything again with --no-resume"
                )
    if resume and not os.path.lexists(path):
        _take_copy(path, job, version, scratch_root)


def _take_copy(path: Path, job: RenderJob, version: ProjectVersion, scratch_root: Path) -> None:
    """Begin the journal with the copy that a killed run of this job has left in scratch."""
    for copy in _latest(scratch_root.glob(f"stmpo-*/{JOURNAL_COPY}")):
        if not is_free_scratch(copy.parent):
            continue
        with _locked(copy) as descriptor:
            if descriptor is None:
                continue
            run = _last_run(descriptor)
            if run.get("job", {}).get("output") == str(job.output) and _is_same_job(run, job, version):
                with contextlib.suppress(OSError):
                    _write(path, b"".join(_raw_lines(descriptor)))
                return


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, CREATE_FLAGS, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _journals_in(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:  # a glob would make a path of each of many thousand frames
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(".stmpo.jsonl"):
                yield folder / entry.name


def _latest(paths: Iterator[Path]) -> list[Path]:
    """Return the latest plain files, of a size that can be read."""
    found = []
    with contextlib.suppress(OSError):
        for path in paths:
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and 0 < status.st_size <= MAX_BYTES:
                found.append((status.st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)[:MOST_JOURNALS]]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Open and lock a journal; None if that is not possible, as with one that a run has."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except OSError:
        yield None
        return
    try:
        yield descriptor if _try_lock(descriptor) else None
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:
        return False


def _raw_lines(descriptor: int) -> Iterator[bytes]:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        while raw := file.readline(MAX_LONG_LINE):
            yield raw


def _first_run(descriptor: int) -> dict[str, Any]:
    """Return the first `run` line: all runs of a journal write the same names. Empty if there is none."""
    return next(_runs(descriptor), {})


def _last_run(descriptor: int) -> dict[str, Any]:
    run: dict[str, Any] = {}
    for found in _runs(descriptor):
        run = found
    return run


def _runs(descriptor: int) -> Iterator[dict[str, Any]]:
    for raw in _raw_lines(descriptor):
        if b'"run"' in raw and (line := parse_line(raw)).get("event") == "run":
            yield line


def _writes_same_names(run: Mapping[str, Any], job: RenderJob) -> bool:
    """Return whether a journal's job writes files that this job writes, in the folder where both are."""
    try:
        pattern = OutputPattern.parse(Path(run["job"]["output"]).name, job.output.directory)
    except (StmpoError, KeyError, TypeError, ValueError):
        return False
    ours = FileNames.of(job)
    theirs = FileNames(pattern.before, pattern.width, pattern.after + pattern.extension, ours.frames)
    return (pattern.kind is job.output.kind) and theirs.overlap(ours)


def _is_same_job(run: Mapping[str, Any], job: RenderJob, version: ProjectVersion) -> bool:
    same_version = run.get("project_version") == asdict(version)
    found, wanted = run.get("job", {}), identity(job)
    same_project = same_version or found.get("project") == wanted["project"]
    return same_project and not _differs(run, job)


def _differs(run: Mapping[str, Any], job: RenderJob) -> str:
    """Return in which part two jobs differ, in words; empty if in none but the project and the output."""
    found = run.get("job", {})
    for name, value in identity(job).items():
        if name not in _FREE and found.get(name) != value:
            return f"{name} was {found.get(name)!r}, now {value!r}"
    return ""


def _other_project(run: Mapping[str, Any], job: RenderJob) -> str:
    return f"project was {run.get('job', {}).get('project')!r}, now {str(job.project)!r}"


def _intact(descriptor: int, job: RenderJob) -> str:
    """Return the name of a file that a journal vouches for, and that this job would overwrite; or nothing."""
    names = FileNames.of(job)
    vouched: dict[str, FileMark] = {}
    for raw in _raw_lines(descriptor):
        match parse_line(raw) if b'"delivered"' in raw else {}:
            case {"event": "delivered", "name": name, "stamp": stamp, "digest": digest} if names.has(name):
                vouched[name] = FileMark(stamp, digest)
            case _:
                pass
    for name in sorted(vouched)[:_CHECKED]:
        if is_marked(job.output.directory / name, vouched[name]):
            return name
    return ""
