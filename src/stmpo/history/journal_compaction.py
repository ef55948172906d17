"""Compaction: rewrite a journal that has grown, with only the lines that still matter.

A line matters if it is the last word on a frame, or belongs to a run whose scratch folder may still hold
frames, or holds the latest start-up times or the largest memory. `compact` chooses the lines. It never lets a
journal vouch for more than before.

`rewrite` keeps the file itself, because its lock belongs to it. The new contents are written to a copy first.
A process that is killed in between leaves the copy, and `recover` finishes its work when the journal is
opened again.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stmpo.history.journal_reader import VERSION, Revoker
from stmpo.history.journal_schema import BROKEN, SCHEMA, format_line, parse_line
from stmpo.system.files import CREATE_FLAGS, READ_FLAGS, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_END = b'{"event":"compacted"}\n'
"""Last line of new contents: without it the copy is not complete."""

MAX_BYTES = 512 << 20
"""Size of the largest journal that is compacted: its lines are held in memory."""

_SPENT = frozenset(("failed", "robbed", "reclaimed"))
"""Events that nothing reads."""


@dataclass(slots=True)
class _Run:
    """A run, with its lines by their number in the journal."""

    at: int
    raw: bytes
    fields: Mapping[str, Any]
    attempts: dict[int, bytes] = field(default_factory=dict)
    start_ups: dict[int, bytes] = field(default_factory=dict)
    others: dict[int, bytes] = field(default_factory=dict)
    scratch_removed: bool = False

    def line(self) -> bytes:
        """Return the `run` line, without a scratch folder that is gone."""
        if not self.scratch_removed:
            return self.raw
        return format_line("run", {n: v for n, v in self.fields.items() if n not in {"event", "scratch"}})


class _Compactor:
    """Takes the lines of a journal, oldest first, and remembers those that may matter."""

    def __init__(self) -> None:
        self.newer = False
        """The journal holds a run of a newer version of this program."""

        self._runs: list[_Run] = []
        self._run: _Run | None = None
        self._fresh: _Run | None = None
        self._frames: dict[int, tuple[int, bytes, _Run]] = {}
        self._largest: tuple[int, int, bytes, _Run] | None = None
        self._by_scratch: dict[str, list[_Run]] = {}
        self._revoker = Revoker()

    def add(self, at: int, raw: bytes) -> None:
        """Take line number `at`."""
        line = parse_line(raw)
        if line == BROKEN:
            self._run = None  # the lines after it vouch for nothing
        elif line["event"] == "run":
            self.newer |= line.get("version", VERSION + 1) > VERSION
            self._run = _Run(at, raw, line)
            self._runs.append(self._run)
            self._fresh = self._run if line.get("fresh") else self._fresh
            self._by_scratch.setdefault(line.get("scratch", ""), []).append(self._run)
        elif line["event"] == "removed" and "scratch" in line:
            for run in self._by_scratch.pop(line["scratch"], ()):
                run.scratch_removed = True
        elif self._run is not None:
            self._add_event(at, raw, line, self._run)
        elif line["event"] == "delivered" and "frame" in line:
            self._frames.pop(line["frame"], None)  # it overwrote what an earlier line vouches for

    def _add_event(self, at: int, raw: bytes, line: Mapping[str, Any], run: _Run) -> None:
        match line:
            case {"event": "delivered", "frame": frame}:
                self._frames[frame] = (at, raw, run)
            case {"event": "revoked", "frames": text}:
                self._revoker.revoke(self._frames, text)
            case {"event": "started" | "untrusted"}:
                run.attempts[at] = raw
            case {"event": "ended", "start_up": _}:
                run.start_ups[at] = raw
                memory = line.get("peak_memory", 0) if line.get("stopped") != "runaway" else 0
                if self._largest is None or memory > self._largest[0]:
                    self._largest = (memory, at, raw, run)
            case {"event": event} if event in {"finished", "limited"} or event not in {*SCHEMA, *_SPENT}:
                run.others[at] = raw
            case _:
                pass

    def kept(self, is_gone: Callable[[Mapping[str, Any]], bool]) -> list[bytes]:
        """Return the lines that still matter, in their order."""
        kept: dict[int, bytes] = {}
        runs = [run for run in (self._fresh,) if run is not None]
        for at, raw, run in self._frames.values():
            kept[at] = raw
            runs.append(run)
        for run in self._runs:
            run.scratch_removed |= "scratch" not in run.fields or is_gone(run.fields)
            if not run.scratch_removed:
                kept.update(run.attempts)
                runs.append(run)
        started = next((run for run in reversed(self._runs) if run.start_ups), None)
        if started is not None:
            kept.update(started.start_ups)
            runs.append(started)
        if self._largest is not None:
            _, at, raw, run = self._largest
            kept[at] = raw
            runs.append(run)
        for run in {run.at: run for run in runs}.values():
            kept[run.at] = run.line()
            kept.update(run.others)
        return [kept[at] for at in sorted(kept)]


def compact(lines: Iterable[bytes], is_gone: Callable[[Mapping[str, Any]], bool]) -> list[bytes] | None:
    """Return the lines that still matter, in their order; None if the journal must not be changed.

    `is_gone` says of the fields of a `run` line whether its scratch folder is gone for good.
    """
    compactor = _Compactor()
    for at, raw in enumerate(lines):
        compactor.add(at, raw if raw.endswith(b"\n") else raw + b"\n")
    return None if compactor.newer else compactor.kept(is_gone)


def rewrite(path: Path, descriptor: int, lines: Iterable[bytes]) -> bool:
    """Replace the contents of an open journal.

    Return False, and leave it as it is, if the copy cannot be written.

    Raises:
        OSError: the journal cannot be written; the copy is complete, and `recover` continues with it.
    """
    contents = b"".join(lines) + _END
    copy = _copy_path(path)
    try:
        copy.unlink(missing_ok=True)
        target = os.open(copy, CREATE_FLAGS, 0o644)
        try:
            _write(target, contents)
        finally:
            os.close(target)
    except OSError:
        with contextlib.suppress(OSError):
            copy.unlink()
        return False
    _replace(descriptor, contents)
    with contextlib.suppress(OSError):
        copy.unlink()
    return True


def recover(path: Path, descriptor: int) -> None:
    """Finish a `rewrite` that was killed while it wrote the journal.

    Raises:
        OSError: the journal could not be written.
    """
    copy = _copy_path(path)
    try:
        source = os.open(copy, READ_FLAGS)
    except OSError:
        return
    try:
        status = os.fstat(source)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return
        contents = _read(source)
    finally:
        os.close(source)
    written = _read(descriptor)
    # A journal that is not the beginning of the copy is the old one, or was continued since.
    if contents.endswith(_END) and len(written) < len(contents) and contents.startswith(written):
        _replace(descriptor, contents)
    with contextlib.suppress(OSError):
        copy.unlink()


def _copy_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _read(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


def _replace(descriptor: int, contents: bytes) -> None:
    os.ftruncate(descriptor, 0)
    _write(descriptor, contents)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    sync(descriptor)
