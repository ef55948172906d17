"""Which fonts travel: each content once, under safe names, within the limit, and only with permission."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.cli.main import run
from stmpo.fonts.collect import CollectedFonts, CollectPolicy, FontCopy, collect, copy_name
from stmpo.fonts.find import FontState, ProjectFont, match_fonts
from stmpo.fonts.index import scan_fonts
from stmpo.fonts.install.manifest import load_font, read_manifest
from stmpo.fonts.places import FontFolder, Origin
from stmpo.system.paths.windows import path_problem
from tests.fonts import foundry, specimens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.deadline.lot import Lot

    Look = Callable[..., list[ProjectFont]]


@pytest.fixture
def font_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "fonts"
    folder.mkdir()
    return folder


@pytest.fixture
def fonts(font_folder: Path) -> Look:
    """Look up names in the folder."""

    def look(*names: str, origin: Origin = Origin.USER) -> list[ProjectFont]:
        return match_fonts(names, scan_fonts([FontFolder(font_folder, origin)], None))

    return look


def files(collected: CollectedFonts) -> dict[str, str | None]:
    return dict(collected.files)


@pytest.mark.parametrize(
    ("postscript", "extension", "name"),
    [
        ("DejaVuSans-Bold", ".ttf", "DejaVuSans-Bold.ttf"),
        ("a/b\\c:d*e?f", ".otf", "a_b_c_d_e_f.otf"),
        ("..up", ".ttf", "__up.ttf"),
        ("Größe 日本", ".ttc", "Gr__e___.ttc"),
        ("CON", ".ttf", "_CON.ttf"),
        ("nul.x", ".ttf", "_nul.x.ttf"),
        ("Com7", ".ttf", "_Com7.ttf"),
        ("Console", ".ttf", "Console.ttf"),
        ("L" * 100, ".ttf", "L" * 60 + ".ttf"),
    ],
)
def test_copies_are_named_in_letters_that_every_file_system_takes(
    postscript: str, extension: str, name: str
) -> None:
    assert copy_name(postscript, extension) == name


@given(st.text(min_size=1, max_size=200))
def test_any_name_makes_the_name_of_a_file(postscript: str) -> None:
    name = copy_name(postscript, ".ttf")
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,60}\.ttf", name) or name == ".ttf"
    assert path_problem(name) is None


def test_names_that_differ_in_case_alone_are_told_apart_by_numbers(font_folder: Path, fonts: Look) -> None:
    for number, name in enumerate(("Same", "same", "SAME")):
        (font_folder / f"{number}.ttf").write_bytes(specimens.font(name, style=name))
    collected = collect(fonts("Same", "same", "SAME"), CollectPolicy())
    assert files(collected) == {"SAME": "SAME.ttf", "Same": "Same-2.ttf", "same": "same-3.ttf"}


def test_two_faces_of_a_file_and_equal_files_travel_once(font_folder: Path, fonts: Look) -> None:
    (font_folder / "c.ttc").write_bytes(specimens.collection("Two", "One"))
    (font_folder / "v.ttf").write_bytes(specimens.variable("V-Regular", [("Thin", None)], family="V"))
    (font_folder / "z.otf").write_bytes(specimens.font("Z", otf=True))
    found = fonts("One", "Two", "V-Thin", "V-Regular", "Z")
    (font_folder / "copy").write_bytes((font_folder / "z.otf").read_bytes())
    twin = ProjectFont("Z-Alias", FontState.FOUND, font_folder / "copy", found[-1].face)
    collected = collect([*found, twin], CollectPolicy())
    assert files(collected) == {
        "One": "One.ttc", "Two": "One.ttc", "V-Regular": "V-Regular.ttf", "V-Thin": "V-Regular.ttf",
        "Z": "Z.otf", "Z-Alias": "Z.otf",
    }  # fmt: skip
    assert [copy.name for copy in collected.copies] == ["One.ttc", "V-Regular.ttf", "Z.otf"]


@pytest.mark.parametrize(
    ("policy", "travels"),
    [
        (CollectPolicy(), {"Free"}),
        (CollectPolicy(all_fonts=True), {"Free", "Bound"}),
        (CollectPolicy(no_fonts=True, all_fonts=True), set()),
    ],
)
def test_what_may_not_travel_does_so_only_when_asked(
    font_folder: Path, fonts: Look, policy: CollectPolicy, travels: set[str]
) -> None:
    (font_folder / "f.ttf").write_bytes(specimens.font("Free"))
    (font_folder / "b.ttf").write_bytes(specimens.font("Bound", bits=2))
    found = files(collect(fonts("Free", "Bound", "Gone"), policy))
    assert found.keys() == {"Free", "Bound", "Gone"}
    assert {name for name, file in found.items() if file} == travels


def test_a_synced_font_travels_only_when_asked(font_folder: Path, fonts: Look) -> None:
    (font_folder / ".123").write_bytes(specimens.font("Sync", otf=True))
    found = fonts("Sync", origin=Origin.SYNCED)
    assert files(collect(found, CollectPolicy())) == {"Sync": None}
    assert files(collect(found, CollectPolicy(all_fonts=True))) == {"Sync": "Sync.otf"}


def test_beyond_the_limit_the_smallest_travel(font_folder: Path, fonts: Look) -> None:
    (font_folder / "big.ttc").write_bytes(specimens.collection("BigA", "BigB", "BigC"))
    (font_folder / "small.ttf").write_bytes(specimens.font("Small"))
    (font_folder / "tiny.otf").write_bytes(specimens.font("Tiny", otf=True))
    sizes = {path.name: path.stat().st_size for path in font_folder.iterdir()}
    room = sizes["small.ttf"] + sizes["tiny.otf"]
    found = fonts("BigA", "BigC", "Small", "Tiny")
    collected = collect(found, CollectPolicy(limit=room))
    assert {copy.source.name for copy in collected.copies} == {"small.ttf", "tiny.otf"}
    assert collected.bytes == room
    assert [(font.name, size) for font, size in collected.over] == [
        ("BigA", sizes["big.ttc"]),
        ("BigC", sizes["big.ttc"]),
    ]
    assert len(collect(found, CollectPolicy(limit=room + sizes["big.ttc"])).copies) == 3


def test_what_a_worker_would_refuse_stays(font_folder: Path, fonts: Look) -> None:
    broken = bytearray(specimens.font("Broken"))
    broken[broken.index(b"glyf")] = ord("x")
    (font_folder / "broken.ttf").write_bytes(broken)
    collected = collect(fonts("Broken"), CollectPolicy())
    assert files(collected) == {"Broken": None}
    ((font, why),) = collected.damaged
    assert (font.name, why) == ("Broken", "it has no outlines")


def test_a_collection_with_a_face_that_has_no_name_stays(font_folder: Path, fonts: Look) -> None:
    """A worker refuses it as a whole."""
    data = foundry.collection("One", "Two")
    at = data.rindex("Two".encode("utf-16-be"))
    (font_folder / "c.ttc").write_bytes(data[:at] + b"\0\1\0\2\0\3" + data[at + 6 :])
    collected = collect(fonts("One"), CollectPolicy())
    assert files(collected) == {"One": None}
    assert [why for _, why in collected.damaged] == ["its names cannot be read"]


def test_what_has_gone_since_it_was_found_stays(font_folder: Path, fonts: Look) -> None:
    (font_folder / "a.ttf").write_bytes(specimens.font("A"))
    found = fonts("A")
    (font_folder / "a.ttf").unlink()
    ((_, why),) = collect(found, CollectPolicy()).damaged
    assert why.startswith("it cannot be read")


def test_a_project_without_fonts_has_no_folder(tmp_path: Path) -> None:
    collect([], CollectPolicy()).write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_list_is_what_the_worker_reads(tmp_path: Path, font_folder: Path, fonts: Look) -> None:
    (font_folder / "c.ttc").write_bytes(specimens.collection("One", "Zwei-Größe"))
    collected = collect(fonts("One", "Zwei-Größe", "Not-Here"), CollectPolicy())
    scripts = tmp_path / "scripts"
    collected.write(scripts)
    assert (scripts / "fonts" / "fonts.json").read_bytes().decode() == (
        '{\n "fonts": [\n  {\n   "postScriptName": "Not-Here",\n   "file": null\n  },\n'
        '  {\n   "postScriptName": "One",\n   "file": "One.ttc"\n  },\n'
        '  {\n   "postScriptName": "Zwei-Größe",\n   "file": "One.ttc"\n  }\n ]\n}\n'
    )
    wanted = {one.name: one.file for one in read_manifest(scripts / "fonts")}
    assert wanted["Not-Here"] is None
    assert wanted["One"] is not None
    assert load_font(wanted["One"]).names == ("One", "Zwei-Größe")
    assert collected.paths(scripts) == [scripts / "fonts" / "One.ttc"]
    assert collected.copies == (
        FontCopy("One.ttc", font_folder / "c.ttc", (font_folder / "c.ttc").stat().st_size),
    )


def bundled(lot: Lot, font_folder: Path, *options: str) -> dict[str, Any]:
    """A bundle's fonts by name, its font inputs, and the worker's reading of it."""
    folder = lot.folder / "bundle"
    project = lot.save()
    assert (
        run(
            [
                "bundle",
                str(project),
                "-o",
                str(folder),
                "--offline",
                "--font-folder",
                str(font_folder),
                *options,
            ]
        )
        == 0
    )
    inputs = json.loads((folder / "asset_references.json").read_text(encoding="utf-8"))
    listed = folder / "scripts" / "fonts" / "fonts.json"
    return {
        "inputs": inputs["assetReferences"]["inputs"]["filenames"],
        "list": json.loads(listed.read_text(encoding="utf-8"))["fonts"] if listed.exists() else None,
        "folder": folder / "scripts" / "fonts",
    }


def test_a_bundle_brings_the_fonts_of_its_project(
    lot: Lot, font_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (font_folder / "a.ttf").write_bytes(specimens.font("Brought-Bold"))
    (font_folder / "b.ttf").write_bytes(specimens.font("Bound-Bold", bits=2))
    comp = lot.comp()
    lot.queue(comp)
    for name in ("Brought-Bold", "Bound-Bold", "Nowhere-Bold", "Brought-Black"):
        lot.text(comp, name).character_range(0, -1).font = name
    made = bundled(lot, font_folder)
    assert {entry["postScriptName"]: entry["file"] for entry in made["list"]} == {
        "Brought-Bold": "Brought-Bold.ttf", "Bound-Bold": None, "Nowhere-Bold": None, "Brought-Black": None,
    }  # fmt: skip
    copy = made["folder"] / "Brought-Bold.ttf"
    assert str(copy) in made["inputs"]
    assert copy.read_bytes() == (font_folder / "a.ttf").read_bytes()
    said = [line for line in capsys.readouterr().err.splitlines() if "font" in line]
    assert all(line.startswith("warning: ") for line in said)
    assert [name for line in said for name in re.findall(r"\w+-B\w+", line)] == [
        "Nowhere-Bold", "Brought-Black", "Brought-Bold", "Bound-Bold",
    ]  # fmt: skip
    assert "AllowMissingFonts=true" in said[0]
    assert "--all-fonts" in said[2]


def test_a_bundle_without_fonts_still_names_them_for_the_worker(lot: Lot, font_folder: Path) -> None:
    (font_folder / "a.ttf").write_bytes(specimens.font("Brought-Bold"))
    comp = lot.comp()
    lot.queue(comp)
    lot.text(comp, "x").character_range(0, -1).font = "Brought-Bold"
    made = bundled(lot, font_folder, "--no-fonts")
    assert made["list"] == [{"postScriptName": "Brought-Bold", "file": None}]
    assert [path.name for path in made["folder"].iterdir()] == ["fonts.json"]


def test_fonts_that_only_a_sender_knows_of_travel_as_well(
    lot: Lot, font_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of effects, and of expressions that put names together."""
    (font_folder / "a.ttf").write_bytes(specimens.font("Effect-Bold"))
    comp = lot.comp("Main")
    lot.queue(comp)
    lot.text(comp, "some", expression="style.setFont('Effect-' + 'Bold')").font = "Gone"
    effects = comp.layers[0].effects
    assert effects is not None
    effects.add_property("ADBE Geometry2").name = "Counter"
    project = lot.save()
    project.write_bytes(project.read_bytes().replace(b"ADBE Geometry2\0", b"ADBE Path Text\0"))
    folder = lot.folder / "bundle"
    options = ["-o", str(folder), "--offline", "--font-folder", str(font_folder)]
    assert run(["bundle", str(project), *options, "--font", "Effect-Bold", "--font", "Gone"]) == 0
    said = capsys.readouterr().err
    assert (
        "warning: expressions compute the names of fonts, so these fonts are not known: Main: some; " in said
    )
    assert (
        "warning: effects draw text in fonts that the project file does not name: Main: some (Counter); "
        in said
    )
    listed = json.loads((folder / "scripts" / "fonts" / "fonts.json").read_text(encoding="utf-8"))["fonts"]
    assert [(entry["postScriptName"], entry["file"]) for entry in listed] == [
        ("Effect-Bold", "Effect-Bold.ttf"), ("Gone", None),
    ]  # fmt: skip


def test_a_font_of_several_versions_is_said(
    lot: Lot, font_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (2, 1):
        (font_folder / f"{number}.ttf").write_bytes(foundry.face("Twice", version=f"Version {number}"))
    comp = lot.comp()
    lot.queue(comp)
    lot.text(comp, "x").font = "Twice"
    bundled(lot, font_folder)
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "versions" in line]
    assert f"Twice (Version 1 in {font_folder / '1.ttf'}; Version 2 in {font_folder / '2.ttf'})" in said


@pytest.mark.parametrize("name", ["", "  ", "A\nB"])
def test_a_name_that_no_font_has_is_refused(lot: Lot, capsys: pytest.CaptureFixture[str], name: str) -> None:
    lot.queue(lot.comp())
    assert run(["bundle", str(lot.save()), "-o", str(lot.folder / "b"), "--font", name]) == 2
    assert "is not a font's name" in capsys.readouterr().err


def test_a_bundle_of_a_project_without_text_has_no_fonts(lot: Lot, font_folder: Path) -> None:
    lot.queue(lot.comp())
    assert bundled(lot, font_folder)["list"] is None


@pytest.mark.parametrize("text", ["damaged", "large"])
def test_what_else_stays_is_said(
    lot: Lot, font_folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    data = specimens.font("Heavy-Bold")
    (font_folder / "a.ttf").write_bytes(
        data.replace(b"glyf", b"xxxx") if text == "damaged" else data + bytes(1_500_000)
    )
    comp = lot.comp()
    lot.queue(comp)
    lot.text(comp, "x").character_range(0, -1).font = "Heavy-Bold"
    made = bundled(lot, font_folder, "--max-fonts-mb", "1")
    assert made["list"] == [{"postScriptName": "Heavy-Bold", "file": None}]
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "font" in line]
    assert ("it has no outlines" if text == "damaged" else "Heavy-Bold (2 MB)") in said


def test_a_font_folder_that_is_none_is_refused(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lot.queue(lot.comp())
    gone = str(lot.folder / "gone")
    assert run(["bundle", str(lot.save()), "-o", str(lot.folder / "b"), "--font-folder", gone]) == 2
    assert "is not a folder" in capsys.readouterr().err
