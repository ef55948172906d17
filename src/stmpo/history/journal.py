"""The ledger's history on disk: one JSON line an event. Resume, reports and learned costs read it.

A journal belongs to one *job* (project, comp or queue item, templates, output pattern) and holds the history of every
run of it. A run begins with a `run` line that says what the job is and which version of the project it had; the lines
after it belong to that run. What counts later:

- `delivered` vouches for a frame: this file, of this size, was rendered by this job from this version of the project.
  A later `revoked` takes that back. For a single file it also says which frames the file holds.
- `started` says which frames an attempt was asked for and in which scratch folder, so that the next run can adopt
  whole frames that were never delivered. `untrusted` says that an attempt's frames may not be adopted.
- `ended` and `failed` are for reports and learned costs.

The journal never decides alone: a frame is taken as delivered only when the destination holds it, whole (`vouched`).
Lines are appended with one write each, so that a run that is killed leaves at most one broken line, the last; the next
run's first line closes it. Nobody knows what a broken line said, so what follows it counts for nothing until the next
`run` line. Events that this version does not know are skipped. The file is locked while a run has it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.history.journal_writer import JournalWriter
from stmpo.model.errors import BadInput, NoSpace
from stmpo.model.frames import FrameSet
from stmpo.scheduling.cost_history import CostHistory, read_cost_history
from stmpo.system.files import APPEND_FLAGS, is_full
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stmpo.model.render_job import RenderJob

VERSION = 1
"""Of the journal's form. A journal with a higher one is refused: its promises are unknown here."""

_LONGEST_LINE = 1 << 20
_BROKEN: dict[str, Any] = {}
_NUL = b"\\u0000"
"""How JSON writes a character that no path holds: whoever asked the system about such a path would be met by an error."""


def journal_path(job: RenderJob, folder: Path | None) -> Path:
    """Where the job's journal lies: beside the frames (hidden by its dot), or in `folder`.

    The name holds a digest of the destination, so that several jobs can share a folder.
    """
    digest = hashlib.blake2b(str(job.output).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    stem = re.sub(r"[^\w.-]+", "_", job.output.before).strip("._")[:40] or "frames"
    return (folder or job.output.directory) / f".{stem}-{digest}.stmpo.jsonl"


@dataclass(frozen=True, slots=True)
class ProjectVersion:
    """Which version of a project file: the same size and digest is the same version."""

    size: int
    digest: str

    @classmethod
    def of(cls, project: Path) -> ProjectVersion:
        """Read the project file once; 1 GB takes about a second."""
        digest = hashlib.blake2b(digest_size=16)
        size = 0
        with project.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
        return cls(size, digest.hexdigest())


def identity(job: RenderJob) -> dict[str, Any]:
    """What makes two runs the same job. Frames are not in it: a longer range goes on with the same journal."""
    return {
        "project": str(job.project),
        "comp": job.comp,
        "rqindex": job.rqindex,
        "output": str(job.output),
        "rs_template": job.rs_template,
        "om_template": job.om_template,
        "continue_on_missing_footage": job.continue_on_missing_footage,
    }


def movie_frames(job: RenderJob) -> str | None:
    """What a single file holds, for its `delivered` line: another span of the same comp is another movie."""
    if not job.single_file:
        return None
    return str(job.frames) if job.frames is not None else "all"


@dataclass(slots=True)
class PastAttempt:
    """An attempt of an earlier run whose scratch folder may still hold whole frames."""

    folder: Path
    frames: FrameSet
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class DeliveredFrame:
    """A frame that an earlier run delivered."""

    name: str
    size: int
    frames: str | None = None
    """What a single file holds (`movie_frames`); None for a frame of a sequence."""


@dataclass(slots=True)
class History:
    """What earlier runs of the same job and the same version of the project left."""

    vouched: dict[int, DeliveredFrame] = field(default_factory=dict)
    attempts: list[PastAttempt] = field(default_factory=list)
    other_version: bool = False
    """The journal holds runs of another version of the project; their frames are not vouched for."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that wrote to this journal. Whoever holds the journal's lock knows that it is over."""

    id: str
    scratch: Path | None
    """Its scratch folder, unless it was removed."""


class Journal:
    """An open, locked journal. `open` it, read its `history`, then `begin` a run and `write` events."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        # A file that does not end with a line's end: whoever wrote its last line was killed, or the disk was full.
        self._journal_writer = JournalWriter(path, descriptor, torn=not self._ends_well())

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open or create, and lock.

        Raises:
            BadInput: it cannot be opened, is no plain file, or another run has it (which is named).
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, APPEND_FLAGS, 0o644)
        except OSError as error:
            if is_full(error):
                raise NoSpace(f"no space for the journal {path}; free some and run again") from None
            why = error.strerror or error
            raise BadInput(
                f"cannot open the journal {path}: {why}; choose another folder by --journal-dir"
            ) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BadInput(f"the journal {path} is not a file; choose another folder by --journal-dir")
        journal = cls(path, descriptor)
        if not try_lock(descriptor):
            holder = journal._last_run()
            journal.close()
            raise BadInput(
                f"another run is writing to this output{holder}; wait for it, or stop it (journal {path})"
            )
        return journal

    def history(self, job: RenderJob, version: ProjectVersion) -> History:
        """What earlier runs of this job vouch for.

        Raises:
            BadInput: the journal is of another job, or of a newer version of this program.
        """
        history = History()
        stranger: str | None = None  # the run is of another job: harmless until it delivers
        refusal: str | None = None
        current = False
        by_id: dict[Any, PastAttempt] = {}
        for line in self._lines():
            if line.get("event") == "run":
                self._refuse_newer(line)
                if line.get("fresh"):
                    history, refusal = History(), None
                current = line.get("project_version") == {"size": version.size, "digest": version.digest}
                stranger = self._other_job(identity(job), line, same_project=current)
                history.other_version |= not current
                by_id = {}
            elif stranger:
                refusal = refusal or (
                    stranger if line == _BROKEN or line.get("event") == "delivered" else None
                )
            elif line == _BROKEN:
                current = False
            elif current:
                _replay(line, history, by_id)
            elif line.get("event") == "delivered" and isinstance(line.get("frame"), int):
                history.vouched.pop(line["frame"], None)  # another version of the project has overwritten it
        if refusal:
            raise BadInput(refusal)
        return history

    def cost_history(self, job: RenderJob, version: ProjectVersion, *, run: str | None = None) -> CostHistory:
        """What runs of the same comp or queue item, of any version of the project, say of its costs; or one run alone."""
        return read_cost_history(self._lines(), identity(job), asdict(version), run=run)

    def runs(self) -> list[PastRun]:
        """Every earlier run, of whatever job: its temporary files are nobody's any more."""
        runs: list[PastRun] = []
        for line in self._lines():
            match line:
                case {"event": "run", "run": str(name)}:
                    scratch = line.get("scratch")
                    runs.append(PastRun(name, Path(scratch) if isinstance(scratch, str) else None))
                case {"event": "removed", "scratch": str(folder)}:
                    runs = [PastRun(r.id, None if r.scratch == Path(folder) else r.scratch) for r in runs]
                case _:
                    pass
        return runs

    def begin(
        self, job: RenderJob, version: ProjectVersion, *, run: str, fresh: bool, about: Mapping[str, Any]
    ) -> None:
        """Write the `run` line. `fresh` says that earlier runs vouch for nothing."""
        self.write(
            "run",
            version=VERSION,
            run=run,
            at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            host=socket.gethostname(),
            pid=os.getpid(),
            job=identity(job),
            project_version={"size": version.size, "digest": version.digest},
            fresh=fresh,
            **about,
        )

    def write(self, event: str, **values: Any) -> None:
        """Append one event. Flushed to the system at once, to the disk once a second; see `journal_writer` for shares that fail.

        Raises:
            NoSpace: the disk of the journal is full.
        """
        text = json.dumps({"event": event, **values}, ensure_ascii=False, separators=(",", ":"), default=str)
        data = text.encode("utf-8", "surrogatepass") + b"\n"  # a path may hold bytes that are no UTF-8
        try:
            self._journal_writer.write(data)
        except OSError as error:
            if is_full(error):
                self._journal_writer.withdraw()
                raise NoSpace(
                    f"no space for the journal {self.path}; free some and run again to resume"
                ) from None

    @property
    def unwritten(self) -> int:
        """Lines that could not be written so far, because the file's system errs or hangs; each write tries them again."""
        return self._journal_writer.waiting

    def close(self) -> None:
        """Flush to disk and give the lock back."""
        self._journal_writer.close()

    def _lines(self) -> Iterator[dict[str, Any]]:
        """Every line; `_BROKEN` for one that a kill has cut, or that is not ours. None, where the file's system hangs."""
        if self._journal_writer.hangs:
            return
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            while raw := file.readline(_LONGEST_LINE):
                try:
                    line = _BROKEN if _NUL in raw else json.loads(raw)
                except (ValueError, RecursionError):
                    line = _BROKEN
                yield line if isinstance(line, dict) else _BROKEN

    def _ends_well(self) -> bool:
        size = os.fstat(self._descriptor).st_size
        os.lseek(self._descriptor, max(0, size - 1), os.SEEK_SET)
        return size == 0 or os.read(self._descriptor, 1) == b"\n"

    def _refuse_newer(self, line: Mapping[str, Any]) -> None:
        found = line.get("version")
        if not isinstance(found, int) or found > VERSION:
            raise BadInput(
                f"the journal {self.path} was written by a newer version of stmpo ({line.get('stmpo', '?')});"
                " update this one, or start a new journal by --journal-dir"
            )

    def _other_job(
        self, wanted: Mapping[str, Any], line: Mapping[str, Any], *, same_project: bool
    ) -> str | None:
        """Why a `run` line is of another job, or None. The same project file may lie in another folder each time."""
        job = line.get("job")
        had = job if isinstance(job, dict) else {}
        for name, value in wanted.items():
            if had.get(name) != value and not (name == "project" and same_project):
                return (
                    f"the journal {self.path} belongs to another job: {name} was {had.get(name)!r}, now {value!r};"
                    " choose another --output, or render everything anew with --no-resume"
                )
        return None

    def _last_run(self) -> str:
        runs = [line for line in self._lines() if line.get("event") == "run"]
        return f" (process {runs[-1].get('pid')} on {runs[-1].get('host')})" if runs else ""


def _replay(line: Mapping[str, Any], history: History, by_id: dict[Any, PastAttempt]) -> None:
    """Take one event of a run of the same version into the history. Values of a wrong type are skipped."""
    match line:
        case {"frame": bool()} | {"size": bool()} | {"attempt": bool()}:  # which are integers to Python
            pass
        case {"event": "delivered", "frame": int(frame), "name": str(name), "size": int(size)}:
            span = line.get("frames")
            history.vouched[frame] = DeliveredFrame(name, size, span if isinstance(span, str) else None)
        case {"event": "revoked", "frames": str(frames)}:
            for frame in _frames(frames):
                history.vouched.pop(frame, None)
        case {"event": "started", "attempt": int(attempt), "frames": str(frames), "folder": str(folder)}:
            by_id[attempt] = PastAttempt(Path(folder), _frames(frames))
            history.attempts.append(by_id[attempt])
        case {"event": "untrusted", "attempt": int(attempt)} if attempt in by_id:
            by_id[attempt].trusted = False
        case _:
            pass


def _frames(text: str) -> FrameSet:
    try:
        return FrameSet.parse(text)
    except BadInput:
        return FrameSet(())
