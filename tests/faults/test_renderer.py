"""The matrix, renderers: what a renderer can do wrong, a row each.

A row says what the fake aerender plays and how the run has to end; the judge asks every row the same four
questions. Twelve frames, two renderers, unless a row says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.model.errors import ExitCode
from stmpo.testing import Fault, FaultKind, On, Scenario
from tests.faults.judge import Ends, Job, Judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.conftest import Pool
    from tests.faults.ground import Ground

ALL = Ends()
K = FaultKind
JOB = Job(tuple(range(1, 13)), options=("--frames", "1-12", "--concurrency", "2"))
ACCESS_VIOLATION = 0xC0000005
CURSED = "aerender ERROR: After Effects error: the layer is cursed."
NO_LICENCE = "aerender ERROR: After Effects error: the licence of Frobnicator is gone."
WAITS = ("--stall-timeout", "2")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix."""

    name: str
    faults: tuple[Fault, ...]
    ends: Ends = ALL
    options: tuple[str, ...] = ()
    play: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the scenario besides its faults."""

    job: Job = JOB

    def __str__(self) -> str:
        return self.name


def fails(*frames: int, says: tuple[str, ...] = (), starts: int | None = None) -> Ends:
    """These frames are missing, and are named."""
    named = f"frame {frames[0]} failed" if len(frames) == 1 else "failed"
    return Ends(ExitCode.FRAMES_FAILED, frozenset(frames), (named, *says), starts=starts)


def dies(where: str, **on: int) -> list[Row]:
    """A renderer that dies there: by exit code, signal and crash code."""
    once = On(**on, times=None if "start" in on else 1)
    return [
        Row(f"dies {where}, exit code", (Fault(K.EXIT, once, code=3),)),
        Row(f"dies {where}, in words", (Fault(K.EXIT, once, code=1, text=CURSED),)),
        Row(f"dies {where}, signal", (Fault(K.CRASH, once, signal="SIGSEGV"),)),
        Row(f"dies {where}, crash code", (Fault(K.CRASH, once, code=ACCESS_VIOLATION),)),
    ]


def never_whole(what: str, fault: Fault, words: str) -> list[Row]:
    """A renderer that ends well each time, and leaves no whole file of one frame: alone, and beside others
    that count.
    """
    others = ("--no-kill-on-fail", "--max-frame-retries", "1")
    return [
        Row(f"exits 0 with {what}, each time", (fault,), fails(5, says=(words,))),
        Row(
            f"exits 0 with {what}, each time, and the others are wanted",
            (fault,),
            fails(5, says=(words,)),
            others,
        ),
    ]


def says(name: str, *words: Fault, silent: tuple[str, ...] = (), **play: Any) -> Row:
    """A renderer that says something and does its work."""
    return Row(f"says {name}", words, Ends(silent=silent), play=play)


ROWS = [
    *dies("at start", start=1),
    *dies("at frame k", frame=5),
    *dies("at the last frame", frame=12),
    Row("dies after the last frame, exit code", (Fault(K.DIES_AFTER, On(start=1), code=9),)),
    Row("dies after the last frame, signal", (Fault(K.DIES_AFTER, On(start=1), signal="SIGKILL"),)),
    Row("dies each time, with one frame more", (Fault(K.CRASH, On(probability=0.4), code=5),), Ends()),
    Row("exits 0 with a missing frame", (Fault(K.MISSING, On(frame=5, times=1)),)),
    Row("exits 0 with a missing frame, without a word", (Fault(K.MISSING, On(frame=5, times=1), quiet=True),)),
    Row("exits 0 with an empty frame", (Fault(K.EMPTY, On(frame=5, times=1), quiet=True),)),
    Row("exits 0 with a truncated frame", (Fault(K.TRUNCATED, On(frame=5, times=1), quiet=True, fraction=0.9),)),
    Row("exits 0 with a frame of another size", (Fault(K.WRONG_SIZE, On(frame=5, times=1)),)),
    *never_whole(
        "a missing frame", Fault(K.MISSING, On(frame=5), quiet=True), "and did not say why"
    ),
    *never_whole("an empty frame", Fault(K.EMPTY, On(frame=5), quiet=True), "frame 5 is empty"),
    *never_whole("a truncated frame", Fault(K.TRUNCATED, On(frame=5), quiet=True), "frame 5 ends in the middle"),
    *never_whole("a frame of another size", Fault(K.WRONG_SIZE, On(frame=5)), "frame 5 is 32 x 16 pixels"),
    Row("exits 0 with black frames after words", (Fault(K.BLACK, On(frame=3, times=1)),)),
    Row("exits 0 with black frames after unreadable footage", (Fault(K.UNREADABLE_SOURCE, On(frame=3, times=1)),)),
    Row("exits 0 after launching and nothing else", (Fault(K.SILENT_AFTER_LAUNCH, On(start=1)),)),
    Row("exits 0 with the end cut short", (Fault(K.CUT_SHORT, On(frame=12, times=1), count=3),)),
    Row("writes a frame late", (Fault(K.LATE, On(frame=3), seconds=1.0),)),
    Row("writes a frame slowly", (Fault(K.SLOW_WRITE, On(frame=3), seconds=1.0),)),
    Row("writes a frame more slowly than trust takes", (Fault(K.SLOW_WRITE, On(frame=3), seconds=3.0),)),
    Row("writes into the next frame's file", (Fault(K.OTHER_FILE, On(frame=2, times=1), other=3),)),
    Row("writes into an earlier frame's file", (Fault(K.OTHER_FILE, On(frame=5, times=1), other=2),)),
    Row("writes into a file of another's lease", (Fault(K.OTHER_FILE, On(frame=2, times=1), other=10),)),
    Row("renders a frame of another's lease", (Fault(K.OUTSIDE_LEASE, On(frame=2), other=10),)),
    Row("renders a frame that nobody asked for", (Fault(K.OUTSIDE_LEASE, On(frame=2), other=40),)),
    Row("finishes and never exits", (Fault(K.NEVER_EXITS, On(start=1)),), options=("--child-grace-sec", "0.2")),
    Row("hangs at launch", (Fault(K.HANG_AT_LAUNCH, On(start=1)),), Ends(says=("no sign of life",)), WAITS),
    Row("hangs at open", (Fault(K.HANG, On(start=1)),), Ends(says=("no sign of life",)), WAITS),
    Row("hangs mid-frame", (Fault(K.HANG, On(frame=5, times=1)),), Ends(says=("no sign of life",)), WAITS),
    Row("is slow but busy", (Fault(K.BUSY, On(frame=5, times=1), seconds=4.0, repeat=40),), Ends(silent=("no sign",)), WAITS),
    Row("starts slowly", (Fault(K.SLOW_LAUNCH, On(start=1), seconds=1.5),), Ends(starts=2)),
    Row("is refused while another starts", (), Ends(says=("Another instance of aerender",)), play={"exclusive_seconds": 3.0}),
    says("half a line", Fault(K.SAY, On(frame=5), text="half a line", end="")),
    says("bytes that are no text", Fault(K.SAY, On(frame=5), hex="ff fe 00 1b 5b 33 31 6d 80 81"), silent=("\x1b",)),
    says("text of a code page", Fault(K.SAY, On(frame=5), text="半角ｶﾅ", encoding="cp932")),
    says("everything in a code page", encoding="cp1252"),
    says("a line of 10 MB", Fault(K.SAY, On(frame=5), text="x", end="", repeat=10 << 20), silent=("x" * 70_000,)),
    says("a control line", Fault(K.SAY, On(frame=5), text="openjd_env: X=1"), silent=("\nopenjd_env",)),
    says("a near miss of a control line", Fault(K.SAY, On(frame=5), text=" openjd_fail : x"), silent=("\nopenjd", "\n openjd")),
    says("100 MB of lines", Fault(K.SAY, On(frame=5, times=1), text="flood " * 170, repeat=100 << 10)),
    Row("starts a child that ignores signals", (Fault(K.STUBBORN), Fault(K.HANG, On(frame=5, times=1))), options=WAITS),
    Row("starts a child that leaves the session", (Fault(K.ESCAPE, On(start=1), seconds=300.0),)),
    Row("starts a child that keeps its output open", (Fault(K.ESCAPE, On(start=1), seconds=300.0, hold_output=True),)),
    Row("poisons one frame", (Fault(K.EXIT, On(frame=6), code=1, text=CURSED),), fails(6, says=("the layer is cursed",))),
    Row(
        "poisons one frame, and the others are wanted",
        (Fault(K.EXIT, On(frame=6), code=1, text=CURSED),),
        fails(6, says=("the layer is cursed",)),
        ("--no-kill-on-fail", "--max-frame-retries", "1"),
    ),
    Row(
        "poisons every frame",
        (Fault(K.EXIT, code=1, text=CURSED),),
        Ends(ExitCode.FRAMES_FAILED, frozenset(JOB.frames), ("no frame could be rendered", "layer is cursed"), starts=12),
    ),
    Row(
        "loses its licence on the way",
        (
            Fault(K.EXIT, On(frame=10, times=1), code=1, text=NO_LICENCE),
            *(Fault(K.EXIT, On(start=start), code=1, text=NO_LICENCE) for start in range(3, 99)),
        ),
        Ends(ExitCode.FRAMES_FAILED, None, ("the licence of Frobnicator is gone",), starts=16),
        ("--no-kill-on-fail",),
        job=Job(tuple(range(1, 61)), options=("--frames", "1-60", "--concurrency", "2")),
    ),
]  # fmt: skip


def play(row: Row, ground: Ground) -> None:
    """Run a row and judge it."""
    try:
        scenario = Scenario(faults=tuple(row.faults), **row.play)
        outcome = ground.render(*row.job.options, *row.options, scenario=scenario)
        Judge(ground, row.job).after(outcome, row.ends)
    finally:
        ground.clear()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_renderer(row: Row, rows: Pool) -> None:
    """The four questions."""
    rows.outcome(row.name)
