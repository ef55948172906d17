"""The matrix, doubt: files that look whole and are not, because a renderer reserved their space first.

Pixels that are not written yet are zeros, as black ones are. The judge compares every byte.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from stmpo.model.errors import ExitCode
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import wait_for
from tests.faults.judge import LIMIT, Ends, Job, Judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Pool
    from tests.faults.ground import Ground

FRAMES = tuple(range(1, 9))
OPTIONS = ("--frames", "1-8", "--concurrency", "2")
LONG = 600.0
ALL = Ends()


def slow(*, seconds: float = 3.0, dies_by: str = "", times: int | None = 1, frame: int = 3) -> Fault:
    """A frame's file whose second half comes later, or never."""
    return Fault(
        FaultKind.SLOW_WRITE, On(frame=frame, times=times), seconds=seconds, signal=dies_by, fill=True
    )


def _stands_still(ground: Ground, _: int) -> None:
    """The whole tree is stopped in the middle of a file, for longer than a file is left alone."""
    wait_for(lambda: _half(ground), "half a file")
    stopped = list(ground.survivors())
    for number, pause in ((signal.SIGSTOP, 4.0), (signal.SIGCONT, 0.0)):
        for pid in stopped:
            os.kill(pid, number)
        time.sleep(pause)


def _cancelled(ground: Ground, pid: int) -> None:
    wait_for(lambda: _half(ground), "half a file")
    time.sleep(2.5)
    os.kill(pid, signal.SIGTERM)


def _cancelled_movie(ground: Ground, pid: int) -> None:
    wait_for(lambda: any(path.name.startswith("movie") for path in ground.scratch_files()), "a movie")
    time.sleep(1.0)
    os.kill(pid, signal.SIGTERM)


def _killed(ground: Ground, _: int) -> None:
    wait_for(lambda: _half(ground), "half a file")
    time.sleep(0.5)
    for each in ground.survivors():
        os.kill(each, signal.SIGKILL)


def _half(ground: Ground) -> bool:
    return any("00003" in path.name and path.stat().st_size for path in ground.scratch_files())


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix."""

    name: str
    fault: Fault
    ends: Ends = ALL
    options: tuple[str, ...] = ()
    meanwhile: Callable[[Ground, int], None] | None = None
    extension: str = ".sgi"

    def __str__(self) -> str:
        return self.name


NOT_DONE = "its renderer did not finish it"
STATIC = ("--strategy", "static")
STALLS = ("--stall-timeout", "2")
MOVIES = (".wmv", ".mxf", ".mpg", ".webm", ".m4v", ".m2ts")
HANGS = Fault(FaultKind.HANG, On(frame=5, times=1))

ROWS = [
    Row("is slow", slow(times=None)),
    Row("is slow, shared", slow(), options=("--strategy", "shared")),
    *(
        Row(f"dies in the middle, {extension}", slow(seconds=0.2, dies_by="SIGKILL"), extension=extension, options=STATIC)
        for extension in (".sgi", ".bmp", ".tga", ".iff", ".cin", ".hdr", ".dpx", ".tif")
    ),
    Row("dies in the middle, shared", slow(seconds=0.2, dies_by="SIGKILL"), options=("--strategy", "shared", "--min-frame-bytes", "1")),
    Row("dies in the middle after a while", slow(dies_by="SIGKILL"), Ends(says=(NOT_DONE,)), STATIC),
    Row("is stopped in the middle", slow(seconds=LONG), options=(*STALLS, *STATIC)),
    Row("stands still with the whole tree", slow(), meanwhile=_stands_still),
    Row(
        "is cancelled in the middle",
        slow(seconds=LONG),
        Ends(ExitCode.CANCELLED, None, ("cancelled by SIGTERM",)),
        meanwhile=_cancelled,
    ),
    *(
        Row(f"stalls in a movie, {extension}", HANGS, Ends(says=("no sign of life",)), STALLS, extension=extension)
        for extension in MOVIES
    ),
    *(
        Row(
            f"is cancelled in a movie, {extension}",
            HANGS,
            Ends(ExitCode.CANCELLED, frozenset({0}), ("cancelled by SIGTERM",)),
            meanwhile=_cancelled_movie,
            extension=extension,
        )
        for extension in MOVIES
    ),
    Row("is killed with the run in the middle", slow(seconds=LONG), Ends(ExitCode.INTERNAL), meanwhile=_killed),
]  # fmt: skip


def play(row: Row, ground: Ground) -> None:
    """Run a row and judge it."""
    job = Job(FRAMES, options=(*OPTIONS, *row.options), extension=row.extension)
    try:
        scenario = Scenario(faults=(row.fault,), tree=False, costs=FrameCosts(0.05))
        judge = Judge(ground, job)
        if row.meanwhile is None:
            outcome = ground.render(*job.options, scenario=scenario, output=job.output)
        else:
            outcome = ground.attended(row.meanwhile, *job.options, scenario=scenario, output=job.output)
        if row.meanwhile is _killed:
            judge.frames(None)
            judge.nothing_left(timeout=LIMIT)
            judge.next_run()
        else:
            judge.after(outcome, row.ends)
    finally:
        ground.clear()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_doubt(row: Row, rows: Pool) -> None:
    """The four questions."""
    rows.outcome(row.name)
