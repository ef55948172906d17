"""What a session is told, judged by the session's own action filter."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.events import (
    Event,
    Level,
    Message,
    Progress,
    RendererOutput,
    RunEnded,
    RunFailed,
    RunStarted,
)
from stmpo.reporting.openjd import OpenJDSink

judge = pytest.importorskip("openjd.sessions._action_filter", reason="openjd-sessions is not installed")


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


class Session:
    """A session that runs our sink: every callback with its time."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.raw = io.BytesIO()
        self.stream = io.TextIOWrapper(self.raw, encoding=encoding, newline="\n")
        self.encoding = encoding
        self.clock = Clock()
        self.sink = OpenJDSink(self.stream, self.clock)
        self.heard: list[tuple[float, str, Any]] = []
        self.cancelled: list[str] = []
        self.lines: list[str] = []
        self._filter = judge.ActionMonitoringFilter(session_id="s", callback=self._callback)

    def tell(self, event: Event, after: float = 0.0) -> None:
        """Let time pass, handle an event, and read what the sink wrote as a session reads it."""
        self.clock.now += after
        self.sink.handle(event)
        text = io.TextIOWrapper(io.BytesIO(self.raw.getvalue()), encoding=self.encoding).read()
        self.raw.seek(0)
        self.raw.truncate()
        for line in text.split("\n")[:-1]:
            self.lines.append(line)
            record = logging.LogRecord("openjd", logging.INFO, "", 0, line, None, None)
            record.session_id = "s"
            self._filter.filter(record)
            assert " -- ERROR" not in record.getMessage(), "the session found fault with it"

    def of(self, kind: str) -> list[Any]:
        """The values of one kind of message."""
        return [value for _, heard, value in self.heard if heard == kind]

    def _callback(self, kind: Any, value: Any, cancel: bool) -> None:
        self.heard.append((self.clock.now, kind.value, value))
        if cancel:
            self.cancelled.append(str(value))


def progress(fraction: float, delivered: int = 1) -> Progress:
    return Progress(delivered, 100, 1.0, 1.0, 5.0, 0, 1, fraction)


STARTED = RunStarted("film.aep, Main", "out", 100, 0, 2)
TEXT = st.text(st.characters() | st.sampled_from("\r\n\x85\u2028 openjd_fail: "), max_size=60)
EVENTS = st.one_of(
    st.builds(progress, st.floats(-1, 2) | st.floats(0, 1), st.integers(0, 100)),
    st.builds(lambda text: RunStarted(text, text, 1, 0, 1), TEXT),
    st.builds(lambda text: Message(Level.ERROR, text), TEXT),
    st.builds(lambda text: RendererOutput(0, None, text), TEXT),
    st.builds(lambda text: RunFailed((1, 2), text), TEXT),
)


@given(
    st.lists(st.tuples(EVENTS, st.floats(0, 1.5)), max_size=40),
    st.none() | st.builds(RunEnded, st.booleans(), st.lists(TEXT, max_size=2).map(tuple)),
    st.floats(0, 1.5),
    st.sampled_from(["utf-8", "ascii", "cp1252"]),
)
def test_the_session_hears_only_progress_status_and_fail_and_never_finds_fault(
    events: list[tuple[Event, float]], end: RunEnded | None, after: float, encoding: str
) -> None:
    """Progress rises within 0 to 100; no second sees more than two statuses; nothing else is ever said."""
    session = Session(encoding)
    for event, passed in events:
        session.tell(event, passed)
    if end is not None:
        session.tell(end, after)
    assert {kind for _, kind, _ in session.heard} <= {"progress", "status", "fail"}
    assert not session.cancelled
    assert len(session.heard) == len(session.lines)
    rising = session.of("progress")
    assert rising == sorted(set(rising))
    assert all(0 <= percent <= 100 for percent in rising)
    times = [time for time, kind, _ in session.heard if kind == "status"]
    assert all(third - first >= 0.999999 for first, third in zip(times, times[2:], strict=False))
    if end is not None and end.succeeded:
        assert rising[-1] == 100.0


@pytest.mark.parametrize(
    "reason",
    [
        "frame 7 failed: a\nopenjd_env: X=1",
        "frame 7 failed: a\r\nopenjd_fail: b",
        "frame 7 failed: a\x85\u2028openjd_status: c",
        "openjd_env: X=1",
        "frame 7 failed: \ud800\x1b[2J" + "日" * 5000,
    ],
)
def test_a_failure_with_anything_in_it_is_one_fail_line(reason: str) -> None:
    session = Session()
    session.tell(RunFailed((7,), reason))
    assert [kind for _, kind, _ in session.heard] == ["fail"]
    assert not session.cancelled
    assert len(session.of("fail")[0]) <= 1000


def test_a_failure_names_frames_and_the_renderers_own_words() -> None:
    session = Session()
    session.tell(RunFailed((7, 9), "frames 7,9 failed: After Effects error: out of memory"))
    assert session.of("fail") == ["frames 7,9 failed: After Effects error: out of memory"]


def test_an_empty_reason_says_nothing_rather_than_a_line_the_session_cannot_read() -> None:
    session = Session()
    session.tell(RunFailed((7,), " \n "))
    assert not session.lines


def test_progress_is_said_when_it_has_risen_by_a_tenth_of_a_percent() -> None:
    session = Session()
    for delivered in (0.5, 0.5, 0.5004, 0.501, 0.3, 1.0):
        session.tell(progress(delivered))
    assert session.of("progress") == [50.0, 50.1, 100.0]


def test_a_status_that_comes_too_soon_gives_way_to_the_next() -> None:
    session = Session()
    session.tell(STARTED)
    for delivered in range(1, 31):
        session.tell(progress(0.0, delivered), after=0.25)
    said = session.of("status")
    assert said[0] == "film.aep, Main"
    assert [text.split("/")[0] for text in said[1:]] == ["4", "8", "12", "16", "20", "24", "28"]


def test_the_same_status_is_not_said_twice() -> None:
    session = Session()
    for _ in range(5):
        session.tell(progress(0.0), after=5.0)
    assert len(session.of("status")) == 1


def test_the_last_word_is_never_held_back() -> None:
    session = Session()
    session.tell(progress(0.98), after=5.0)
    session.tell(RunEnded(True, ("100 of 100 frames delivered", "more")))
    assert session.of("status")[-1] == "100 of 100 frames delivered"
    assert session.of("progress") == [98.0, 100.0]


def test_a_failed_run_claims_no_full_progress() -> None:
    session = Session()
    session.tell(progress(0.5))
    session.tell(RunEnded(False, ("50 of 100 frames delivered",)))
    assert session.of("progress") == [50.0]


def test_a_closed_stream_is_no_failure() -> None:
    stream = io.StringIO()
    sink = OpenJDSink(stream)
    stream.close()
    sink.handle(STARTED)
    sink.handle(progress(0.5))
    sink.close()
