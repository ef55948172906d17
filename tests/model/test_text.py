"""Counts, durations and sizes, as people read them."""

from __future__ import annotations

import pytest

from stmpo.model.text import byte_size, duration, one_line, plural


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 MB"),
        (212 * 2**20, "212 MB"),
        (2**30, "1 GB"),
        (int(3.14 * 2**30), "3.1 GB"),
        (64 * 2**30, "64 GB"),
        (int(187.6 * 2**30), "188 GB"),
        (2**40, "1024 GB"),
    ],
)
def test_a_size_is_given_in_the_unit_that_fits(count: int, text: str) -> None:
    assert byte_size(count) == text


def test_a_count_has_its_noun() -> None:
    assert [plural(1, "frame"), plural(1200, "frame")] == ["1 frame", "1,200 frames"]
    assert plural(2, "process", "processes") == "2 processes"


def test_a_duration_has_two_units_at_most() -> None:
    assert [duration(12.34), duration(245), duration(7620)] == ["12.3 s", "4 min 05 s", "2 h 07 min"]


def test_a_line_is_one_line_and_no_longer_than_its_limit() -> None:
    assert one_line("a\n b\x1b[2J\tc") == "a b\\x1b[2J c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcdef", 0) == ""
