"""Read a journal: from lines to the record of earlier runs. Pure.

Any bytes can be read. A line that is not a JSON object (cut by a kill, or written by something else) is
`BROKEN`. Its content is unknown: it may have begun a run of another version. So the lines after it do not
count until the next `run` line. Unknown events and values of a wrong type are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.history.journal_model import DeliveredFrame, History, PastAttempt, PastRun, identity
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stmpo.history.journal_model import ProjectVersion
    from stmpo.model.render_job import RenderJob

VERSION = 1
"""Version of the format. A journal with a higher one is refused, because its promises are unknown here."""

BROKEN: dict[str, Any] = {}
"""Stands for a line that cannot be read."""

_NUL = b"\\u0000"
"""A NUL character as JSON writes it. No path holds one, and the system answers such a path with an error."""


def parse_line(raw: bytes) -> dict[str, Any]:
    """Return the line's object, or `BROKEN`."""
    try:
        line = BROKEN if _NUL in raw else json.loads(raw)
    except (ValueError, RecursionError):
        return BROKEN
    return line if isinstance(line, dict) else BROKEN


def read_history(
    lines: Iterable[Mapping[str, Any]], job: RenderJob, version: ProjectVersion, journal: Path
) -> History:
    """Return the record of earlier runs of this job. `journal` is the file's path, for messages.

    Raises:
        BadInput: the journal is of another job, or of a newer version of this program.
    """
    history = History()
    # A run of another job is harmless until it delivers.
    other_job: str | None = None
    refusal: str | None = None
    current = False
    attempts: dict[Any, PastAttempt] = {}
    for line in lines:
        if line.get("event") == "run":
            _refuse_newer(line, journal)
            if line.get("fresh"):
                history, refusal = History(), None
            current = line.get("project_version") == {"size": version.size, "digest": version.digest}
            other_job = _other_job(identity(job), line, journal, same_project=current)
            history.other_version |= not current
            attempts = {}
        elif other_job:
            if line == BROKEN or line.get("event") == "delivered":
                refusal = refusal or other_job
        elif line == BROKEN:
            current = False
        elif current:
            _replay(line, history, attempts)
        elif line.get("event") == "delivered" and isinstance(line.get("frame"), int):
            history.vouched.pop(line["frame"], None)  # another version of the project has overwritten it
    if refusal:
        raise BadInput(refusal)
    return history


def read_runs(lines: Iterable[Mapping[str, Any]]) -> list[PastRun]:
    """Return every earlier run, of any job: its temporary files belong to nobody any more."""
    runs: list[PastRun] = []
    for line in lines:
        match line:
            case {"event": "run", "run": str(name)}:
                scratch = line.get("scratch")
                runs.append(PastRun(name, Path(scratch) if isinstance(scratch, str) else None))
            case {"event": "removed", "scratch": str(folder)}:
                runs = [PastRun(r.id, None if r.scratch == Path(folder) else r.scratch) for r in runs]
            case _:
                pass
    return runs


def last_run(lines: Iterable[Mapping[str, Any]]) -> str:
    """Name the process of the last run for a message: " (process 4711 on node-7)"; empty if there is none."""
    last = None
    for line in lines:
        last = line if line.get("event") == "run" else last
    return f" (process {last.get('pid')} on {last.get('host')})" if last is not None else ""


def _refuse_newer(line: Mapping[str, Any], journal: Path) -> None:
    found = line.get("version")
    if not isinstance(found, int) or found > VERSION:
        raise BadInput(
            f"the journal {journal} was written by a newer version of stmpo ({line.get('stmpo', '?')});"
            " update this one, or start a new journal with --journal-dir"
        )


def _other_job(
    wanted: Mapping[str, Any], line: Mapping[str, Any], journal: Path, *, same_project: bool
) -> str | None:
    """Return why a `run` line is of another job, or None.

    The same project may lie in another folder each time.
    """
    job = line.get("job")
    found = job if isinstance(job, dict) else {}
    for name, value in wanted.items():
        if found.get(name) != value and not (name == "project" and same_project):
            return (
                f"the journal {journal} belongs to another job: {name} was {found.get(name)!r}, now {value!r};"
                " choose another --output, or render everything again with --no-resume"
            )
    return None


def _replay(line: Mapping[str, Any], history: History, attempts: dict[Any, PastAttempt]) -> None:
    """Add one event of a run of the same version to the history."""
    match line:
        case {"frame": bool()} | {"size": bool()} | {"attempt": bool()}:  # bool is an int to Python
            pass
        case {"event": "delivered", "frame": int(frame), "name": str(name), "size": int(size)}:
            span = line.get("frames")
            history.vouched[frame] = DeliveredFrame(name, size, span if isinstance(span, str) else None)
        case {"event": "revoked", "frames": str(frames)}:
            for frame in _frames(frames):
                history.vouched.pop(frame, None)
        case {"event": "started", "attempt": int(attempt), "frames": str(frames), "folder": str(folder)}:
            attempts[attempt] = PastAttempt(Path(folder), _frames(frames))
            history.attempts.append(attempts[attempt])
        case {"event": "untrusted", "attempt": int(attempt)} if attempt in attempts:
            attempts[attempt].trusted = False
        case _:
            pass


def _frames(text: str) -> FrameSet:
    try:
        return FrameSet.parse(text)
    except BadInput:
        return FrameSet(())
