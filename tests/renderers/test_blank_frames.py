"""Frames outside the comp are named from After Effects' warning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.renderers.blank_frames import blank_frames, frame_rate
from stmpo.renderers.emulator.log_lines import Item, Language, LogLines, Style


def test_the_warning_of_a_real_log_is_understood() -> None:
    """`-s 0` on a comp of 30 frames a second that starts at 0.87 s: frames 0 to 25 are blank."""
    warning = (
        "WARNING:After Effects warning: timeSpanStart of -0,87 seconds will cause render to have frames outside of range "
        "defined by comp displayStartTime (0,87) and end of comp duration (26,63). Render will succeed, but may have "
        "blank frames."
    )
    assert blank_frames(Span(0, 40), warning, 30.0) == FrameSet.between(0, 25)


@pytest.mark.parametrize("decimal_comma", [True, False])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("asked", "comp", "blank"),
    [
        (Span(0, 60), Span(0, 49), Span(50, 60)),
        (Span(5, 60), Span(10, 60), Span(5, 9)),
        (Span(-3, 5), Span(0, 49), Span(-3, -1)),
        (Span(60, 70), Span(0, 49), Span(60, 70)),
    ],
)
def test_the_stand_ins_lines_tell_the_blank_frames(
    asked: Span, comp: Span, blank: Span, language: Language, *, decimal_comma: bool
) -> None:
    item = Item("main", asked.first, asked.last, 25.0, 16, 16, "/out/x.png", "PNG")
    lines = LogLines(Style(language=language, decimal_comma=decimal_comma), item)
    (rate,) = [rate for rate in map(frame_rate, lines.starting()) if rate is not None]
    assert rate == 25.0
    warning = lines.outside(asked.first, comp.first, comp.last)
    assert blank_frames(asked, warning, rate) == FrameSet.of(blank)


def test_another_warning_tells_nothing() -> None:
    assert blank_frames(Span(0, 9), "WARNING:After Effects warning: something", 25.0) is None


@given(st.text())
def test_no_line_raises(line: str) -> None:
    frame_rate(line)
    frame_rate(f"PROGRESS:  a: {line}")
    blank_frames(Span(0, 9), line, 25.0)
