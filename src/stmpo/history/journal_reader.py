"""Read a journal: from lines to the record of earlier runs. Pure, and linear in the length of the journal.

A line that cannot be read (cut by a kill, or written by something else) is `BROKEN`. Its content is unknown:
it may have begun a run of another version. So the lines after it do not count until the next `run` line.
`journal_schema` drops fields of a wrong type, and events that lack a field are skipped.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.history.frame_ranges import FrameRanges
from stmpo.history.journal_model import DeliveredFrame, History, PastAttempt, PastRun, identity
from stmpo.history.journal_schema import BROKEN
from stmpo.model.errors import BadInput
from stmpo.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stmpo.history.journal_model import ProjectVersion
    from stmpo.model.render_job import RenderJob

VERSION = 1
"""Version of the format. A journal with a higher one is refused, because its promises are unknown here."""

_MAX_SHOWN = 200
"""Characters of a value in a message."""


class Revoker:
    """Takes frames out of what a journal vouches for, in bounded time, however often a journal revokes."""

    def __init__(self, budget: int = 10_000_000) -> None:
        self._budget = budget

    def revoke(self, vouched: dict[int, Any], text: str) -> None:
        """Remove the frames in `text`.

        Remove all frames once the budget is used up: they are rendered again.
        """
        frames = FrameRanges.parse(text)
        self._budget -= min(len(frames), len(vouched))
        if self._budget < 0:
            vouched.clear()
        elif len(frames) < len(vouched):
            for frame in frames:
                vouched.pop(frame, None)
        else:
            for frame in [frame for frame in vouched if frame in frames]:
                del vouched[frame]


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
    attempts: dict[int, PastAttempt] = {}
    revoker = Revoker()
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
            _replay(line, history, attempts, revoker)
        elif line.get("event") == "delivered" and "frame" in line:
            history.vouched.pop(line["frame"], None)  # another version of the project has overwritten it
    if refusal:
        raise BadInput(refusal)
    return history


def read_runs(lines: Iterable[Mapping[str, Any]]) -> list[PastRun]:
    """Return every earlier run, of any job: its temporary files belong to nobody any more."""
    runs: list[tuple[str, Path | None]] = []
    by_scratch: defaultdict[Path, list[int]] = defaultdict(list)
    for line in lines:
        match line:
            case {"event": "run", "run": name}:
                scratch = Path(line["scratch"]) if "scratch" in line else None
                if scratch is not None:
                    by_scratch[scratch].append(len(runs))
                runs.append((name, scratch))
            case {"event": "removed", "scratch": folder}:
                for index in by_scratch.pop(Path(folder), ()):
                    runs[index] = (runs[index][0], None)
            case _:
                pass
    return [PastRun(name, scratch) for name, scratch in runs]


def last_run(lines: Iterable[Mapping[str, Any]]) -> str:
    """Name the process of the last run for a message: " (process 4711 on node-7)"; empty if there is none."""
    last = None
    for line in lines:
        last = line if line.get("event") == "run" else last
    if last is None:
        return ""
    return " " + one_line(f"(process {last.get('pid')} on {last.get('host')})")


def _refuse_newer(line: Mapping[str, Any], journal: Path) -> None:
    if line.get("version", VERSION + 1) > VERSION:
        program = one_line(line.get("stmpo", "?"))
        raise BadInput(
            f"the journal {journal} was written by a newer version of stmpo ({program});"
            " update this one, or start a new journal with --journal-dir"
        )


def _other_job(
    wanted: Mapping[str, Any], line: Mapping[str, Any], journal: Path, *, same_project: bool
) -> str | None:
    """Return why a `run` line is of another job, or None.

    The same project may lie in another folder each time.
    """
    found = line.get("job", {})
    for name, value in wanted.items():
        if name == "output" and _file_name(found.get(name)) == _file_name(value):
            continue  # its folder may have been renamed, or is reached by another path
        if found.get(name) != value and not (name == "project" and same_project):
            return (
                f"the journal {journal} belongs to another job: {name} was {_shown(found.get(name))},"
                f" now {_shown(value)};"
                " choose another --output, or render everything again with --no-resume"
            )
    return None


def _file_name(output: object) -> str | None:
    return Path(output).name if isinstance(output, str) else None


def _shown(value: object) -> str:
    return one_line(repr(value), _MAX_SHOWN)


def _replay(
    line: Mapping[str, Any], history: History, attempts: dict[int, PastAttempt], revoker: Revoker
) -> None:
    """Add one event of a run of the same version to the history."""
    match line:
        case {"event": "delivered", "frame": frame, "name": name, "size": size}:
            history.vouched[frame] = DeliveredFrame(
                name, size, line.get("frames"), line.get("stamp"), line.get("digest")
            )
        case {"event": "revoked", "frames": frames}:
            revoker.revoke(history.vouched, frames)
        case {"event": "started", "attempt": attempt, "frames": frames, "folder": folder}:
            attempts[attempt] = PastAttempt(Path(folder), FrameRanges.parse(frames))
            history.attempts.append(attempts[attempt])
        case {"event": "untrusted", "attempt": attempt} if attempt in attempts:
            attempts[attempt].trusted = False
        case _:
            pass
