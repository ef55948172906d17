"""The state that fake processes share: counters and a record of every start, as files in one folder.

A counter is a row of empty files, `name.1`, `name.2`, …, each created by exactly one process. Creating a file
that must not exist is atomic on every system; appending to a shared file is not.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

from stmpo.renderers.emulator.arguments import claim
from stmpo.testing.process_ids import outer_pid

ACTIVE_SECONDS = 0.5
"""Seconds for which a renderer counts as rendering after its last mark."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the fake, as it recorded it itself."""

    number: int
    """1 for the first."""

    argv: tuple[str, ...]
    pid: int
    """Of the launcher (or of the only process)."""

    began: float
    """Seconds since 1970."""

    ended: float | None
    """None while it runs, and if it was killed."""

    code: int | None
    """The exit code, if it ended by itself."""

    pids: tuple[int, ...]
    """Itself and its descendants: launcher, After Effects, escaped grandchildren."""

    wrote: tuple[int, ...] = ()
    """Frames whose file it wrote to the end, in that order, repetitions included."""


def starts(folder: Path) -> list[Start]:
    """Return all starts under the scenario that was written to this folder, in order."""
    state = folder / "state"
    return sorted(
        (_start(state, path) for path in state.glob("start-*.json")),
        key=lambda start: start.number,
    )


def _start(state: Path, path: Path) -> Start:
    begun = json.loads(path.read_text(encoding="utf-8"))
    number = int(begun["number"])
    end = state / f"end-{number}.json"
    ended = json.loads(end.read_text(encoding="utf-8")) if end.exists() else {}
    pids = sorted(int(each.suffix[1:]) for each in state.glob(f"pid-{number}.*"))
    argv = tuple(begun["argv"])
    log = state / f"wrote-{number}"
    wrote = tuple(int(line) for line in log.read_text().split()) if log.exists() else ()
    return Start(
        number, argv, begun["pid"], begun["began"], ended.get("ended"), ended.get("code"), tuple(pids), wrote
    )


def _modified(file: Path) -> float:
    """Return when a file was modified, or 0 if another process has just removed it."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


class FakeState:
    """One process's view of the folder. Without a folder nothing is kept, and every count is 1."""

    def __init__(self, folder: Path | None, number: int = 0) -> None:
        self._folder = folder
        self.number = number
        """Which start this process belongs to; 0 until `begin`."""

        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def count(self, name: str, limit: int | None = None) -> int:
        """Count one more of `name` over all processes, from 1; beyond `limit`, return `limit + 1`."""
        at = 1
        if self._folder is not None:
            while (limit is None or at <= limit) and not claim(str(self._folder / f"{name}.{at}")):
                at += 1
        return at

    def begin(self, argv: Sequence[str]) -> None:
        """Record the start of this process tree and assign its number."""
        self.number = self.count("number")
        self.record_process(os.getpid())
        self._put(
            f"start-{self.number}.json",
            number=self.number,
            argv=list(argv),
            pid=outer_pid(os.getpid()),
            began=time.time(),
        )

    def end(self, code: int) -> None:
        """Record that this process tree ends by itself."""
        self._put(f"end-{self.number}.json", ended=time.time(), code=code)

    def record_process(self, pid: int) -> None:
        """Record this process, or a child of it, by the process id that the machine sees."""
        if self._folder is not None:
            (self._folder / f"pid-{self.number}.{outer_pid(pid)}").touch()

    def wrote(self, frame: int) -> None:
        """Record that a frame's file was written to its end."""
        if self._folder is not None:
            with (self._folder / f"wrote-{self.number}").open("a") as log:
                log.write(f"{frame}\n")

    def other_active_starts(self, *, earlier: bool = False) -> int:
        """Count the other starts (with `earlier`, those before this one) that called this lately.

        Starts are numbered in their order. An earlier one that has begun lately and not ended counts even
        before its own call: whichever of two calls first, the same one is too many.
        """
        if self._folder is None:
            return 0
        own = self._folder / f"renders-{self.number}"
        own.touch()
        oldest = time.time() - ACTIVE_SECONDS
        active = {
            int(mark.name.removeprefix("renders-"))
            for mark in self._folder.glob("renders-*")
            if mark != own and _modified(mark) > oldest
        }
        if not earlier:
            return len(active)
        begun = {
            number
            for number in range(1, self.number)
            if _modified(self._folder / f"start-{number}.json") > oldest
            if not (self._folder / f"end-{number}.json").exists()
        }
        return len({number for number in active if number < self.number} | begun)

    def end_activity(self) -> None:
        """Stop counting as active."""
        if self._folder is not None:
            (self._folder / f"renders-{self.number}").unlink(missing_ok=True)

    def seconds_since_previous(self) -> float:
        """Return the seconds since the start before this one; 0 if its record is not written yet."""
        if self._folder is None or self.number < 2:
            return float("inf")
        try:
            before = json.loads((self._folder / f"start-{self.number - 1}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0.0
        return time.time() - float(before["began"])

    def _put(self, name: str, **values: object) -> None:
        if self._folder is not None:
            path = self._folder / name
            path.with_suffix(".part").write_text(json.dumps(values), encoding="utf-8")
            path.with_suffix(".part").replace(path)
