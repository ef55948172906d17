"""A stripped project gives the same values as the whole one, item by item."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import py_aep
import pytest
from py_aep import ImportOptions
from py_aep.binary.chunk import read_aep

from stmpo.project import aep_parser
from stmpo.project.prefilter import StrippedProject, strip_project
from stmpo.project.read import read_project

if TYPE_CHECKING:
    from stmpo.project.model import Project
    from tests.deadline.lot import Lot

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "projects"


def whole(path: Path, patch: pytest.MonkeyPatch) -> Project:
    """The project as it is read where nothing is left out."""
    with patch.context() as here:
        here.setattr(aep_parser, "strip_project", lambda data: StrippedProject(bytearray(data), []))
        return read_project(path)


def same(path: Path, patch: pytest.MonkeyPatch) -> Project:
    """Read it both ways; what is read has to be equal."""
    project = read_project(path)
    assert project == whole(path, patch)
    return project


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs projects from After Effects in ../shared/data")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.aep")), ids=lambda path: path.name)
def test_projects_saved_by_after_effects(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same(path, monkeypatch)


def test_every_kind_of_footage(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    main, inner = lot.comp("Main"), lot.comp("Inner")
    main.add(inner)
    root = lot.app.project.root_folder
    folder = root.add_folder("Größe").add_folder("deeper")
    plain = lot.still("bild, 1.png", into=inner)
    renamed = lot.still("映像.jpg", into=main)
    renamed.name = "somebody's name / of it"
    moved = lot.still("moved.png")
    moved.parent_folder = folder
    with_proxy = lot.still("proxied.png", into=main)
    with_proxy.set_proxy(str(lot.file("proxy.png")))
    lot.still("twice.png", into=main)
    lot.still("twice.png")
    lot.sequence("plates/a.{:04d}.png", [1, 2, 5], into=inner)
    root.add_comp("Film", 64, 36, 1.0, 1.0, 12.0).set_proxy(str(lot.file("comp_proxy.png")))
    lot.app.project.import_placeholder("later", 64, 36, 12.0, 1.0)
    main.add_solid([1.0, 0.0, 0.0], "red", 64, 36, 1.0)
    lot.queue(main)
    project = same(lot.save(), monkeypatch)
    shown = {footage.name: footage.comps for footage in project.footage}
    assert shown["bild, 1.png"] == {main.id, inner.id}
    assert shown["somebody's name / of it"] == {main.id}
    assert shown["moved.png"] == frozenset()
    assert plain.file in [footage.path for footage in project.footage]
    assert [footage.proxy for footage in project.footage if "prox" in footage.name] == [False, True]
    assert project.footage[-1].proxy, "comps' proxies come last"


def test_windows_paths_name_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stmpo.testing.images import Picture, encode  # noqa: PLC0415

    picture = tmp_path / "a b.png"
    picture.write_bytes(encode(".png", Picture(0)))
    app = py_aep.new(platform="windows")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app.project.import_file(ImportOptions(str(picture)))
    app.project.save(tmp_path / "w.aep")
    (footage,) = same(tmp_path / "w.aep", monkeypatch).footage
    assert footage.name == "a b.png"


def test_much_is_left_out_and_the_rest_is_a_project(lot: Lot) -> None:
    for name in ("a.png", "b.png", "c.png"):
        lot.still(name)
    data = lot.save().read_bytes()
    light = strip_project(data)
    assert [Path(file.path).name for file in light.files] == ["a.png", "b.png", "c.png"]
    assert len(light.data) < len(data) - 3 * 500
    before, after = (read_aep(io.BytesIO(each)) for each in (data, bytes(light.data)))
    assert before[1] == after[1], "what follows the project comes along"
    assert strip_project(bytes(light.data)).data == light.data


def test_an_unusual_record_is_left_to_the_whole_reader(lot: Lot) -> None:
    """Only what is surely one plain file is taken out."""
    lot.still("a.png")
    data = lot.save().read_bytes()
    assert len(strip_project(data).files) == 1
    for old, new in (
        (b'"target_is_folder":false', b'"target_is_folder":true '),
        (b'{"ascendcount_base"', b'["ascendcount_base"'),
        (b'"fullpath":', b'"fullPath":'),
        (b"sspc", b"sspq"),
        (b"opti", b"optj"),
    ):
        assert old in data
        assert strip_project(data.replace(old, new)).files == []


@pytest.mark.parametrize("data", [b"", b"RIFX", b"RIFF\0\0\0\4Egg!", b"RIFX\0\0\0\xffEgg!"])
def test_what_is_no_project_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, struct.error)):
        strip_project(data)


def test_a_chunk_that_is_longer_than_its_list_is_refused(lot: Lot) -> None:
    data = bytearray(lot.save().read_bytes())
    head = data.find(b"head")
    data[head + 4 : head + 8] = b"\x7f\xff\xff\xff"
    with pytest.raises(ValueError, match="longer than the list"):
        strip_project(bytes(data))
