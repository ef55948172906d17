"""The index is used until a file changes, and never hides a font."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.fonts import index
from stmpo.fonts.index import IndexedFile, scan_fonts
from stmpo.fonts.places import FontFolder, Origin
from stmpo.fonts.sfnt import read_faces
from tests.fonts import foundry

if TYPE_CHECKING:
    from stmpo.fonts.face import Face


class IndexedFontFolder:
    """A folder of fonts with an index, that counts what is read."""

    def __init__(self, folder: Path) -> None:
        self.fonts, self.index = folder / "fonts", folder / "cache" / "stmpo" / "fonts.json"
        self.fonts.mkdir()
        self.read: list[str] = []

    def put(self, name: str, data: bytes) -> Path:
        path = self.fonts / name
        path.write_bytes(data)
        return path

    def look(self) -> list[IndexedFile]:
        self.read.clear()
        return scan_fonts([FontFolder(self.fonts, Origin.USER)], self.index, self._reads)

    def names(self) -> list[str]:
        return [name for one in self.look() for face in one.faces for name in face.all_names()]

    def _reads(self, path: Path) -> tuple[Face, ...]:
        self.read.append(path.name)
        return read_faces(path)


@pytest.fixture
def font_folder(tmp_path: Path) -> IndexedFontFolder:
    font_folder = IndexedFontFolder(tmp_path)
    font_folder.put("a.ttf", foundry.face("A-Regular"))
    font_folder.put("b.ttc", foundry.collection("B", "C"))
    font_folder.put("v.ttf", foundry.face("V-Regular"))
    font_folder.put("no.otf", b"no font")
    font_folder.put("old.pfb", b"\x80\x01\x00\x00\x00\x00%!PS-AdobeFont-1.0: Old\n/FontName /Old-Roman def\n")
    return font_folder


def test_a_second_look_reads_nothing_and_finds_the_same(font_folder: IndexedFontFolder) -> None:
    first = font_folder.look()
    assert font_folder.read == ["a.ttf", "b.ttc", "no.otf", "v.ttf"]
    assert [one.file.path.name for one in first] == ["a.ttf", "b.ttc", "old.pfb", "v.ttf"]
    written = font_folder.index.stat().st_mtime_ns
    assert font_folder.look() == first
    assert font_folder.read == []
    assert font_folder.index.stat().st_mtime_ns == written


def test_what_has_changed_is_read_again_and_what_has_gone_is_forgotten(
    font_folder: IndexedFontFolder,
) -> None:
    font_folder.look()
    font_folder.put("a.ttf", foundry.face("Another-Regular"))
    (font_folder.fonts / "b.ttc").unlink()
    font_folder.put("new.ttf", foundry.face("New-Regular"))
    assert font_folder.names() == ["Another-Regular", "New-Regular", "V-Regular"]
    assert font_folder.read == ["a.ttf", "new.ttf"]
    assert not any(
        path.endswith("b.ttc") for path in json.loads(font_folder.index.read_text(encoding="utf-8"))["files"]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells programs no time of a file's last change")
def test_a_file_in_place_of_another_is_read_though_size_and_time_are_the_same(
    font_folder: IndexedFontFolder,
) -> None:
    """As a copy that keeps times leaves it."""
    old = (font_folder.fonts / "a.ttf").stat()
    font_folder.look()
    fresh = font_folder.put("fresh", foundry.face("B-Regular"))
    os.utime(fresh, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert fresh.stat().st_size == old.st_size
    fresh.replace(font_folder.fonts / "a.ttf")
    assert "B-Regular" in font_folder.names()


def test_a_file_that_cannot_be_opened_is_tried_again(
    font_folder: IndexedFontFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size and times stay as they are when another program lets go of it, or rights change."""
    whole = Path.open

    def refuse(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.name == "a.ttf":
            raise PermissionError(13, "used by another process", str(path))
        return whole(path, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        assert "A-Regular" not in font_folder.names()
        assert font_folder.read == ["a.ttf", "b.ttc", "no.otf", "v.ttf"]
    assert "A-Regular" in font_folder.names()
    assert font_folder.read == ["a.ttf"]
    font_folder.look()
    assert font_folder.read == []


def test_a_place_that_is_not_looked_through_this_time_is_not_forgotten(
    font_folder: IndexedFontFolder, tmp_path: Path
) -> None:
    other = tmp_path / "fonts-too"
    other.mkdir()
    (other / "o.ttf").write_bytes(foundry.face("Other"))
    scan_fonts([FontFolder(other, Origin.USER)], font_folder.index)
    font_folder.look()

    def refuses(path: Path) -> tuple[Face, ...]:
        raise AssertionError(f"{path} was read again")

    scan_fonts([FontFolder(other, Origin.USER)], font_folder.index, refuses)
    (other / "o.ttf").unlink()
    scan_fonts([FontFolder(other, Origin.USER)], font_folder.index)
    assert "o.ttf" not in font_folder.index.read_text(encoding="utf-8")


def test_the_index_is_bounded(
    font_folder: IndexedFontFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    font_folder.look()
    monkeypatch.setattr(index, "MAX_FILES", 5)
    (tmp_path / "o.ttf").write_bytes(foundry.face("Other"))
    scan_fonts([FontFolder(tmp_path / "o.ttf", Origin.USER)], font_folder.index)
    assert len(json.loads(font_folder.index.read_text(encoding="utf-8"))["files"]) == 1


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"\0" * 100, b"[]", b"{}", b'{"version": 1, "files": {}}', b'{"version": 2, "files": []}', b"[" * 100_000,
        "cut", "entries",
    ],
)  # fmt: skip
def test_a_damaged_or_older_index_is_made_again(font_folder: IndexedFontFolder, damage: bytes | str) -> None:
    whole = font_folder.look()
    if damage == "cut":
        damage = font_folder.index.read_bytes()[:-40]
    elif damage == "entries":
        document: dict[str, Any] = json.loads(font_folder.index.read_bytes())
        odd: list[Any] = [None, 5, "x", [], [1, 2], [1, 2, 3, 4], {}]
        for path, entry in zip(document["files"], odd, strict=False):
            document["files"][path] = entry
        damage = json.dumps(document).encode()
    assert isinstance(damage, bytes)
    font_folder.index.write_bytes(damage)
    assert font_folder.look() == whole
    assert font_folder.read
    assert font_folder.look() == whole
    assert not font_folder.read


@pytest.mark.parametrize(
    "face", [[0], [0, ["A"], "F", "S", "x", "", [], [], ""], [0, "A", "F", "S", 0, "", [], [], ""], 7]
)
def test_a_face_that_is_none_is_read_again(font_folder: IndexedFontFolder, face: object) -> None:
    whole = font_folder.look()
    document = json.loads(font_folder.index.read_bytes())
    for entry in document["files"].values():
        entry[2] = [face]
    font_folder.index.write_text(json.dumps(document), encoding="utf-8")
    assert font_folder.look() == whole


def test_an_index_that_cannot_be_written_costs_time_alone(font_folder: IndexedFontFolder) -> None:
    font_folder.index.parent.parent.write_bytes(b"a file where the cache should be")
    assert font_folder.look() == font_folder.look()
    assert len(font_folder.read) == 4


def test_without_a_cache_everything_is_read(font_folder: IndexedFontFolder) -> None:
    assert scan_fonts([FontFolder(font_folder.fonts, Origin.USER)], None) == font_folder.look()


def test_runs_at_the_same_time_leave_one_whole_index(font_folder: IndexedFontFolder) -> None:
    looks = [threading.Thread(target=font_folder.look) for _ in range(8)]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    font_folder.look()
    assert font_folder.read == []
    assert [path.name for path in font_folder.index.parent.iterdir()] == ["fonts.json"]


def test_too_large_an_index_is_not_read(
    font_folder: IndexedFontFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    font_folder.look()
    monkeypatch.setattr(index, "MAX_BYTES", 10)
    font_folder.look()
    assert len(font_folder.read) == 4
