"""The lock of a run on its files at the destination, so that no other run writes the same ones meanwhile.

    DESTINATION/.stmpo-1.lock, .stmpo-2.lock, …      one per run that writes there at present

A lock lies in the destination folder itself. So it holds by whatever path the folder is reached: a link, a
bind mount, a share that another machine has. Its contents are the pattern and the frames of its run. Runs
that write other names pass, and so do runs of other frames (the tasks of one job on a farm). Names are
compared as the file system compares them: with other widths (`[#####]` and `0[####]`), and without regard to
capitals where it folds case.

The system releases a lock when its process ends, however it ends; a file that is left is used again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import time
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo.history.frame_ranges import FrameRanges, format_frames
from stmpo.model.errors import BadInput
from stmpo.model.text import one_line
from stmpo.system.files import APPEND_FLAGS, READ_FLAGS
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stmpo.model.render_job import RenderJob

MOST_LOCKS = 256
"""Runs that can have a lock in one folder. Further ones run without."""

MAX_BYTES = 1 << 20
"""Contents of a lock that are read."""

_CONTENT_TIMEOUT = 1.0
"""Seconds to wait for the contents of a lock that was just taken."""

_NAME = re.compile(r"\.stmpo-(\d{1,3})\.lock", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileNames:
    """The names of the files that a run writes."""

    before: str
    width: int
    after: str
    """The end of the name, with its extension."""

    frames: FrameRanges | None
    """None for a single file."""

    @classmethod
    def of(cls, job: RenderJob) -> FileNames:
        """Return the names of a job's files."""
        output = job.output
        frames = job.frames if job.frames is not None else ()
        ranges = None if job.single_file else FrameRanges.parse(format_frames(frames))
        return cls(output.before, output.width, output.after + output.extension, ranges)

    @classmethod
    def from_json(cls, found: Any) -> FileNames:
        """Read what `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: something else has written it.
        """
        frames = found["frames"]
        ranges = None if frames is None else FrameRanges.parse(str(frames))
        return cls(str(found["before"]), int(found["width"]), str(found["after"]), ranges)

    def as_json(self) -> dict[str, Any]:
        """Return them as plain values."""
        frames = None if self.frames is None else str(self.frames)
        return {"before": self.before, "width": self.width, "after": self.after, "frames": frames}

    def folded(self) -> FileNames:
        """Return them as a file system compares them that folds case."""
        return FileNames(fold(self.before), self.width, fold(self.after), self.frames)

    def overlap(self, other: FileNames) -> bool:
        """Return whether a file of both has the same name."""
        few, many = sorted((self, other), key=lambda each: 1 if each.frames is None else len(each.frames))
        return any(many.has(name) for name in few.names())

    def has(self, name: str) -> bool:
        """Return whether a file of this name is one of them."""
        if self.frames is None:
            return name == self.before + self.after
        if not name.startswith(self.before) or not name.endswith(self.after):
            return False
        digits = name[len(self.before) : len(name) - len(self.after)]
        if not re.fullmatch(r"-?\d{1,20}", digits, re.ASCII):
            return False
        frame = int(digits)
        return frame in self.frames and f"{frame:0{self.width}d}" == digits

    def names(self) -> Iterator[str]:
        """Yield each of them."""
        if self.frames is None:
            yield self.before + self.after
            return
        for frame in self.frames:
            yield f"{self.before}{frame:0{self.width}d}{self.after}"


def fold(name: str) -> str:
    """Return a name as file systems compare it that fold case."""
    return unicodedata.normalize("NFC", name).casefold()


class OutputLock:
    """The lock of one run. `acquire` it before the first frame, `close` it after the last."""

    def __init__(self, path: Path | None = None, descriptor: int = -1, *, folds: bool = False) -> None:
        self._path = path
        self._descriptor = descriptor
        self.folds = folds
        """Whether the file system folds case."""

    @classmethod
    def acquire(cls, job: RenderJob) -> OutputLock:
        """Lock the files of a job in its destination folder, which exists.

        Raises:
            BadInput: another run is writing some of the same files.
        """
        folder, names = job.output.directory, FileNames.of(job)
        for number in range(1, MOST_LOCKS + 1):
            path = folder / f".stmpo-{number}.lock"
            descriptor = _take(path)
            if descriptor is None:
                _refuse_overlap(path, names)
                continue
            lock = cls(path, descriptor, folds=_folds_case(path))
            try:
                lock._write(names)
                lock._refuse_others(folder, names)
            except BadInput:
                lock.close()
                raise
            except OSError:  # what is there is no plain file, or the disk is full
                lock.close()
                continue
            return lock
        return cls()  # no lock is no reason not to render

    def close(self) -> None:
        """Release it."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            if os.name != "nt":
                self._path.unlink()  # before it is released: nobody else can have it
        os.close(self._descriptor)
        if os.name == "nt":  # where no open file can be removed
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._path = None

    def _write(self, names: FileNames) -> None:
        content = {**names.as_json(), "pid": os.getpid(), "host": socket.gethostname()}
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, json.dumps(content).encode() + b"\n")

    def _refuse_others(self, folder: Path, names: FileNames) -> None:
        with os.scandir(folder) as entries:
            others = [folder / entry.name for entry in entries if _NAME.fullmatch(entry.name)]
        for other in others:
            if other == self._path:
                continue
            descriptor = _take(other)
            if descriptor is None:
                _refuse_overlap(other, names.folded() if self.folds else names, folds=self.folds)
            else:  # left by a run that was killed
                OutputLock(other, descriptor).close()


def _take(path: Path) -> int | None:
    """Open and lock a file; None if another run has it."""
    for _ in range(8):
        try:
            descriptor = os.open(path, APPEND_FLAGS, 0o666)
        except OSError:
            return None
        try:
            is_locked = try_lock(descriptor)
        except OSError as error:  # not even asking works: 256 more files would not be locked either
            with contextlib.suppress(OSError):
                if not os.fstat(descriptor).st_size:  # nobody has it
                    path.unlink()
            os.close(descriptor)
            raise BadInput(f"--output: {path} cannot be locked: {error.strerror or error}") from None
        try:
            if not is_locked:
                os.close(descriptor)
                return None
            if os.path.samestat(os.fstat(descriptor), path.lstat()):
                return descriptor
        except OSError:  # its owner has removed it meanwhile
            pass
        os.close(descriptor)
    return None


def _refuse_overlap(path: Path, names: FileNames, *, folds: bool = False) -> None:
    """Refuse if the run that holds a lock writes some of these files.

    Raises:
        BadInput: it does.
    """
    content = _content(path)
    if content is None:
        return
    try:
        theirs = FileNames.from_json(content)
    except (KeyError, TypeError, ValueError):
        return
    if folds or (_folds_case(path)):
        theirs, names = theirs.folded(), names.folded()
    if theirs.overlap(names):
        who = one_line(f"(process {content.get('pid')} on {content.get('host')})", 300)
        raise BadInput(f"another run is writing to this output {who}; wait for it, or stop it (lock {path})")


def _content(path: Path) -> dict[str, Any] | None:
    """Return what a lock holds; None if it is gone, or nothing that this program writes."""
    deadline = time.monotonic() + _CONTENT_TIMEOUT
    while True:
        try:
            descriptor = os.open(path, READ_FLAGS)
            try:
                data = os.read(descriptor, MAX_BYTES)
            finally:
                os.close(descriptor)
            if data:
                found = json.loads(data)
                return found if isinstance(found, dict) else None
        except (OSError, ValueError, RecursionError):
            return None
        if time.monotonic() > deadline:
            return None
        time.sleep(0.02)


def _folds_case(path: Path) -> bool:
    try:
        return os.path.samestat(path.lstat(), path.with_name(path.name.upper()).lstat())
    except OSError:
        return False
