"""The index knows a file until it changes, and is never the reason that a font is not found."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.fonts import index
from stmpo.fonts.index import Known, survey
from stmpo.fonts.places import Folder, Origin
from stmpo.fonts.sfnt import read_faces
from tests.fonts import foundry

if TYPE_CHECKING:
    from stmpo.fonts.face import Face


class Shelf:
    """A folder of fonts with an index, that counts what is read."""

    def __init__(self, folder: Path) -> None:
        self.fonts, self.index = folder / "fonts", folder / "cache" / "stmpo" / "fonts.json"
        self.fonts.mkdir()
        self.read: list[str] = []

    def put(self, name: str, data: bytes) -> Path:
        path = self.fonts / name
        path.write_bytes(data)
        return path

    def look(self) -> list[Known]:
        self.read.clear()
        return survey([Folder(self.fonts, Origin.USER)], self.index, self._reads)

    def names(self) -> list[str]:
        return [name for one in self.look() for face in one.faces for name in face.all_names()]

    def _reads(self, path: Path) -> tuple[Face, ...]:
        self.read.append(path.name)
        return read_faces(path)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path)
    shelf.put("a.ttf", foundry.face("A-Regular"))
    shelf.put("b.ttc", foundry.collection("B", "C"))
    shelf.put("v.ttf", foundry.face("V-Regular"))
    shelf.put("no.otf", b"no font")
    shelf.put("old.pfb", b"\x80\x01\x00\x00\x00\x00%!PS-AdobeFont-1.0: Old\n/FontName /Old-Roman def\n")
    return shelf


def test_a_second_look_reads_nothing_and_finds_the_same(shelf: Shelf) -> None:
    first = shelf.look()
    assert shelf.read == ["a.ttf", "b.ttc", "no.otf", "v.ttf"]
    assert [one.file.path.name for one in first] == ["a.ttf", "b.ttc", "old.pfb", "v.ttf"]
    written = shelf.index.stat().st_mtime_ns
    assert shelf.look() == first
    assert shelf.read == []
    assert shelf.index.stat().st_mtime_ns == written


def test_what_has_changed_is_read_again_and_what_has_gone_is_forgotten(shelf: Shelf) -> None:
    shelf.look()
    shelf.put("a.ttf", foundry.face("Another-Regular"))
    (shelf.fonts / "b.ttc").unlink()
    shelf.put("new.ttf", foundry.face("New-Regular"))
    assert shelf.names() == ["Another-Regular", "New-Regular", "V-Regular"]
    assert shelf.read == ["a.ttf", "new.ttf"]
    assert not any(
        path.endswith("b.ttc") for path in json.loads(shelf.index.read_text(encoding="utf-8"))["files"]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells programs no time of a file's last change")
def test_a_file_in_place_of_another_is_read_though_size_and_time_are_the_same(shelf: Shelf) -> None:
    """As a copy that keeps times leaves it."""
    old = (shelf.fonts / "a.ttf").stat()
    shelf.look()
    fresh = shelf.put("fresh", foundry.face("B-Regular"))
    os.utime(fresh, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert fresh.stat().st_size == old.st_size
    fresh.replace(shelf.fonts / "a.ttf")
    assert "B-Regular" in shelf.names()


def test_a_file_that_cannot_be_opened_is_tried_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size and times stay as they are when another program lets go of it, or rights change."""
    whole = Path.open

    def refuse(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.name == "a.ttf":
            raise PermissionError(13, "used by another process", str(path))
        return whole(path, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        assert "A-Regular" not in shelf.names()
        assert shelf.read == ["a.ttf", "b.ttc", "no.otf", "v.ttf"]
    assert "A-Regular" in shelf.names()
    assert shelf.read == ["a.ttf"]
    shelf.look()
    assert shelf.read == []


def test_a_place_that_is_not_looked_through_this_time_is_not_forgotten(shelf: Shelf, tmp_path: Path) -> None:
    other = tmp_path / "fonts-too"
    other.mkdir()
    (other / "o.ttf").write_bytes(foundry.face("Other"))
    survey([Folder(other, Origin.USER)], shelf.index, read_faces)
    shelf.look()

    def refuses(path: Path) -> tuple[Face, ...]:
        raise AssertionError(f"{path} was read again")

    survey([Folder(other, Origin.USER)], shelf.index, refuses)
    (other / "o.ttf").unlink()
    survey([Folder(other, Origin.USER)], shelf.index, read_faces)
    assert "o.ttf" not in shelf.index.read_text(encoding="utf-8")


def test_the_index_is_bounded(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.look()
    monkeypatch.setattr(index, "MAX_FILES", 5)
    (tmp_path / "o.ttf").write_bytes(foundry.face("Other"))
    survey([Folder(tmp_path / "o.ttf", Origin.USER)], shelf.index, read_faces)
    assert len(json.loads(shelf.index.read_text(encoding="utf-8"))["files"]) == 1


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"\0" * 100, b"[]", b"{}", b'{"version": 1, "files": {}}', b'{"version": 2, "files": []}', b"[" * 100_000,
        "cut", "entries",
    ],
)  # fmt: skip
def test_a_damaged_or_older_index_is_made_again(shelf: Shelf, damage: bytes | str) -> None:
    whole = shelf.look()
    if damage == "cut":
        damage = shelf.index.read_bytes()[:-40]
    elif damage == "entries":
        document: dict[str, Any] = json.loads(shelf.index.read_bytes())
        odd: list[Any] = [None, 5, "x", [], [1, 2], [1, 2, 3, 4], {}]
        for path, entry in zip(document["files"], odd, strict=False):
            document["files"][path] = entry
        damage = json.dumps(document).encode()
    assert isinstance(damage, bytes)
    shelf.index.write_bytes(damage)
    assert shelf.look() == whole
    assert shelf.read
    assert shelf.look() == whole
    assert not shelf.read


@pytest.mark.parametrize(
    "face", [[0], [0, ["A"], "F", "S", "x", "", [], [], ""], [0, "A", "F", "S", 0, "", [], [], ""], 7]
)
def test_a_face_that_is_none_is_read_again(shelf: Shelf, face: object) -> None:
    whole = shelf.look()
    document = json.loads(shelf.index.read_bytes())
    for entry in document["files"].values():
        entry[2] = [face]
    shelf.index.write_text(json.dumps(document), encoding="utf-8")
    assert shelf.look() == whole


def test_an_index_that_cannot_be_written_costs_time_alone(shelf: Shelf) -> None:
    shelf.index.parent.parent.write_bytes(b"a file where the cache should be")
    assert shelf.look() == shelf.look()
    assert len(shelf.read) == 4


def test_without_a_cache_everything_is_read(shelf: Shelf) -> None:
    assert survey([Folder(shelf.fonts, Origin.USER)], None, read_faces) == shelf.look()


def test_runs_at_the_same_time_leave_one_whole_index(shelf: Shelf) -> None:
    looks = [threading.Thread(target=shelf.look) for _ in range(8)]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    shelf.look()
    assert shelf.read == []
    assert [path.name for path in shelf.index.parent.iterdir()] == ["fonts.json"]


def test_too_large_an_index_is_not_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.look()
    monkeypatch.setattr(index, "MAX_BYTES", 10)
    shelf.look()
    assert len(shelf.read) == 4
