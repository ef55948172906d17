"""The journal: the ledger's history on disk, one JSON line per event.

Resume, reports and frame costs read it.

A journal belongs to one *job* (project, comp or queue item, templates, output pattern) and holds the history
of all its runs. A run begins with a `run` line that names the job and the version of the project; the lines
after it belong to that run. What they mean later:

- `delivered` vouches for a frame: this job rendered this file, of this size, from this version of the
  project. A later `revoked` takes that back. For a single file it also says which frames the file holds.
- `started` gives the frames and the scratch folder of an attempt, so that the next run can adopt whole frames
  that were never delivered. `untrusted` says that the frames of an attempt may not be adopted.
- `ended` and `failed` are for reports and frame costs.

The journal never decides alone: a frame counts as delivered only if the destination holds it, whole
(`vouched`). Each line is appended with one write, so a run that is killed leaves at most one broken line, the
last; the next run's first line closes it. The file is locked while a run has it.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stmpo.history import journal_compaction
from stmpo.history.journal_model import History, PastRun, identity
from stmpo.history.journal_reader import VERSION, last_run, read_history, read_runs
from stmpo.history.journal_schema import MAX_LONG_LINE, format_line, parse_line, split_frames
from stmpo.history.journal_writer import JournalWriter
from stmpo.model.errors import BadInput, NoSpace
from stmpo.scheduling.cost_history import CostHistory, read_cost_history
from stmpo.system.files import APPEND_FLAGS, is_full
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from stmpo.history.journal_model import ProjectVersion
    from stmpo.model.render_job import RenderJob

COMPACT_AT = 4 << 20
"""Bytes of a journal from which `begin` tries to make it smaller."""


class Journal:
    """An open, locked journal. `open` it, read its `history`, then `begin` a run and `write` events."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._told = False
        self._copy_path: Path | None = None
        # A file that does not end with a line's end: its last writer was killed, or the disk was full.
        self._writer = JournalWriter(path, descriptor, torn=not self._ends_with_a_line())

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open or create the file, and lock it.

        Raises: BadInput: it cannot be opened, is not a plain file, or another run has it (the message names
        that run). NoSpace: it cannot be created because the disk is full.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, APPEND_FLAGS, 0o644)
        except OSError as error:
            if is_full(error):
                raise NoSpace(f"no space for the journal {path}; free some space, then run again") from None
            why = error.strerror or error
            raise BadInput(
                f"cannot open the journal {path}: {why}; choose another folder with --journal-dir"
            ) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BadInput(f"the journal {path} is not a file; choose another folder with --journal-dir")
        journal = cls(path, descriptor)
        try:
            is_locked = try_lock(descriptor)
        except OSError as error:
            journal.close()
            why = error.strerror or error
            raise BadInput(
                f"cannot lock the journal {path}: {why}; choose another folder with --journal-dir"
            ) from None
        if not is_locked:
            holder = last_run(journal._lines())
            journal.close()
            raise BadInput(
                f"another run is writing to this output{holder}; wait for it, or stop it (journal {path})"
            )
        try:
            journal_compaction.recover(path, descriptor)
        except OSError as error:
            journal.close()
            raise BadInput(_cannot_write(path, error)) from None
        return journal

    def history(self, job: RenderJob, version: ProjectVersion) -> History:
        """Return the record of earlier runs of this job.

        Raises:
            BadInput: the journal is of another job, or of a newer version of this program.
        """
        return read_history(self._lines(), job, version, self.path)

    def cost_history(self, job: RenderJob, version: ProjectVersion, *, run: str | None = None) -> CostHistory:
        """Return the costs of the comp or queue item, in all runs (of any project version) or in one run."""
        return read_cost_history(
            self._lines(), identity(job), asdict(version), run=run, host=socket.gethostname()
        )

    def runs(self) -> list[PastRun]:
        """Return every earlier run, of any job: its temporary files belong to nobody any more."""
        return read_runs(self._lines())

    def keep_copy(self, path: Path) -> None:
        """Keep the copy of all contents at this path, from the first write on.

        The next run finds it there if this one is killed after it has lost its folder.
        """
        self._copy_path = self._writer.copy_path = path

    def begin(
        self, job: RenderJob, version: ProjectVersion, *, run: str, fresh: bool, about: Mapping[str, Any]
    ) -> None:
        """Write the `run` line.

        With `fresh`, earlier runs vouch for nothing. Compact a journal that has grown.

        Raises:
            BadInput: the journal cannot be compacted.
            NoSpace: the disk of the journal is full.
        """
        self._compact()
        self.write(
            "run",
            version=VERSION,
            run=run,
            at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            host=socket.gethostname(),
            pid=os.getpid(),
            job=identity(job),
            project_version=asdict(version),
            fresh=fresh,
            **about,
        )

    def write(self, event: str, **values: Any) -> None:
        """Append one event. It reaches the system at once and the disk within a second.

        Other errors than a full disk end no run: `JournalWriter` keeps the line and tries again later.

        Raises:
            NoSpace: the disk of the journal is full.
        """
        if event == "revoked":
            for frames in split_frames(values["frames"]):
                self._append(format_line(event, {**values, "frames": frames}))
        else:
            self._append(format_line(event, values))

    def _append(self, data: bytes) -> None:
        try:
            self._writer.write(data)
        except OSError as error:
            if is_full(error):
                self._writer.withdraw()
                raise NoSpace(
                    f"no space for the journal {self.path}; free some space, then run again to resume"
                ) from None

    @property
    def unwritten(self) -> int:
        """Number of lines that could not be written yet, because the file system fails or hangs."""
        return self._writer.waiting

    def take_notice(self) -> str:
        """Return what something else did to the file, as a warning; empty if there is nothing new."""
        what = self._writer.notice
        if not what or self._told:
            return ""
        self._told = True
        return f"the journal {self.path} was changed while this run writes it: {what}. What this run knows is put back"

    def close(self) -> None:
        """Flush to disk and release the lock."""
        self._writer.close()

    def _compact(self) -> None:
        """Make a journal that has grown smaller, if at least half of it is of no use any more.

        Raises:
            BadInput: the journal was emptied for that and cannot be written now.
        """
        size = os.fstat(self._descriptor).st_size
        if not COMPACT_AT <= size <= journal_compaction.MAX_BYTES or not self._writer.is_unused:
            return
        host = socket.gethostname()
        lines = journal_compaction.compact(
            self._raw_lines(),
            lambda run: run.get("host") == host and not os.path.lexists(run["scratch"]),
        )
        if lines is None or 2 * sum(map(len, lines)) > size:
            return
        try:
            if journal_compaction.rewrite(self.path, self._descriptor, lines):
                self._writer = JournalWriter(self.path, self._descriptor, torn=False)
                self._writer.copy_path = self._copy_path
        except OSError as error:
            raise BadInput(_cannot_write(self.path, error)) from None

    def _lines(self) -> Iterator[dict[str, Any]]:
        return map(parse_line, self._raw_lines())

    def _raw_lines(self) -> Iterator[bytes]:
        """Yield every line; nothing if the file system hangs."""
        if self._writer.hangs:
            return
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            while raw := file.readline(MAX_LONG_LINE):
                yield raw

    def _ends_with_a_line(self) -> bool:
        size = os.fstat(self._descriptor).st_size
        os.lseek(self._descriptor, max(0, size - 1), os.SEEK_SET)
        return size == 0 or os.read(self._descriptor, 1) == b"\n"


def _cannot_write(path: Path, error: OSError) -> str:
    return f"cannot write the journal {path}: {error.strerror or error}; run again, or choose another --journal-dir"
