"""A movie instead of a sequence, or the reverse, is noticed in the header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.renderers.emulator.log_lines import Item, Language, LogLines, Style
from stmpo.renderers.output_kind import OutputKindCheck
from stmpo.renderers.protocol import Finding, FindingKind, Meaning


def check(asked: str, written: str, image_format: str, language: Language = Language.EN) -> list[Finding]:
    """All findings of a header."""
    item = Item("Main", 0, 9, 25.0, 16, 16, written, image_format, om_template="High Quality")
    reader = OutputKindCheck(asked)
    lines = [*LogLines(Style(language=language), item).starting(), *LogLines(Style(), item).frame(0, 1, 0.1)]
    return [found for found in map(reader.read, lines) if found is not None]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("asked", "written", "image_format", "words"),
    [
        ("/s/f_[#####].png", "/s/f_[#####].mov", "QuickTime", "writes QuickTime: one file (f_[#####].mov)"),
        ("C:\\s\\f_[#####].png", "C:\\s\\f_[#####].mp4", "H.264", "writes H.264: one file"),
        ("C:/s/f_[#####].exr", "c:\\S\\f_[#####].avi", "AVI", "writes AVI: one file"),
        ("/s/m.mov", "/s/m_[#####].tif", "TIFF", "writes TIFF: a sequence (m_[#####].tif)"),
    ],
)
def test_the_wrong_kind_is_one_hopeless_finding_that_names_module_and_format(
    asked: str, written: str, image_format: str, words: str, language: Language
) -> None:
    (found,) = check(asked, written, image_format, language)
    assert (found.kind, found.meaning, found.launches) == (FindingKind.WRONG_OUTPUT_KIND, Meaning.HOPELESS, 1)
    assert found.words.startswith('output module "High Quality" writes ')
    assert words in found.words
    assert "--om-template" in found.advice
    assert "--output" in found.advice


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("/s/f_[#####].png", "/s/f_[#####].png"),
        ("/s/f_[#####].png", "/s/f_[#####].tif"),
        ("/s/m.mov", "/s/m.mp4"),
        ("/s/m.mov", "/s/m.unknown"),
    ],
)
def test_another_format_of_the_same_kind_is_none(asked: str, written: str) -> None:
    assert check(asked, written, "X") == []


@given(st.lists(st.text() | st.text().map("PROGRESS:  a: {}".format)))
def test_no_line_raises(lines: list[str]) -> None:
    reader = OutputKindCheck("/s/f_[#####].png")
    for line in lines:
        reader.read(line)
