"""How much of a renderer's output is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stmpo.renderers.output_limit import (
    BURST_BYTES,
    BYTES_PER_SECOND,
    LAST_LINES,
    LINE_OVERHEAD_BYTES,
    OutputLimit,
)


def _printed(flood: OutputLimit, lines: list[str], now: float) -> list[str]:
    return [shown for line in lines for shown in flood.admit(line, now)]


def test_what_after_effects_prints_is_shown_in_full() -> None:
    lines = [f"PROGRESS:  0:00:05:{n % 25:02} ({n}): 0 Seconds" for n in range(10_000)]
    flood = OutputLimit(0.0)
    assert _printed(flood, lines, 0.0) == lines
    assert flood.rest() == []


def test_of_a_flood_the_beginning_and_the_last_words_are_shown_and_the_rest_is_counted() -> None:
    lines = [f"flood {n}" for n in range(1_000_000)]
    flood = OutputLimit(0.0)
    shown = _printed(flood, lines, 0.0)
    assert sum(len(line) + LINE_OVERHEAD_BYTES for line in shown) <= BURST_BYTES
    rest = flood.rest()
    assert (
        rest[0]
        == f"[... {1_000_000 - len(shown) - LAST_LINES:,} lines left out: this renderer prints without end]"
    )
    assert rest[1:] == lines[-LAST_LINES:]


def test_after_a_flood_lines_are_shown_again_and_the_gap_is_told() -> None:
    flood = OutputLimit(0.0)
    shown = len(_printed(flood, ["x" * 1000] * 5000, 0.0))
    assert flood.admit("soon after", 1.0) == []
    (with_line, line) = flood.admit("much later", 1.0 + BURST_BYTES / BYTES_PER_SECOND)
    assert line == "much later"
    assert with_line.startswith(f"[... {5001 - shown:,} lines left out")
    assert flood.rest() == []


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 60_000)), max_size=200))
def test_never_more_than_the_limit_and_every_line_is_shown_or_counted(steps: list[tuple[float, int]]) -> None:
    flood, now, shown, with_line = OutputLimit(0.0), 0.0, 0, 0
    size = 0
    for wait, length in steps:
        now += wait
        for text in flood.admit("x" * length, now):
            if text.startswith("[..."):
                with_line += int(text.split()[1].replace(",", ""))
            else:
                shown += 1
                size += len(text) + LINE_OVERHEAD_BYTES
    for text in flood.rest():
        if text.startswith("[..."):
            with_line += int(text.split()[1].replace(",", ""))
        else:
            shown += 1
    assert shown + with_line == len(steps)
    assert size <= BURST_BYTES + BYTES_PER_SECOND * now + 1
