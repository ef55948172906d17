"""Bytes of a renderer become lines that can be shown, whatever the bytes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.text import one_line, visible
from stmpo.renderers.line_decoder import (
    CUT,
    MAX_LINE_BYTES,
    MAX_TEXT,
    LineSplitter,
    decode,
    system_code_pages,
)


def split(*chunks: bytes) -> list[bytes]:
    """All lines of a stream that comes in these chunks."""
    splitter = LineSplitter()
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.close()


class TestLineSplitter:
    @pytest.mark.parametrize(
        ("data", "lines"),
        [
            (b"", []),
            (b"a", [b"a"]),
            (b"a\nb\n", [b"a", b"b"]),
            (b"a\r\nb", [b"a", b"b"]),
            (b"a\rb\r", [b"a", b"b"]),
            (b"a\r\r\nb", [b"a", b"", b"b"]),
            (b"\n\n", [b"", b""]),
            (b"a\n\rb", [b"a", b"", b"b"]),
        ],
    )
    def test_all_three_line_ends_count_and_blank_lines_stay(self, data: bytes, lines: list[bytes]) -> None:
        assert split(data) == lines

    @given(
        st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\xc3", b"\xa9", b"long line"])), st.data()
    )
    def test_any_chunking_of_the_same_bytes_gives_the_same_lines(
        self, parts: list[bytes], data: st.DataObject
    ) -> None:
        stream = b"".join(parts)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
        chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert split(*chunks) == split(stream)

    @pytest.mark.parametrize("step", [1_000, 4_096, 64_000, 64_001, 300_000])
    def test_a_long_line_is_cut_alike_however_it_comes_and_the_next_is_whole(self, step: int) -> None:
        stream = b"x" * 250_000 + b"\nnext\n"
        chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
        assert split(*chunks) == [b"x" * MAX_LINE_BYTES + CUT.encode(), b"next"]

    def test_a_line_of_exactly_the_limit_is_not_cut(self) -> None:
        assert split(b"x" * MAX_LINE_BYTES) == [b"x" * MAX_LINE_BYTES]

    def test_a_flood_without_a_line_end_holds_no_more_than_one_line(self) -> None:
        splitter = LineSplitter()
        for _ in range(160):
            assert splitter.feed(b"y" * 65_536) == []
        assert len(splitter._pending) == MAX_LINE_BYTES
        assert len(splitter.close()[0]) == MAX_LINE_BYTES + len(CUT)
        assert splitter.close() == []

    @pytest.mark.parametrize("character", ["é", "フ", "😀"])
    @pytest.mark.parametrize("shift", range(4))
    def test_a_cut_leaves_no_half_character(self, character: str, shift: int) -> None:
        line = split(b"x" * shift + character.encode() * 40_000)[0]
        assert line.decode().endswith(character + CUT)
        assert len(line) > MAX_LINE_BYTES


class TestDecode:
    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("utf-8", "Komposition „Prüfung“ フォント"),
            ("cp932", "警告: フォントが見つかりません"),
            ("cp1252", "Die Ausgabe für “x” ist fehlgeschlagen"),
            ("cp850", "Größe: 1920"),
        ],
    )
    def test_utf8_and_the_systems_code_page_are_read(self, encoding: str, text: str) -> None:
        assert decode(text.encode(encoding), [encoding]) == text

    def test_without_fallbacks_the_systems_code_pages_are_tried(self) -> None:
        assert decode(b"na\xefve \xff") == decode(b"na\xefve \xff", system_code_pages())
        assert decode("naïve".encode()) == "naïve"

    def test_the_first_fallback_that_fits_is_taken(self) -> None:
        assert decode("é".encode("cp1252"), ["ascii", "cp1252", "cp850"]) == "é"

    def test_what_nothing_fits_is_written_as_bytes(self) -> None:
        assert decode(b"a\xff\x81", ["ascii"]) == "a\\xff\\x81"

    @given(
        st.binary(max_size=300),
        st.lists(st.sampled_from(["cp932", "cp1252", "cp850", "no such", "a\0b", "hex"])),
    )
    def test_no_bytes_and_no_fallbacks_raise_or_let_a_control_character_through(
        self, line: bytes, fallbacks: list[str]
    ) -> None:
        text = decode(line, fallbacks)
        assert len(text.splitlines()) <= 1
        assert not [c for c in text if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} and c != "\t"]

    def test_a_long_line_of_escapes_stays_below_what_a_session_takes_for_one_line(self) -> None:
        text = decode(b"\x1b" * 64_000, [])
        assert len(text) == MAX_TEXT
        assert text.endswith(CUT)

    def test_a_line_end_of_unicode_forges_no_message(self) -> None:
        assert decode("a\u2028openjd_fail: x\x85openjd_env: y\u2029z".encode(), []) == (
            "a\\u2028openjd_fail: x\\x85openjd_env: y\\u2029z"
        )

    def test_the_systems_code_pages_are_known_encodings_other_than_utf8(self) -> None:
        pages = system_code_pages()
        assert pages
        assert "utf-8" not in pages
        for page in pages:
            b"x".decode(page)


class TestVisible:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain, Prüfung, フ, 😀", "plain, Prüfung, フ, 😀"),
            ("tab\tstays", "tab\tstays"),
            ("no-break\u00a0space stays", "no-break\u00a0space stays"),
            ("\x1b[2J\x07\x00\x7f", "\\x1b[2J\\x07\\x00\\x7f"),
            ("\x9b31m", "\\x9b31m"),
            ("\u202egnp.exe", "\\u202egnp.exe"),
            ("\ufeffhead", "\\ufeffhead"),
            (r"C:\out\x", r"C:\out\x"),
        ],
    )
    def test_what_acts_is_written_out_and_what_shows_stays(self, text: str, shown: str) -> None:
        assert visible(text) == shown

    @given(st.text())
    def test_showing_twice_changes_nothing_more(self, text: str) -> None:
        assert visible(visible(text)) == visible(text)


class TestOneLine:
    def test_breaks_and_runs_of_blanks_become_one_blank(self) -> None:
        assert one_line(" a\r\n\tb   c\n", 20) == "a b c"

    def test_a_long_text_ends_in_an_ellipsis(self) -> None:
        assert one_line("abcdef", 4) == "abc…"

    @given(st.text(), st.integers(0, 30))
    def test_the_limit_holds_and_there_is_one_line(self, text: str, limit: int) -> None:
        line = one_line(text, limit)
        assert len(line) <= limit
        assert len(line.splitlines()) <= 1
