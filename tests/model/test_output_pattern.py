"""Output patterns: one frame number group, any width, anywhere in a name of any characters."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import SINGLE_FILE_EXTENSIONS, OutputKind, OutputPattern

BASE = Path(os.path.abspath(os.sep)) / "base"  # noqa: PTH100 - a drive's root on Windows


def parse(text: str) -> OutputPattern:
    return OutputPattern.parse(text, BASE)


@pytest.mark.parametrize(
    ("text", "frame", "name"),
    [
        ("shot_[#####].png", 7, "shot_00007.png"),
        ("shot_[#####].png", 123456, "shot_123456.png"),
        ("shot_[####].png", -5, "shot_-005.png"),
        ("shot_[#].png", -5, "shot_-5.png"),
        ("[###] middle.png", 12, "012 middle.png"),
        ("a[##]b[x](1).v1.2.exr", 3, "a03b[x](1).v1.2.exr"),
        ("shot_####.png", 1, "shot_0001.png"),
        ("shot_%04d.png", 1, "shot_0001.png"),
        ("shot_%4d.png", 1, "shot_0001.png"),
        ("shot_%d.png", 12, "shot_12.png"),
        ("shot_%0000004d.png", 1, "shot_0001.png"),
        ("take#2_####.png", 1, "take#2_0001.png"),
        ("100%done_####.png", 1, "100%done_0001.png"),
        ("100%d_[####].png", 1, "100%d_0001.png"),
        ("take#2_[####].png", 1, "take#2_0001.png"),
        ("shot.png", 1, "shot_00001.png"),
        ("shot", 1, "shot_00001"),
        ("shot.####", 1, "shot.0001"),
        ("shot.[####]", 1, "shot.0001"),
        ("shot.v[##]x", 1, "shot.v01x"),
        (".hidden", 1, ".hidden_00001"),
        ("日本 语 é.[####].tif", 9, "日本 语 é.0009.tif"),
        ("[ab]_[####].png", 1, "[ab]_0001.png"),
        ("[#a#]_[##].png", 1, "[#a#]_01.png"),
    ],
)
def test_a_frame_gets_its_name(text: str, frame: int, name: str) -> None:
    pattern = parse(text)
    assert pattern.name(frame) == name
    assert pattern.path(frame) == BASE / name
    assert pattern.kind is OutputKind.SEQUENCE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("take#3.png", "take#3_00001.png"),
        ("%04d ####.png", "%04d ####_00001.png"),
        ("take#3_[##].png", "take#3_01.png"),
    ],
)
def test_in_a_name_of_after_effects_only_brackets_are_a_number(text: str, name: str) -> None:
    assert OutputPattern.parse(text, BASE, bare=False).name(1) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a\nb.png", "line break"),
        ("a\rb.png", "line break"),
        ("a\0b.png", "NUL"),
        ("renders/", "is a folder"),
        ("renders/.", "is a folder"),
        ("renders/..", "is a folder"),
        (".", "is a folder"),
        ("..", "is a folder"),
        (os.sep, "is a folder"),
        ("../shot_[##].png", "leaves its folder"),
        ("a/../../shot_[##].png", "leaves its folder"),
        ("[##]_[##].png", "two frame number groups"),
        ("##_%04d.png", "several frame number groups"),
        ("#_#.png", "several frame number groups"),
        (f"[{'#' * 21}].png", "at most 20"),
        ("%0999d.png", "at most 20"),
        ("%0" + "9" * 6000 + "d.png", "at most 20"),
    ],
)
def test_what_is_no_pattern_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


NAME = st.text(st.characters(exclude_characters="#%/\\\0\r\n.:", codec="utf-8"), min_size=1, max_size=12)


@given(
    NAME,
    st.integers(1, 20),
    NAME,
    st.sampled_from([".png", ".EXR", ".tif", ""]),
    st.integers(-(10**9), 10**9),
)
def test_a_name_holds_its_frame_and_no_other(
    before: str, width: int, after: str, extension: str, frame: int
) -> None:
    pattern = parse(f"{before}[{'#' * width}]{after}{extension}")
    name = pattern.name(frame)
    digits = name[len(before) : len(name) - len(after + extension)]
    assert name == before + digits + after + extension
    assert int(digits) == frame
    assert len(digits) >= width
    assert len(digits) == max(width, len(str(frame)))


@given(
    NAME, st.sampled_from(["[###]", "####", "%05d", ""]), NAME, st.sampled_from([".png", ""]), st.integers()
)
def test_a_pattern_reads_back_from_its_own_text(
    before: str, group: str, after: str, extension: str, frame: int
) -> None:
    pattern = parse(before + group + after + extension)
    again = OutputPattern.parse(str(pattern), BASE / "elsewhere")
    assert again == pattern
    assert again.name(frame) == pattern.name(frame)


@given(st.sets(st.integers(-2000, 200000), max_size=60), st.integers(1, 8))
def test_no_two_frames_share_a_name(frames: set[int], width: int) -> None:
    pattern = parse(f"x[{'#' * width}].png")
    assert len({pattern.name(frame) for frame in frames}) == len(frames)


@pytest.mark.parametrize("extension", sorted(SINGLE_FILE_EXTENSIONS))
def test_a_movie_or_a_sound_is_one_file_whatever_its_brackets(extension: str) -> None:
    for text in (f"film_[####]{extension.upper()}", f"film%04d{extension}", f"a.b#{extension}"):
        pattern = parse(text)
        assert pattern.kind is OutputKind.SINGLE_FILE
        assert pattern.width == 0
        assert pattern.name(1) == pattern.name(-99) == pattern.text == text


def test_the_extension_that_the_renderer_forced_replaces_the_asked_one() -> None:
    pattern = parse("shot_[###].png")
    assert pattern.name(1, ".tif") == "shot_001.tif"
    assert pattern.name(1, "") == "shot_001"


def test_a_relative_path_starts_at_the_base_and_an_absolute_one_does_not() -> None:
    assert parse("a/b_[#].png").directory == BASE / "a"
    assert parse(str(BASE / "c" / "b_[#].png")).directory == BASE / "c"


def test_a_group_in_a_folder_name_is_part_of_the_folder() -> None:
    pattern = parse("take_[##]/shot_[###].png")
    assert pattern.directory == BASE / "take_[##]"
    assert pattern.name(4) == "shot_004.png"
