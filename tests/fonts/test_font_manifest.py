"""A font that comes with a job is validated, and nothing outside the job's font folder is read."""

from __future__ import annotations

import contextlib
import json
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.fonts.install.manifest import load_font, read_manifest
from stmpo.fonts.install.validate import NotAFont, ValidFont, check_structure
from stmpo.model.errors import BadInput
from tests.fonts.font_user import write_job
from tests.fonts.foundry import collection, face

ONE = face("File-One")


def patched(data: bytes, tag: bytes, at: int, new: bytes) -> bytes:
    """The font with other bytes inside one of its tables."""
    entry = data.index(tag)
    start = struct.unpack_from(">I", data, entry + 8)[0] + at
    return data[:start] + new + data[start + len(new) :]


class TestStructure:
    """Fonts are known by what they hold."""

    def test_a_font_and_a_collection_are_taken(self) -> None:
        assert check_structure(ONE) == 1
        assert check_structure(collection("A", "B", "C")) == 3

    @pytest.mark.parametrize(
        "path", sorted(Path("/usr/share/fonts").rglob("*.[to]t[fc]"))[:80], ids=lambda path: path.name
    )
    def test_every_font_of_this_machine_is_taken(self, path: Path) -> None:
        assert load_font(path).names

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "does not begin"),
            (b"#!/bin/sh\necho a font\n" * 40, "does not begin"),
            (b"wOFF" + ONE[4:], "does not begin"),
            (ONE[:12], "ends inside"),
            (ONE[:-200], "reaches beyond"),
            (ONE[:4] + b"\xff\xff" + ONE[6:], "has 65535 tables"),
            (ONE.replace(b"glyf", b"GLYF"), "no outlines"),
            (ONE.replace(b"name", b"NAME"), "no whole table name"),
            (ONE.replace(b"post", b"maxp"), "directory is damaged"),
            (patched(ONE, b"head", 12, b"\0\0\0\0"), "head is damaged"),
            (patched(ONE, b"maxp", 4, b"\0\0"), "no glyphs"),
            (patched(ONE, b"cmap", 8, b"\0\xff\0\0"), "cmap is damaged"),
            (b"ttcf\0\1\0\0\xff\xff\xff\xff", "4294967295 faces"),
            (collection("A", "B")[:400], "reaches beyond"),
        ],
    )  # fmt: skip
    def test_what_merely_calls_itself_a_font_is_refused_with_the_reason(
        self, data: bytes, words: str
    ) -> None:
        with pytest.raises(NotAFont, match=words):
            check_structure(data)

    @given(st.binary(max_size=300), st.integers(0, len(ONE)))
    def test_damage_of_any_kind_is_refused_or_taken_and_nothing_else(self, data: bytes, at: int) -> None:
        with contextlib.suppress(NotAFont):
            assert check_structure(ONE[:at] + data + ONE[at + len(data) :]) == 1

    def test_a_font_without_a_name_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ttf"
        path.write_bytes(patched(ONE, b"name", 2, b"\0\0"))
        with pytest.raises(NotAFont, match="names cannot be read"):
            load_font(path)

    def test_a_variable_fonts_instance_is_there_when_its_face_is(self, tmp_path: Path) -> None:
        font = ValidFont(b"", load_font_of(tmp_path, "Own-Name").faces)
        assert font.is_listed_among("Own-Name", {"Own-Name"})
        assert not font.is_listed_among("Own-Name", {"Other"})
        assert not font.is_listed_among("Other", {"Own-Name"})


def load_font_of(folder: Path, name: str) -> ValidFont:
    path = folder / "a.ttf"
    path.write_bytes(face(name))
    return load_font(path)


class TestList:
    """`fonts.json` names files beside it."""

    def test_no_folder_means_no_fonts(self, tmp_path: Path) -> None:
        assert read_manifest(tmp_path / "fonts") == ()

    def test_names_and_files_in_their_order(self, tmp_path: Path) -> None:
        folder = write_job(tmp_path / "fonts", {"B": None, "A": "a.ttf"}, a_ttf=ONE)
        assert [(entry.name, entry.file) for entry in read_manifest(folder)] == [
            ("A", folder / "a.ttf"),
            ("B", None),
        ]

    @pytest.mark.parametrize(
        "file",
        [
            *("../a.ttf", "..", ".", "", "sub/a.ttf", "/etc/passwd", "..\\a.ttf", "C:\\a.ttf", "C:a.ttf"),
            *("\\\\server\\share\\a.ttf", "NUL", "con.ttf", "COM1.otf", "a.ttf:stream", "a.ttf.", "a.ttf "),
            *("a\0.ttf", "a*.ttf"),
        ],
    )
    def test_a_file_elsewhere_fails_the_job_whatever_it_is(self, tmp_path: Path, file: str) -> None:
        folder = write_job(tmp_path / "fonts", {"A": file})
        with pytest.raises(BadInput, match="does not lie inside the job's fonts folder"):
            read_manifest(folder)

    @pytest.mark.skipif(sys.platform == "win32", reason="links take an administrator there")
    @pytest.mark.parametrize("which", ["file", "list", "folder"])
    def test_a_link_is_not_followed(self, tmp_path: Path, which: str) -> None:
        elsewhere = write_job(tmp_path / "elsewhere", {"A": "a.ttf"}, a_ttf=ONE)
        folder = tmp_path / "scripts" / "fonts"
        folder.parent.mkdir()
        if which == "folder":
            folder.symlink_to(elsewhere)
        else:
            write_job(folder, {"A": "a.ttf"}, a_ttf=ONE)
            name = "a.ttf" if which == "file" else "fonts.json"
            (folder / name).unlink()
            (folder / name).symlink_to(elsewhere / name)
        with pytest.raises(BadInput, match="link"):
            read_manifest(folder)

    @pytest.mark.skipif(sys.platform == "win32", reason="links take an administrator there")
    def test_links_in_a_circle_are_named(self, tmp_path: Path) -> None:
        (tmp_path / "fonts").symlink_to("fonts")
        with pytest.raises(BadInput, match=r"cannot be read: .*symbolic links"):
            read_manifest(tmp_path / "fonts")

    @pytest.mark.parametrize(
        "text",
        [
            *("", "[]", "{}", '{"fonts": [1]}', '{"fonts": [{"postScriptName": "A"}]}'),
            *('{"fonts": [{"postScriptName": 1, "file": null}]}', '{"fonts": [{"postScriptName": "", "file": null}]}'),
            '{"fonts": [{"postScriptName": "A", "file": ["a"]}]}',
            json.dumps({"fonts": [{"postScriptName": "A", "file": None}] * 2001}),
            " " * (1 << 20) + "{}",
        ],
    )  # fmt: skip
    def test_another_list_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "fonts.json").write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=r"submit the job again|are the most"):
            read_manifest(tmp_path)

    def test_a_folder_without_a_list_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "fonts").mkdir()
        with pytest.raises(BadInput, match="cannot be read: No such file"):
            read_manifest(tmp_path / "fonts")


@pytest.mark.parametrize(
    ("name", "file"), [("\ud800", None), ("\udcff", "a.ttf"), ("New", "\ud800.ttf"), ("New", "\udcff")]
)
def test_half_a_character_in_the_list_of_fonts_fails_the_job_in_one_line(
    tmp_path: Path, name: str, file: str | None
) -> None:
    folder = tmp_path / "fonts"
    folder.mkdir()
    entry = {"postScriptName": name, "file": file}
    (folder / "fonts.json").write_text(json.dumps({"fonts": [entry]}), encoding="utf-8")
    with pytest.raises(BadInput, match="is not a list of fonts"):
        read_manifest(folder)
