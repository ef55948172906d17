"""A pipe whose reader stands still: nobody waits for it for long, and nothing is lost to one that comes
back.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.reporting import pipe
from stmpo.reporting.pipe import pipe_of
from stmpo.reporting.safe_stream import SafeStream

if sys.platform == "win32":
    pytest.skip("Windows cannot ask a pipe whether it takes something", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

LINE = "x" * 999
"""A thousand bytes with its end."""


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, TextIO]]:
    """A pipe that holds a page or more, and a short timeout for its reader."""
    monkeypatch.setattr(pipe, "READER_TIMEOUT", 0.01)
    monkeypatch.setattr(pipe, "LAST_READER_TIMEOUT", 0.01)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with contextlib.ExitStack() as open_:
        open_.callback(os.close, reading)
        yield reading, open_.enter_context(os.fdopen(writing, "w", encoding="utf-8"))


def read(descriptor: int) -> bytes:
    """What is there."""
    found = bytearray()
    with contextlib.suppress(BlockingIOError):
        while data := os.read(descriptor, 1 << 16):
            found += data
    return bytes(found)


def test_lines_that_a_reader_did_not_take_come_when_it_goes_on_in_their_order(
    ends: tuple[int, TextIO],
) -> None:
    reading, writing = ends
    streams = [SafeStream(writing), SafeStream(writing)]  # of two sinks, as in a session
    for number in range(400):
        streams[number % 2].line(f"{number:03} {LINE}")
    found = b""
    for _ in range(20):
        found += read(reading)
        streams[0].flush()
    streams[1].finish()
    found += read(reading)
    assert [int(line[:3]) for line in found.decode().splitlines()] == list(range(400))


def test_of_what_nobody_reads_a_part_is_kept_and_the_rest_is_counted(
    ends: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe, "MAX_KEPT_BYTES", 50_000)
    reading, writing = ends
    stream = SafeStream(writing)
    for _ in range(400):
        stream.line(LINE)
    first = read(reading)
    stream.flush()
    stream.line("last")
    stream.finish()
    lines = (first + read(reading)).decode().splitlines()
    assert lines[-1] == "last"
    dropped = int(lines[-2].partition(" ")[0].lstrip("("))
    assert "lines were dropped here" in lines[-2]
    assert dropped + lines.count(LINE) == 400


def test_a_reader_that_never_comes_keeps_nobody_from_ending(ends: tuple[int, TextIO]) -> None:
    _, writing = ends
    stream = SafeStream(writing)
    for _ in range(400):
        stream.line(LINE)
    stream.finish()


def test_one_that_has_gone_silences_the_stream(ends: tuple[int, TextIO]) -> None:
    reading, writing = ends
    stream = SafeStream(writing)
    with os.fdopen(os.dup(reading), "rb"):
        os.dup2(os.open(os.devnull, os.O_RDONLY), reading)
    for _ in range(10):
        stream.line(LINE)
    stream.finish()


def test_anything_else_than_a_pipe_is_written_to_as_it_is() -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - no path of ours
        assert pipe_of(nowhere) is None
