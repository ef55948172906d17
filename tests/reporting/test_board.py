"""The live board: drawn at any width, with any name, and never the end of a run."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stmpo.model.events import (
    Event,
    FrameDelivered,
    Level,
    Message,
    Progress,
    RendererOutput,
    RunEnded,
    RunFailed,
    RunStarted,
    SlotChanged,
    SlotState,
)
from stmpo.model.frames import Span

if TYPE_CHECKING:
    from stmpo.reporting.board import Board

board_module = pytest.importorskip("stmpo.reporting.board", reason="rich is not installed")

PROGRESS = Progress(62, 120, 30.0, 4.1, 14.1, 3, 4, 0.52)
ODD = [
    "[red]",
    "[/]",
    "[bold",
    "\\[x]",
    "日本語 " * 30,
    "\x1b[2J",
    "a\nb",
    "\ud800",
    "",
    ":smile:",
    "é" * 300,
]
WIDTHS = pytest.mark.parametrize("width", [100, 60])


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def make(width: int, stream: io.StringIO | None = None) -> tuple[Board, io.StringIO]:
    stream = stream or io.StringIO()
    board: Board = board_module.Board(stream, Clock(), width=width)
    return board, stream


def drawn(board: Board) -> str:
    """The board as text without its colours."""
    with board.console.capture() as capture:
        board.console.print(board.draw())
    return re.sub(r"\x1b\[[\d;]*m", "", capture.get())


def a_run(name: str) -> list[Event]:
    """Every kind of event, with a name wherever one can stand."""
    return [
        Message(Level.INFO, name),
        RunStarted(name, name, 120, 3, 4, (name,)),
        *(
            SlotChanged(slot, state, Span(-5, 30), 4711, 14, 412 << 20, 98.0)
            for slot, state in enumerate(SlotState)
        ),
        SlotChanged(98, SlotState.WAITING),
        FrameDelivered(1, 0, name, 100, 0.5, 1, 120),
        FrameDelivered(2, 0, name, 100, 0.0, 2, 120),
        FrameDelivered(3, 77, name, 100, None, 3, 120),
        RendererOutput(0, Span(1, 9), name),
        PROGRESS,
        *(Message(level, name, name) for level in Level),
        RunFailed((1,), name),
        RunEnded(False, (name, name)),
    ]


def test_a_slot_of_a_shared_lease_shows_its_own_frames_and_no_range() -> None:
    """Its lines count positions, skipped frames included; "96/120" on each of four slots would be wrong."""
    board, _ = make(100)
    board.handle(SlotChanged(0, SlotState.RENDERING, Span(0, 119), 4711, 24, shared=True))
    text = drawn(board)
    assert re.search(r"00 +rendering +next free [^0-9]+24\b", text)
    assert "0-119" not in text
    board.handle(SlotChanged(0, SlotState.IDLE))
    assert re.search(r"00 +idle +24\b", drawn(board))


@WIDTHS
@pytest.mark.parametrize("name", ODD, ids=lambda name: ascii(name)[:20])
def test_any_name_is_drawn_at_any_width(width: int, name: str) -> None:
    board, stream = make(width)
    for event in a_run(name):
        board.handle(event)
    board.close()
    stream.getvalue().encode()
    if name.startswith(("[", ":")):
        assert name in stream.getvalue(), "markup in a name is no markup"
    assert "\x1b[2J" not in stream.getvalue()


@settings(max_examples=20)  # each draws a run
@given(st.text(max_size=40), st.sampled_from([100, 60]))
def test_no_name_makes_it_raise(name: str, width: int) -> None:
    board, _ = make(width)
    for event in a_run(name):
        board.handle(event)
    board.close()


def test_a_lane_shows_state_frames_rate_memory_and_cpu() -> None:
    board, _ = make(100)
    board.handle(SlotChanged(2, SlotState.RENDERING, Span(1, 30), 4711, 14, 412 << 20, 98.0))
    board.handle(FrameDelivered(1, 2, "x", 1, 0.5, 1, 30))
    lane = drawn(board).splitlines()[2]
    for part in ("02", "rendering", "1-30", "14/30", "2.00 /s", "412 MB", "98 %"):
        assert part in lane


def test_below_the_lanes_stands_the_whole_run() -> None:
    board, _ = make(100)
    board.handle(PROGRESS)
    assert "62/120 frames · 4.10 frames/s · about 14.1 s left · 3 being delivered" in drawn(board)


def test_every_lane_fits_one_line_of_sixty_columns() -> None:
    board, _ = make(60)
    for slot in range(24):
        board.handle(SlotChanged(slot, SlotState.RENDERING, Span(10_000, 10_999), 1, 999, 31 << 30, 1600.0))
        board.handle(FrameDelivered(1, slot, "x", 1, 12.5, 1, 30))
    lines = drawn(board).splitlines()
    assert len(lines) == 26
    assert max(map(len, lines)) <= 60


def test_a_count_above_the_lease_does_not_overflow_its_lane() -> None:
    board, _ = make(100)
    board.handle(SlotChanged(0, SlotState.RENDERING, Span(1, 5), 1, 99))
    assert "5/5" in drawn(board)


class Dead(io.StringIO):
    """A terminal that was closed."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error

    def flush(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "Input/output error"), ValueError("closed")])
def test_a_terminal_that_was_closed_does_not_end_the_run(error: Exception) -> None:
    """Neither by an error nor by the exit that rich makes of a broken pipe."""
    board, _ = make(100, Dead(error))
    for event in a_run("x"):
        board.handle(event)
    board.close()


def test_a_terminal_of_few_characters_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    board: Board = board_module.Board(stream, Clock(), width=100)
    for event in a_run("日é"):
        board.handle(event)
    board.close()
    stream.flush()
    assert b"\\u65e5\\xe9" in raw.getvalue()


def test_closing_twice_or_before_the_start_is_no_failure() -> None:
    board, _ = make(60)
    board.close()
    board.handle(RunEnded(True, ("done",)))
    board.close()
