"""Projects are read as After Effects means them, or refused in one line."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from py_aep import ColorManagementSystem, FileSource, OutputFormat, RQItemStatus

from stmpo.cli.main import run
from stmpo.deadline.assets import input_files, scan_footage
from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import OutputKind
from stmpo.project import aep_footage, aep_parser
from stmpo.project.model import FileSequence, Footage, ItemStatus
from stmpo.project.read import read_project

if TYPE_CHECKING:
    from py_aep import CompItem

    from stmpo.project.model import Comp
    from tests.deadline.lot import Lot

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "projects"


def test_frames_are_the_displayed_ones(lot: Lot) -> None:
    comp = lot.comp(seconds=2.0, rate=12.0, start=100)
    lot.queue(comp)
    part = lot.queue(comp)
    part.time_span_start_frame = 6
    part.time_span_duration_frames = 4
    lot.app.project.display_start_frame = 1
    items = read_project(lot.save()).items
    assert [str(item.frames) for item in items] == ["101-124", "107-110"]


def test_frame_numbers_may_be_negative(lot: Lot) -> None:
    lot.queue(lot.comp(seconds=1.0, start=-6))
    assert str(read_project(lot.save()).items[0].frames) == "-6-5"


def test_outputs_are_where_the_queue_puts_them(lot: Lot) -> None:
    lot.queue(lot.comp("Título"), "out/[compName]_[####].[fileExtension]")
    lot.queue(lot.comp("None"), None)
    film = lot.queue(lot.comp("Film"), "out/film.[fileExtension]")
    lot.format(film.output_modules[0], OutputFormat.H264)
    first, none, movie = read_project(lot.save()).items
    assert first.outputs[0].path == str(lot.folder / "out" / "Título_[####].tif")
    assert first.outputs[0].kind is OutputKind.SEQUENCE
    assert first.outputs[0].comp_frame_numbers
    assert (none.outputs[0].path, none.status) == (None, ItemStatus.NEEDS_OUTPUT)
    assert movie.outputs[0].kind is OutputKind.SINGLE_FILE
    assert str(movie.outputs[0].path).endswith("film.mp4")


def test_every_status_is_told(lot: Lot) -> None:
    for status in RQItemStatus:
        lot.queue(lot.comp(status.name)).status = status
    items = read_project(lot.save()).items
    assert {item.comp: item.status.name for item in items} == {s.name: s.name for s in RQItemStatus}


def test_an_overridden_frame_rate_is_told(lot: Lot) -> None:
    item = lot.queue(lot.comp(rate=12.0))
    item.settings["Frame Rate"] = 1
    item.settings["Use this frame rate"] = 25.0
    assert read_project(lot.save()).items[0].own_frame_rate == 25.0


def test_a_comp_name_with_a_slash_of_either_kind_names_a_file_and_no_folder(lot: Lot) -> None:
    names = (r"a\d", r"a\b", r"\1", "a/b", "../x")
    for name in names:
        lot.queue(lot.comp(name))
    project = read_project(lot.save())
    assert tuple(item.comp for item in project.items) == names
    assert {comp.name for comp in project.comps} == set(names)
    files = [Path(str(item.outputs[0].path)).relative_to(lot.folder / "out") for item in project.items]
    assert [str(file) for file in files] == [
        f"{name}_[####].tif" for name in ("a-d", "a-b", "-1", "a-b", "..-x")
    ]


def test_footage_knows_who_shows_it_through_nested_comps(lot: Lot) -> None:
    outer, inner, other = lot.comp("outer"), lot.comp("inner"), lot.comp("other")
    lot.still("in.png", into=inner)
    lot.still("loose.png")
    outer.add(inner)
    project = read_project(lot.save())
    shown = {footage.name: footage.comps for footage in project.footage}
    assert shown == {"in.png": {outer.id, inner.id}, "loose.png": frozenset()}
    assert other.id not in shown["in.png"]


def test_fonts_are_named_by_postscript(lot: Lot) -> None:
    lot.comp().add_text("words")
    fonts = read_project(lot.save()).fonts
    assert fonts
    assert all(" " not in name for name in fonts)


@pytest.mark.parametrize("frames", [range(12_000), [*range(1, 40), *range(60, 90)], range(95, 106)])
def test_a_whole_sequence_is_found_and_gaps_stay_gaps(lot: Lot, frames: range | list[int]) -> None:
    lot.sequence("plates/a.{:04d}.png", frames)
    lot.file("plates/a.0001.jpg")
    lot.file("plates/b.0001.png")
    lot.file("plates/a.00001.png")
    (found,) = scan_footage(read_project(lot.save()))
    assert [Path(name).name for name in found.files] == [f"a.{frame:04d}.png" for frame in frames]
    assert found.absent == frames[-1] - frames[0] + 1 - len(frames)


@pytest.mark.parametrize(
    ("named", "own"),
    [("ACES 1.2", False), ("ocio://studio-config-latest", False)]
    + [(path, True) for path in ("/shows/ocio/config.ocio", r"D:\ocio\aces.ocioz", r"\\nas\ocio\show")],
)
def test_an_ocio_configuration_of_ones_own_does_not_travel_and_is_said(
    lot: Lot, capsys: pytest.CaptureFixture[str], named: str, own: bool
) -> None:
    lot.queue(lot.comp())
    lot.app.project.color_management_system = ColorManagementSystem.OCIO
    lot.app.project.ocio_configuration_file = named
    path = lot.save()
    assert read_project(path).ocio == named
    assert run(["inspect", str(path)]) == 0
    told = capsys.readouterr().out
    assert f"colours by OCIO: {named}\n" in told
    assert (f"warning: its colours are managed by the OCIO configuration {named}, which" in told) is own


@pytest.mark.parametrize(
    "record",
    [
        '"{}"',
        '["{}"]',
        '{{"{}": 7}}',
        '{{"{}": null}}',
        '{{"{}": {{}}}}',
        '{{"{}":',
        '{{"{}": "x", "y": "\\ud800"}}',
    ],
)
def test_a_damaged_record_of_colours_is_no_damaged_project(lot: Lot, record: str) -> None:
    lot.app.project.color_management_system = ColorManagementSystem.OCIO
    chunk = lot.app.project._cms_utf8
    assert chunk is not None
    chunk.value = record.format("colorManagementSystem")
    assert not read_project(lot.save()).ocio


def test_a_sequence_without_padding_is_found(lot: Lot) -> None:
    lot.sequence("a{}.png", range(8, 112))
    (found,) = scan_footage(read_project(lot.save()))
    assert len(found.files) == 104


def test_a_moved_project_finds_its_footage_by_the_way_from_itself(lot: Lot, tmp_path: Path) -> None:
    lot.still("footage/still.png")
    lot.sequence("footage/seq/a_{:03d}.png", range(5))
    path = lot.save()
    moved = tmp_path / "elsewhere"
    lot.folder.rename(moved)
    project = read_project(moved / path.name)
    found = scan_footage(project)
    assert [len(one.files) for one in found] == [1, 5]
    assert all(name.startswith(str(moved)) for name in input_files(project, found))


def test_a_project_from_windows_finds_its_footage_on_another_system(tmp_path: Path) -> None:
    (tmp_path / "footage").mkdir()
    (tmp_path / "footage" / "a.png").touch()
    footage = Footage("a", r"D:\job\footage\a.png", None, proxy=False, comps=frozenset(), up=1, down=2)
    places = list(footage.places(tmp_path / "shot.aep"))
    assert tmp_path / "footage" / "a.png" in places
    if sys.platform != "win32":
        assert places == [tmp_path / "footage" / "a.png"]


def test_proxies_travel(lot: Lot) -> None:
    comp = lot.comp()
    comp.set_proxy(lot.file("comp_proxy.png"))
    lot.still("full.png").set_proxy(lot.file("half.png"))
    project = read_project(lot.save())
    names = {Path(name).name for name in input_files(project, scan_footage(project))}
    assert names == {"shot.aep", "comp_proxy.png", "full.png", "half.png"}


def test_names_are_found_in_whatever_unicode_form_the_disk_has(lot: Lot) -> None:
    item = lot.still("é.png")  # composed
    assert item.file is not None
    Path(item.file).rename(lot.folder / "é.png")
    (found,) = scan_footage(read_project(lot.save()))
    assert not found.missing


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.aepx", b"<?xml", "save it as .aep"),
        ("a.txt", b"text", "not an After Effects project"),
        ("a.aep", b"text", "does not begin with RIFX"),
        ("a.aep", b"", "does not begin with RIFX"),
        ("a.aep", b"RIFX", "damaged"),
        ("a.aep", None, "No such file"),
    ],
)
def test_what_is_no_project_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        read_project(path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files, and no such names")
def test_a_pipe_is_no_project_and_a_name_stays_on_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "a\n\x1b[31m.aep")
    assert run(["inspect", str(tmp_path / "a\n\x1b[31m.aep")]) == 2
    assert capsys.readouterr().err == f"stmpo: the project {tmp_path}/a\\x0a\\x1b[31m.aep is not a file\n"


def test_names_are_shown_so_that_they_can_do_nothing_to_a_terminal(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    lot.queue(lot.comp("red \x1b[31m\nfake: line"), None)
    project = str(lot.save())
    assert run(["inspect", project]) == 0
    assert run(["bundle", project, "-o", str(lot.folder / "b"), "--item", "1"]) == 2
    told = capsys.readouterr()
    assert "red \\x1b[31m\\x0afake: line: 64 x 36" in told.out
    assert "\x1b" not in told.out + told.err
    assert "\nfake" not in told.out + told.err


def test_a_damaged_project_is_refused_wherever_it_is_damaged(lot: Lot) -> None:
    comp = lot.comp()
    lot.still("in.png", into=comp)
    lot.queue(comp)
    whole = lot.save().read_bytes()
    chance = random.Random(7)
    path = lot.folder / "damaged.aep"
    for _ in range(25):
        cut = chance.randrange(4, len(whole))
        path.write_bytes(
            whole[:cut] if chance.random() < 0.5 else whole[:cut] + b"\xff" * 64 + whole[cut + 64 :]
        )
        try:
            read_project(path)
        except BadInput as error:
            assert "\n" not in str(error)  # noqa: PT017 - not every damage is noticed; what is noticed is one line


@pytest.mark.parametrize(("pattern", "width"), [("{:04d}.png", 4), ("{}.png", 1)])
def test_a_sequence_named_by_numbers_alone_travels(lot: Lot, pattern: str, width: int) -> None:
    """After Effects leaves the empty prefix out of such a file; Blender names its frames so."""
    comp = lot.comp()
    source = lot.sequence(f"plates/{pattern}", [8, 9, 10, 12], into=comp).main_source
    assert isinstance(source, FileSource)
    lot.file("plates/cover.png")
    chunks: list[Any] = source._pin.chunks
    path_record = next(at for at, chunk in enumerate(chunks) if getattr(chunk, "list_type", "") == "Als2")
    assert chunks[path_record + 1].value == ""
    del chunks[path_record + 1]
    project = read_project(lot.save())
    (footage,) = project.footage
    assert footage.sequence == FileSequence("", width, ".png", 8, 12)
    assert footage.path == str(lot.folder / "plates" / pattern.format(8))
    (scan,) = scan_footage(project)
    assert [Path(path).name for path in scan.files] == [pattern.format(frame) for frame in (8, 9, 10, 12)]
    assert scan.absent == 1


def test_a_damaged_comp_or_footage_item_is_named_and_the_rest_is_read(
    lot: Lot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = lot.comp("Main")
    lot.comp("Odd")
    lot.sequence("plates/a.{:04d}.png", [1, 2], into=main)
    lot.queue(main)

    def fails_for_odd(comp: CompItem, *others: Any) -> Comp:
        if comp.name == "Odd":
            raise KeyError(comp.name)
        return convert(comp, *others)

    def fails(*_: object) -> None:
        raise ValueError

    convert = aep_parser._comp
    monkeypatch.setattr(aep_parser, "_comp", fails_for_odd)
    monkeypatch.setattr(aep_footage, "_path_and_sequence", fails)
    project = read_project(lot.save())
    assert [comp.name for comp in project.comps] == ["Main"]
    assert project.unread == ("Odd", "a.[0001-0002].png")
    assert run(["inspect", str(project.path)]) == 0
    assert "cannot be read: Odd, a.[0001-0002].png; import or make them again" in capsys.readouterr().out


def test_a_newer_project_that_cannot_be_read_says_so(lot: Lot) -> None:
    data = bytearray(lot.save().read_bytes())
    head = data.find(b"head")
    major = 31
    word = int.from_bytes(data[head + 12 : head + 16], "big") & ~(0x1F << 26) & ~(0x07 << 19)
    data[head + 12 : head + 16] = (word | (major // 8) << 26 | (major % 8) << 19).to_bytes(4, "big")
    newer = lot.folder / "newer.aep"
    newer.write_bytes(data)
    assert read_project(newer).newer_than_known
    newer.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="saved by After Effects 31, which is newer"):
        read_project(newer)


def test_an_item_that_is_not_there(lot: Lot) -> None:
    project = read_project(lot.save())
    with pytest.raises(BadInput, match="no queue item 1; the render queue is empty"):
        project.item(1)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs projects from After Effects in ../shared/data")
@pytest.mark.parametrize("name", ["Item-01.aep", "Layer-01.aep", "Property-01.aep"])
def test_projects_saved_by_after_effects_are_read(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(SHARED / name), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["comps"]
    assert told["after_effects"].split(".")[0] in {"16", "22"}


def test_inspect_marks_what_is_missing_and_counts_sequences(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    comp = lot.comp("Main")
    lot.sequence("plates/a.{:04d}.png", [1, 2, 5], into=comp)
    gone = lot.still("gone.png", into=comp)
    assert gone.file is not None
    lot.queue(comp)
    path = lot.save()
    Path(gone.file).unlink()
    assert run(["inspect", str(path)]) == 1
    out = capsys.readouterr().out
    assert "3 files, 2 missing" in out
    assert "gone.png: MISSING" in out
    assert "1. Main: queued, frames 0-11 (12)" in out
    assert "error: item 1 (Main): footage is missing" in out
    assert run(["inspect", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(one["files"], one["missing"]) for one in told["footage"]] == [(3, False), (0, True)]
    assert told["render_queue"][0]["frames"] == "0-11"
