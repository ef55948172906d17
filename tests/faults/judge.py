"""The judge: every row of the matrix is asked the same four questions.

1. Are exactly the right frames at the destination, each whole and the picture that its name says?
2. Is the exit code right, and does the message say enough to act on?
3. Is any process, scratch file, font or lock left?
4. Does the next run finish the rest, without rendering a whole frame again?

Frames are compared byte by byte with what the fake renderer draws for their number, so that no code of ours
judges itself. What may be left in scratch after a failed run are frames that are not delivered, and the
message names them.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.extra_files import EXTRA_FOLDER
from stmpo.model.errors import ExitCode
from stmpo.model.output_pattern import SINGLE_FILE_EXTENSIONS
from stmpo.testing import Scenario
from stmpo.testing.images import Picture, encode, frame_stamp
from stmpo.testing.movies import movie

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.engine.studio import Outcome
    from tests.faults.ground import Ground

LIMIT = 3.0
"""Seconds that renderers may outlive a run which was killed: 2, and what a busy machine takes."""


@dataclass(frozen=True, slots=True)
class Ends:
    """How a run has to end. The default: all frames are there, and nothing special is said."""

    code: ExitCode = ExitCode.OK
    missing: frozenset[int] | None = frozenset()
    """Frames that must not be at the destination; None where it depends on the moment."""

    says: tuple[str, ...] = ()
    """Each of these is somewhere in the output."""

    silent: tuple[str, ...] = ()
    """None of these is."""

    starts: int | None = None
    """Renderers started, at most."""

    keeps: bool = True
    """Whether the next run may count on this run's scratch and destination."""


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for."""

    frames: tuple[int, ...]
    size: tuple[int, int] = (16, 16)
    frame_bytes: int = 0
    options: tuple[str, ...] = ()
    extension: str = ".png"

    @property
    def is_movie(self) -> bool:
        """Whether one file holds all frames."""
        return self.extension in SINGLE_FILE_EXTENSIONS

    @property
    def output(self) -> str:
        """The pattern of its files."""
        return f"f_0{self.extension}" if self.is_movie else f"f_[####]{self.extension}"

    @property
    def files(self) -> set[int]:
        """The numbers of its files."""
        return {0} if self.is_movie else set(self.frames)

    def picture(self, frame: int) -> bytes:
        """The one right file of a frame, or the movie."""
        if self.is_movie:
            return movie(self.frames[0], self.frames[-1], self.extension)
        return encode(self.extension, Picture(frame, *self.size), self.frame_bytes)


class Judge:
    """Asks the questions about one job on one ground."""

    def __init__(self, ground: Ground, job: Job) -> None:
        self._ground = ground
        self._job = job

    def after(self, outcome: Outcome, ends: Ends) -> None:
        """All four questions, of a run that has ended by itself."""
        self.frames(ends.missing)
        self.words(outcome, ends)
        self.nothing_left(outcome)
        self.next_run(keeps=ends.keeps)

    def frames(self, missing: frozenset[int] | None) -> None:
        """The first question. Files that are no frames of the job are not there either."""
        there = self._standing()
        wrong = {number for number, path in there.items() if path.read_bytes() != self._job.picture(number)}
        assert not wrong, f"not whole, or another picture: frames {sorted(wrong)}"
        assert set(there) <= self._job.files, "frames that nobody asked for"
        if missing is not None:
            assert sorted(there) == sorted(self._job.files - missing)
        parts = [path.name for path in self._ground.out.glob(".stmpo-*.part")]
        assert missing is None or parts == [], "halves"
        assert missing is None or self._ground.strangers() == []

    def words(self, outcome: Outcome, ends: Ends) -> None:
        """The second question."""
        assert outcome.code == ends.code, outcome.output[-900:]
        for words in ends.says:
            assert words in outcome.output, outcome.output[-900:]
        for words in ends.silent:
            assert words not in outcome.output, outcome.output[-900:]
        assert "\nTraceback" not in outcome.output, outcome.output[-900:]
        if ends.starts is not None:
            assert len(self._ground.starts()) <= ends.starts
        assert ends.code is ExitCode.OK or ends.says, "a row that fails says what has to be said"

    def nothing_left(self, outcome: Outcome | None = None, *, timeout: float = 0.0) -> None:
        """The third question. `outcome` is None where a run had no chance to tidy up."""
        left = self._ground.survivors(timeout)
        assert left == {}, "processes"
        assert [path for path in self._ground.home.rglob("*") if path.is_file()] == [], "fonts or settings"
        for journal in self._ground.out.glob(".*.stmpo.jsonl"):
            assert _lockable(journal), "a lock"
        files = self._ground.scratch_files()
        extra = [path for path in files if path.parent.name == EXTRA_FOLDER]
        if outcome is not None and extra:  # output files that nobody asked for are kept, and named
            assert f"kept in {extra[0].parent}" in outcome.output
        if outcome is not None and (kept := [path for path in files if path not in extra]):
            assert outcome.code != ExitCode.OK, f"scratch: {kept}"
            assert {path for path in kept if path.name.startswith(("frame_", "movie"))}, (
                f"scratch without frames: {kept}"
            )
            assert str(self._ground.scratch) in outcome.output, "what is kept is named"

    def next_run(self, *, keeps: bool = True) -> None:
        """The fourth question: the same command once more, with nothing going wrong."""
        whole = self.whole() if keeps else set()
        before = len(self._ground.starts())
        healthy = Scenario(size=self._job.size, frame_bytes=self._job.frame_bytes, tree=False)
        again = self._ground.render(*self._job.options, scenario=healthy, output=self._job.output)
        assert again.code == ExitCode.OK, again.output[-900:]
        self.frames(frozenset())
        self.nothing_left(again)
        twice = sorted(set(self._ground.asked(before)) & whole)
        assert twice == [], f"frames {twice} were whole and are rendered again"

    def whole(self) -> set[int]:
        """Frames that exist whole now, delivered or in scratch."""
        return set(self._right(self._standing().items())) | set(
            self._right(
                (frame_number(path), path)
                for path in self._ground.scratch.rglob(f"frame_*{self._job.extension}")
            )
        )

    def _right(self, files: Iterable[tuple[int, Path]]) -> Iterable[int]:
        return (number for number, path in files if path.read_bytes() == self._job.picture(number))

    def _standing(self) -> dict[int, Path]:
        found = self._ground.out.glob(f"f_*{self._job.extension}") if self._ground.out.is_dir() else ()
        return {frame_number(path): path for path in found if path.is_file()}


def frame_number(path: Path) -> int:
    """The number in a frame's name."""
    return int(path.stem.rsplit("_", 1)[1])


def stamped(path: Path) -> int | None:
    """The number in a frame's picture; None for a file without one."""
    try:
        return frame_stamp(path)
    except (OSError, ValueError):
        return None


def _lockable(journal: Path) -> bool:
    descriptor = os.open(journal, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
