"""Plain lines: one event, one line, whoever reads it and whatever stands in it."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.errors import BadInput
from stmpo.model.events import (
    Event,
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
from stmpo.renderers.line_decoder import MAX_TEXT, decode
from stmpo.reporting import Sinks
from stmpo.reporting.lines import PROGRESS_INTERVAL, LineSink, LogFile, message_text, prefix, progress_text
from stmpo.reporting.safe_stream import MAX_LINE_LENGTH

if TYPE_CHECKING:
    from pathlib import Path

PROGRESS = Progress(60, 120, 30.0, 2.0, 30.0, 3, 4, 0.5)
SESSION_READS = 64_000
"""Characters that an OpenJD session reads at a time, each piece a line to it."""


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Recorder(io.StringIO):
    """A stream that counts its flushes."""

    flushes = 0

    def flush(self) -> None:
        self.flushes += 1
        super().flush()


def lines_of(*events: Event, encoding: str = "utf-8") -> list[str]:
    """What a session reads of these events, piece by piece, as it would."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    sink = LineSink(stream)
    for event in events:
        sink.handle(event)
    sink.close()
    reader = io.TextIOWrapper(io.BytesIO(raw.getvalue()), encoding=encoding)
    return [line.rstrip("\n\r") for line in iter(lambda: reader.readline(SESSION_READS), "")]


def judged(lines: list[str]) -> list[tuple[str, Any, bool]]:
    """What the real action filter of a session makes of these lines."""
    judge = pytest.importorskip("openjd.sessions._action_filter", reason="openjd-sessions is not installed")
    heard: list[tuple[str, Any, bool]] = []
    watching = judge.ActionMonitoringFilter(
        session_id="s", callback=lambda kind, value, fail: heard.append((kind.value, value, fail))
    )
    for line in lines:
        record = logging.LogRecord("openjd", logging.INFO, "", 0, line, None, None)
        record.session_id = "s"
        watching.filter(record)
    return heard


HOSTILE = [
    "openjd_env: X=1",
    "openjd_fail: x",
    "openjd_progress: 100",
    " openjd_env FOO=1",
    "\topenjd_unset_env: PATH",
    "OPENJD_ENV: X=1",
    "openjd_env",
    "x\nopenjd_env: X=1",
    "x\ropenjd_fail: x",
    "x\r\nopenjd_status: x",
    "x\x85openjd_env: X=1",
    "x\u2028openjd_env: X=1",
    "\x1c\x1dopenjd_env: X=1",
    "\u3000openjd_env: X=1",
]


def test_the_judge_would_hear_them() -> None:
    """Or the tests below would prove nothing."""
    assert len(judged(HOSTILE[:7])) >= 6


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_nobody_speaks_to_the_session_through_a_line(text: str, encoding: str) -> None:
    """Renderers' lines, and names of projects, comps and files in our own."""
    events: list[Event] = [
        RendererOutput(0, Span(1, 9), text),
        RendererOutput(0, None, text),
        *(Message(level, text, where) for level in Level for where in ("", "01 1-9")),
        RunStarted(text, text, 9, 0, 1, (text,)),
        RunEnded(False, (text, text)),
    ]
    for event in events:
        lines = lines_of(event, encoding=encoding)
        assert judged(lines) == []
        assert len(lines) == {RunStarted: 2, RunEnded: 2}.get(type(event), 1)


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "ascii", "cp1252"]))
def test_any_bytes_of_a_renderer_are_one_harmless_line(data: bytes, encoding: str) -> None:
    for fallbacks in (("cp850",), ()):
        text = decode(data, fallbacks)
        lines = lines_of(RendererOutput(2, Span(1, 9), text), encoding=encoding)
        assert len(lines) == (1 if text.strip() else 0)
        assert all(line.startswith("[02 0001-0009] ") for line in lines)
        assert judged(lines) == []


@given(st.integers(0, 80), st.sampled_from("xé日\U0001f600"), st.sampled_from(["utf-8", "ascii"]))
def test_the_tail_of_a_long_line_is_no_line_of_its_own(offset: int, letter: str, encoding: str) -> None:
    """A stream that escapes what it lacks makes a line up to ten times as long as the session reads at a
    time.
    """
    escaped = len(letter.encode(encoding, "backslashreplace").decode(encoding))
    text = letter * ((SESSION_READS - offset) // escaped) + "openjd_fail: forged " * 50
    lines = lines_of(
        RendererOutput(0, Span(1, 9), text[:MAX_TEXT]), Message(Level.INFO, text), encoding=encoding
    )
    assert len(lines) == 2
    assert all(len(line) <= MAX_LINE_LENGTH for line in lines)
    assert judged(lines) == []


def test_a_renderers_line_is_shown_behind_its_slot_and_frames() -> None:
    assert lines_of(RendererOutput(2, Span(120, 159), "PROGRESS: x")) == ["[02 0120-0159] PROGRESS: x"]
    assert prefix(0, None) == "[00]"
    assert prefix(99, Span(-5, 12345)) == "[99 -005-12345]"


def test_blank_lines_of_a_renderer_are_left_out_and_all_of_them_where_they_are_not_wanted() -> None:
    assert lines_of(RendererOutput(0, None, "  \t")) == []
    stream = io.StringIO()
    LineSink(stream, renderer_lines=False).handle(RendererOutput(0, None, "x"))
    assert not stream.getvalue()


def test_messages_tell_their_level_where_it_matters() -> None:
    assert message_text(Message(Level.INFO, "a")) == "a"
    assert message_text(Message(Level.WARNING, "a\nb", "01 1-9")) == "WARNING: [01 1-9] a b"
    assert message_text(Message(Level.ERROR, "a")) == "ERROR: a"


def test_progress_reads_as_one_line() -> None:
    assert progress_text(PROGRESS) == (
        "60/120 frames delivered, 4 renderers, 3 being delivered, 2.00 frames/s, about 30.0 s left"
    )


def test_the_start_tells_the_plans_reasons_and_the_end_its_summary() -> None:
    started = RunStarted("film.aep, Main", "out/[##].png", 1, 1, 2, ("2 renderers, limited by memory",))
    assert lines_of(started, RunEnded(True, ("done", "fast"))) == [
        "film.aep, Main: 1 frame to out/[##].png, 1 of them there already",
        "2 renderers, limited by memory",
        "done",
        "fast",
    ]


def test_a_heartbeat_comes_every_fifteen_seconds_and_no_oftener() -> None:
    clock, stream = Clock(), io.StringIO()
    sink = LineSink(stream, clock=clock)
    for _ in range(100):
        clock.now += 1.0
        sink.handle(PROGRESS)
    assert stream.getvalue().count("frames delivered") == 100 // int(PROGRESS_INTERVAL)


def test_a_flood_is_not_flushed_line_by_line_and_a_message_is_at_once() -> None:
    clock, stream = Clock(), Recorder()
    sink = LineSink(stream, clock=clock)
    for _ in range(10_000):
        clock.now += 0.0001
        sink.handle(RendererOutput(0, None, "flood"))
    assert stream.flushes <= 3
    before = stream.flushes
    sink.handle(Message(Level.INFO, "x"))
    assert stream.flushes == before + 1


def test_what_a_flood_left_is_flushed_by_the_next_tick() -> None:
    clock, stream = Clock(), Recorder()
    sink = LineSink(stream, clock=clock)
    sink.handle(RendererOutput(0, None, "x"))
    assert stream.flushes == 0
    sink.handle(PROGRESS)
    assert stream.flushes == 1


class Broken(io.StringIO):
    """A stream that fails as told, and counts how often it was tried."""

    tried = 0

    def __init__(self, error: Exception, *, only_flush: bool) -> None:
        super().__init__()
        self.error, self.only_flush = error, only_flush

    def write(self, text: str) -> int:
        if self.only_flush:
            return super().write(text)
        self.tried += 1
        raise self.error

    def flush(self) -> None:
        self.tried += 1
        raise self.error


@pytest.mark.parametrize("only_flush", [True, False])
@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(), OSError(28, "No space left on device"), OSError(5, "EIO"), ValueError("closed")],
)
def test_a_stream_that_fails_falls_silent_and_the_run_goes_on(error: Exception, only_flush: bool) -> None:
    stream = Broken(error, only_flush=only_flush)
    sink = LineSink(stream)
    for _ in range(5):
        sink.handle(Message(Level.ERROR, "x"))
    sink.close()
    assert stream.tried == 1


def test_a_closed_stream_is_no_failure() -> None:
    stream = io.StringIO()
    stream.close()
    sink = LineSink(stream)
    sink.handle(Message(Level.INFO, "x"))
    sink.close()


def test_a_narrow_stream_gets_escapes_and_the_next_line_too() -> None:
    assert lines_of(Message(Level.INFO, "日é"), Message(Level.INFO, "b"), encoding="ascii") == [
        "\\u65e5\\xe9",
        "b",
    ]
    assert lines_of(Message(Level.INFO, "日é"), encoding="cp1252") == ["\\u65e5é"]


def test_the_log_file_has_every_line_with_its_time_and_is_never_truncated(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "run.log"
    for text in ("first \ud800", "second 日"):
        log = LogFile(path)
        log.handle(RendererOutput(0, None, text))
        log.handle(Message(Level.WARNING, text))
        log.close()
        log.close()
        log.handle(Message(Level.INFO, "after the end"))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line[20:] for line in lines] == [
        "[00] first \\ud800",
        "WARNING: first \\ud800",
        "[00] second 日",
        "WARNING: second 日",
    ]
    assert all(line[4] == "-" and line[13] == ":" and line[19] == " " for line in lines)


def test_a_log_file_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot write the log file"):
        LogFile(tmp_path / "file" / "run.log")
    with pytest.raises(BadInput, match="cannot write the log file"):
        LogFile(tmp_path)


def test_what_does_not_concern_a_reader_of_lines_is_passed_over() -> None:
    assert lines_of(SlotChanged(0, SlotState.IDLE), RunFailed((1,), "x")) == []


def test_several_sinks_hear_the_same_in_order() -> None:
    first, second = io.StringIO(), io.StringIO()
    sinks = Sinks([LineSink(first), LineSink(second)])
    sinks.handle(Message(Level.INFO, "x"))
    sinks.close()
    assert first.getvalue() == second.getvalue() == "x\n"
