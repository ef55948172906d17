"""Counts, durations and sizes, as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.text import byte_size, duration, one_line, plural, shortened


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (60, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7625, "2 h 07 min"),
        (360000, "100 h 00 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats(0, 1e7))
def test_no_duration_shows_sixty_of_anything(seconds: float) -> None:
    assert "60" not in duration(seconds).replace("h", "").split()[-2:]
    assert "60.0" not in duration(seconds)


def test_one_is_singular() -> None:
    assert [plural(n, "frame") for n in (0, 1, 2, 1000)] == [
        "0 frames",
        "1 frame",
        "2 frames",
        "1,000 frames",
    ]
    assert plural(2, "retry", "retries") == "2 retries"


def test_a_line_is_one_line_and_no_longer_than_its_limit() -> None:
    assert one_line("a\n b\x1b[2J\tc") == "a b\\x1b[2J c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcdef", 0) == ""


@given(st.text(), st.integers(4, 40))
def test_a_shortened_text_keeps_both_ends(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= max(limit, 3)
    assert short == text or (" … " in short and text.startswith(short.partition(" … ")[0][:1]))
