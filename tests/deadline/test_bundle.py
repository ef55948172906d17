"""A bundle is whole, checked and absolute, or there is none; what would not render is said first."""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import py_aep
import pytest
from openjd.model import decode_job_template
from py_aep import OutputFormat, RQItemStatus

import stmpo.deadline.bundle as bundle_module
from stmpo.cli.main import run
from stmpo.deadline.conda_packages import pinned_package
from stmpo.deadline.request import JobRequest, prepare_job
from stmpo.deadline.validation import check_job
from stmpo.model.errors import BadInput
from stmpo.project.read import read_project

if TYPE_CHECKING:
    from tests.deadline.lot import Lot


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def parameters(folder: Path) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in read(folder, "parameter_values")["parameterValues"]}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run a command that has to be refused; what it said, with one line at the end that says so."""
    assert run([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith("stmpo: ")
    assert "Traceback" not in said
    return said


def test_a_bundle_holds_the_whole_job(lot: Lot) -> None:
    comp = lot.comp("Haupt, 主")
    lot.sequence("plates/a.{:04d}.png", [1, 2, 5], into=comp)
    lot.still("Bild, 1.png", into=comp)
    lot.queue(comp)
    film = lot.queue(lot.comp("Film", start=10), "films/film.mov")
    lot.format(film.output_modules[0], OutputFormat.QUICKTIME)
    project, folder = lot.save(), lot.folder / "made" / "bundle"
    assert run(["bundle", str(project), "-o", str(folder), "-p", "Concurrency=3", "--priority", "70"]) == 0

    template = read(folder, "template")
    decode_job_template(template=template, supported_extensions=["TASK_CHUNKING"])
    assert [step["name"] for step in template["steps"]] == ["Haupt, 主", "Film"]
    inputs = read(folder, "asset_references")["assetReferences"]["inputs"]["filenames"]
    assert {Path(path).name for path in inputs} == {
        "shot.aep", "Bild, 1.png", "a.0001.png", "a.0002.png", "a.0005.png",
    }  # fmt: skip
    values = parameters(folder)
    assert values["ProjectFile"] == str(project)
    assert values["Concurrency"] == "3"
    assert values["deadline:priority"] == 70
    assert all(Path(path).is_absolute() for path in inputs)
    assert all(Path(value).is_absolute() for name, value in values.items() if name.startswith("OutputDir"))
    assert not list(folder.rglob("__pycache__"))
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_all_five_values_of_the_service_are_written(lot: Lot) -> None:
    lot.queue(lot.comp())
    options = ["--priority", "1", "--initial-state", "SUSPENDED", "--max-failed-tasks", "2"]
    options += ["--max-retries-per-task", "3", "--max-workers", "4"]
    assert run(["bundle", str(lot.save()), "-o", str(lot.folder / "b"), *options]) == 0
    values = parameters(lot.folder / "b")
    assert {name.partition(":")[2]: value for name, value in values.items() if ":" in name} == {
        "priority": 1,
        "targetTaskRunStatus": "SUSPENDED",
        "maxFailedTasksCount": 2,
        "maxRetriesPerTask": 3,
        "maxWorkerCount": 4,
    }


def test_ticked_items_are_rendered_and_the_others_are_named(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    lot.queue(lot.comp("one"))
    lot.queue(lot.comp("two")).status = RQItemStatus.DONE
    lot.queue(lot.comp("three")).status = RQItemStatus.UNQUEUED
    project = lot.save()
    assert run(["bundle", str(project), "-o", str(lot.folder / "b")]) == 0
    assert "not rendered: 2 (two: done), 3 (three: not queued)" in capsys.readouterr().err
    assert [step["name"] for step in read(lot.folder / "b", "template")["steps"]] == ["one"]
    assert run(["bundle", str(project), "-o", str(lot.folder / "c"), "--item", "3"]) == 0
    assert "not rendered" not in capsys.readouterr().err, "who has chosen knows which ones they left out"
    assert [step["name"] for step in read(lot.folder / "c", "template")["steps"]] == ["three"]
    assert "already done" in refused(capsys, "bundle", project, "-o", lot.folder / "d", "--item", "2")


@pytest.mark.parametrize("option", ["--also={}", "--parameter=EnvFile={}"])
def test_a_file_that_the_system_refuses_to_look_at_is_refused(
    lot: Lot, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    lot.queue(lot.comp())
    said = refused(capsys, "bundle", lot.save(), "-o", lot.folder / "b", option.format("x" * 300))
    assert "there is no" in said


@pytest.mark.parametrize(
    ("option", "words"), [("--output-dir", "is a file; give a folder"), ("--wheels", "is not a folder")]
)
def test_a_file_in_a_folders_place_is_refused(
    lot: Lot, capsys: pytest.CaptureFixture[str], option: str, words: str
) -> None:
    lot.queue(lot.comp())
    project = lot.save()
    assert words in refused(capsys, "bundle", project, "-o", lot.folder / "b", option, project)


def test_what_would_not_render_is_all_said_and_nothing_is_written(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    main = lot.comp("Main")
    gone = lot.still("gone.png", into=main)
    lot.queue(main)
    lot.queue(lot.comp("Two")).add()
    lot.queue(lot.comp("Nowhere"), None).status = RQItemStatus.QUEUED
    lot.queue(lot.comp("Same number")).output_modules[0].settings["Use Comp Frame Number"] = False
    project = lot.save()
    assert gone.file is not None
    Path(gone.file).unlink()
    said = refused(capsys, "bundle", project, "-o", lot.folder / "b")
    assert "item 1 (Main): footage is missing" in said
    assert "item 2 (Two): has 2 output modules" in said
    assert "item 3 (Nowhere): has no output path" in said
    assert 'item 4 (Same number): its output module has "Use Comp Frame Number" off' in said
    assert "4 of 4 queue items would not render" in said
    assert not (lot.folder / "b").exists()
    assert [path.name for path in lot.folder.iterdir()] == ["shot.aep"]


def test_missing_footage_travels_on_when_that_is_wanted(lot: Lot) -> None:
    main = lot.comp()
    gone = lot.still("gone.png", into=main)
    lot.queue(main)
    project = lot.save()
    assert gone.file is not None
    Path(gone.file).unlink()
    assert run(["bundle", str(project), "-o", str(lot.folder / "b"), "--continue-on-missing-footage"]) == 0
    assert parameters(lot.folder / "b")["ContinueOnMissingFootage"] == "true"


def test_another_output_folder_keeps_the_names(lot: Lot) -> None:
    item = lot.queue(lot.comp("Main"))
    item.output_modules[0].file = r"C:\renders\[compName]_[####].[fileExtension]"
    lot.queue(lot.comp("Not/named"), None).status = RQItemStatus.QUEUED
    assert (
        run(["bundle", str(lot.save()), "-o", str(lot.folder / "b"), "--output-dir", str(lot.folder / "o")])
        == 0
    )
    template = json.dumps(read(lot.folder / "b", "template"), ensure_ascii=False)
    assert "--output_name=Main_[####].tif" in template
    assert "--output_name=Not-named_[#####].tif" in template
    assert parameters(lot.folder / "b")["OutputDir"] == str(lot.folder / "o")


@pytest.mark.skipif(sys.platform == "win32", reason="a Windows path is at home on Windows")
def test_a_path_of_another_system_is_refused(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lot.app = py_aep.new(platform="windows")
    lot.queue(lot.comp("Main"))
    assert "a path of another system; give --output-dir" in refused(
        capsys, "bundle", lot.save(), "-o", lot.folder / "b"
    )


def test_two_items_never_write_the_same_files(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        lot.queue(lot.comp("Main"))
    assert "item 2 (Main): writes the same files as item 1 (Main), " in refused(
        capsys, "bundle", lot.save(), "-o", lot.folder / "b"
    )


@pytest.mark.parametrize("names", [("Main", "MAIN"), ("Größe", "GRÖßE"), ("\u00e9", "e\u0301")])
def test_names_that_are_one_on_windows_and_macos_never_go_there(
    lot: Lot, capsys: pytest.CaptureFixture[str], names: tuple[str, str]
) -> None:
    for name in names:
        lot.queue(lot.comp(name))
    project, folder = lot.save(), lot.folder / "b"
    for systems in ("windows", "macos,linux", "any"):
        told = refused(capsys, "bundle", project, "-o", folder, "--os", systems)
        assert f"writes the same files as item 1 ({names[0]}) on Windows or macOS" in told
    if sys.platform == "linux":
        assert run(["bundle", str(project), "-o", str(folder), "--os", "linux"]) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--item", "9"], "no queue item 9"),
        (["-p", "Concurrency"], "write NAME=VALUE"),
        (["-p", "Nothing=1"], "no parameter 'Nothing'"),
        (["-p", "FramesPerTask=0"], "write a whole number of frames, 1 or more"),
        (["-p", "Concurrency=-4"], "OpenJD refuses the job"),
        (["-p", "FramesPerTask=many"], "write a whole number of frames, 1 or more"),
        (["--require", "glow"], "add -p Concurrency=N, or write NAME=N"),
        (["--require", "glow=0"], "the number of seats is not known"),
        (["--require", "worker.vcpu=3"], "write NAME=N"),
        (["--require", "=3"], "write NAME=N"),
        (["--frames", "10-1"], "negative step"),
        (["--os", "beos"], "--os 'beos'"),
        (["--max-workers", "0"], "--max-workers 0 would render nothing"),
        (["--output-dir", ""], "--output-dir is empty"),
        (["--also", ""], "--also is empty"),
        (["--font-folder", " "], "--font-folder is empty"),
        (["--wheels", ""], "--wheels is empty"),
        (["-p", "OutputDir="], "-p OutputDir is empty"),
        (["-p", "ProjectFile=/x.aep"], "the bundle sets it"),
        (["-p", "EnvFile=/gone.json"], "there is no file"),
        (["-p", "ScratchDir=" + "x" * 1025], "more than 1024 characters"),
        (["-p", "RamPerProcessGB=inf"], "must be a number"),
    ],
)
def test_bad_requests_are_one_line(
    lot: Lot, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    lot.queue(lot.comp())
    assert words in refused(capsys, "bundle", lot.save(), "-o", lot.folder / "b", *options)
    assert not (lot.folder / "b").exists()


def test_what_the_project_does_not_name_travels_by_hand(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lot.queue(lot.comp())
    for name in ("color/config.ocio", "color/luts/a, b.cube", "lib.jsx"):
        (lot.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (lot.folder / name).write_text("", encoding="utf-8")
    project, also = lot.save(), ["--also", str(lot.folder / "color"), "--also", str(lot.folder / "lib.jsx")]
    assert run(["bundle", str(project), "-o", str(lot.folder / "b"), *also]) == 0
    inputs = read(lot.folder / "b", "asset_references")["assetReferences"]["inputs"]["filenames"]
    names = {Path(path).relative_to(lot.folder).as_posix() for path in inputs}
    assert names == {"shot.aep", "color/config.ocio", "color/luts/a, b.cube", "lib.jsx"}
    (lot.folder / "empty").mkdir()
    for place, words in (("gone", "there is no such file or folder"), ("empty", "the folder holds no file")):
        said = refused(capsys, "bundle", project, "-o", lot.folder / "c", "--also", lot.folder / place)
        assert words in said


def test_names_that_a_worker_cannot_hold_are_said(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lot.queue(lot.comp("a|b\tc"))
    lot.queue(lot.comp("Main"), "out./f_[####].[fileExtension]")
    project = lot.save()
    assert run(["bundle", str(project), "-o", str(lot.folder / "b")]) == 0
    said = capsys.readouterr().err
    assert "item 1 (a|b c): cannot be delivered by a Windows worker: Windows allows no" in said
    assert "item 2 (Main): cannot be delivered by a Windows worker: Windows drops the dot" in said
    assert run(["bundle", str(project), "-o", str(lot.folder / "c"), "--os", "macos"]) == 0
    assert "Windows" not in capsys.readouterr().err
    lot.queue(lot.comp("x" * 300))
    said = refused(capsys, "bundle", lot.save(), "-o", lot.folder / "d")
    assert "writes a name of 311 characters, and no file system takes more than 255" in said


def test_files_too_deep_for_windows_workers_are_said(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    deep = "/".join("d" * 30 for _ in range(6))
    for name in (f"{deep}/a.png", f"{deep}/bb.png"):
        lot.still(name)
    lot.queue(lot.comp())
    project = lot.save()
    length = 69 + len(str(lot.folder / deep / "bb.png")) - len(lot.folder.anchor)
    for systems, said in (("windows", True), ("any", True), ("macos,linux", False)):
        assert run(["bundle", str(project), "-o", str(lot.folder / systems), "--os", systems]) == 0
        told = capsys.readouterr().err
        assert ("bb.png, and 1 more: on a Windows worker" in told) is said
        assert (f"a path of {length} characters" in told) is said


@pytest.mark.parametrize(("folder", "said"), [("a {{b}} c", True), ("a }} b", True), ("{a} {b}", False)])
def test_folders_that_job_attachments_cannot_bring_are_said(
    lot: Lot, capsys: pytest.CaptureFixture[str], folder: str, said: bool
) -> None:
    lot.queue(lot.comp("{{name}}"), f"out/{folder}/[compName]_[####].[fileExtension]")
    assert run(["bundle", str(lot.save()), "-o", str(lot.folder / "b")]) == 0
    assert ("warning: a folder's name holds {{ or }}" in capsys.readouterr().err) is said


def test_a_movie_whose_name_breaks_the_line_is_refused(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    item = lot.queue(lot.comp("Film"), "out/fi\nlm.mov")
    lot.format(item.output_modules[0], OutputFormat.QUICKTIME)
    said = refused(capsys, "bundle", lot.save(), "-o", lot.folder / "b")
    assert "a name with a line break" in said


def test_another_output_folder_by_its_parameter_is_the_one_that_comes_back(lot: Lot) -> None:
    lot.queue(lot.comp())
    wanted = str(lot.folder / "elsewhere")
    assert run(["bundle", str(lot.save()), "-o", str(lot.folder / "b"), "-p", f"OutputDir={wanted}"]) == 0
    outputs = read(lot.folder / "b", "asset_references")["assetReferences"]["outputs"]["directories"]
    assert outputs == [wanted] == [parameters(lot.folder / "b")["OutputDir"]]


def test_an_empty_queue_is_refused(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lot.comp()
    assert "render queue is empty" in refused(capsys, "bundle", lot.save(), "-o", lot.folder / "b")


def test_frames_of_one_item_may_be_others(lot: Lot) -> None:
    lot.queue(lot.comp(seconds=2.0))
    assert run(["bundle", str(lot.save()), "-o", str(lot.folder / "b"), "--frames", "1-9:2,20"]) == 0
    (step,) = read(lot.folder / "b", "template")["steps"]
    (frame,) = step["parameterSpace"]["taskParameterDefinitions"]
    assert frame == {"name": "Frame", "type": "STRING", "range": ["1-9:2,20"]}


def test_frames_outside_the_comp_are_refused_unless_blank_ones_are_wanted(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    lot.queue(lot.comp("Main", start=100))
    arguments = ("bundle", lot.save(), "-o", lot.folder / "b", "--frames", "110-113")
    text = 'item 1 (Main): is to render 2 frames (112-113) outside the comp "Main", which has frames 100-111'
    said = refused(capsys, *arguments)
    assert f"error: {text}" in said
    assert "give --allow-blank" in said
    assert run([*map(str, arguments), "--allow-blank"]) == 0
    assert f"warning: {text}" in capsys.readouterr().err


def test_outputs_that_only_their_folders_tell_apart_keep_them_in_another_folder(lot: Lot) -> None:
    lot.queue(lot.comp("One"), "render/Main/a_[####].tif")
    lot.queue(lot.comp("Two"), "render/Sky/A_[####].tif")
    lot.queue(lot.comp("Three"), "render/Sky/b_[####].tif")
    folder = lot.folder / "b"
    assert run(["bundle", str(lot.save()), "-o", str(folder), "--output-dir", str(lot.folder / "o")]) == 0
    template = json.dumps(read(folder, "template"), ensure_ascii=False)
    for name in ("Main/a_[####].tif", "Sky/A_[####].tif", "b_[####].tif"):
        assert f"--output_name={name}" in template


def test_missing_footage_is_named_once_and_its_files_are_counted(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    main = lot.comp("Main")
    gone = lot.still("gone.png", into=main)
    lot.still("gone.png", into=main)
    lot.sequence("plates/a.{:04d}.png", range(1, 6), into=main)
    lot.queue(main)
    project = lot.save()
    assert gone.file is not None
    Path(gone.file).unlink()
    for plate in (lot.folder / "plates").iterdir():
        plate.unlink()
    said = refused(capsys, "bundle", project, "-o", lot.folder / "b")
    first = lot.folder / "plates" / "a.0001.png"
    assert f"footage is missing: 6 files: {gone.file}, {first}; bring it back" in said


def test_inspect_finds_what_bundle_refuses(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        lot.queue(lot.comp("Main"))
    lot.queue(lot.comp("Groups"), "out/a[##]b[##].tif")
    project = str(lot.save())
    assert run(["inspect", project]) == 1
    out = capsys.readouterr().out.splitlines()
    assert run(["bundle", project, "-o", str(lot.folder / "b")]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert [line for line in out if line.startswith("error: ")] == errors
    assert len(errors) == 2


def test_needs_of_a_project_are_said_before_it_is_sent(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    comp = lot.comp("Main")
    comp.renderer = "ADBE Ernst"
    lot.queue(comp)
    project = str(lot.save())
    assert run(["bundle", project, "-o", str(lot.folder / "b")]) == 0
    assert "warning: uses the 3D renderer Cinema 4D in Main; " in capsys.readouterr().err
    assert run(["inspect", project]) == 0
    assert "frames 0-11, Cinema 4D" in capsys.readouterr().out


def test_a_folder_that_holds_something_is_left_as_it_is(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lot.queue(lot.comp())
    project, folder = lot.save(), lot.folder / "b"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    assert "already exists" in refused(capsys, "bundle", project, "-o", folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    (folder / "mine.txt").unlink()
    assert run(["bundle", str(project), "-o", str(folder)]) == 0


def test_nothing_is_left_behind_when_writing_fails(
    lot: Lot, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    lot.queue(lot.comp())
    project = lot.save()
    before = sorted(lot.folder.iterdir())
    monkeypatch.setattr(bundle_module, "copy_scripts", full)
    assert "No space left on device" in refused(capsys, "bundle", project, "-o", lot.folder / "new" / "b")
    assert sorted(lot.folder.iterdir()) == before
    blocked = refused(capsys, "bundle", project, "-o", project / "b")
    assert "cannot be written" in blocked


def test_a_template_edited_into_something_invalid_is_refused() -> None:
    template = {"specificationVersion": "jobtemplate-2023-09", "name": "x", "steps": [{"name": "a"}]}
    with pytest.raises(BadInput, match="OpenJD refuses the job") as caught:
        check_job(template, {}, Path.cwd())
    assert "\n" not in str(caught.value)


def test_forty_items_and_many_files_take_little_time(lot: Lot) -> None:
    """The measure itself stands in benchmarks; this is that nothing grows out of hand."""
    comps = [lot.comp(f"Comp {n}") for n in range(40)]
    for n in range(4):
        lot.sequence(f"plates{n}/a.{{:05d}}.png", range(1000), into=comps[n])
    for n, comp in enumerate(comps):
        lot.queue(comp, f"out{n}/[compName]_[####].[fileExtension]")
    project = lot.save()
    began = time.process_time()
    prepared = prepare_job(JobRequest(project=project), {})
    assert prepared.bundle is not None
    assert prepared.bundle.check(lot.folder) == 40
    assert time.process_time() - began < 60
    assert len(prepared.bundle.inputs) == 4001
    assert len(prepared.bundle.documents(lot.folder)["template.json"].encode()) < 100_000


def test_processes_ask_for_their_seats_and_the_project_for_its_version(lot: Lot) -> None:
    """`--require NAME` takes a seat for every process."""
    lot.queue(lot.comp())
    options = ["-p", "Concurrency=6", "--require", "glow", "--require", "amount.nodes=2.5", "--min-gpus", "1"]
    project = lot.save()
    assert run(["bundle", str(project), "-o", str(lot.folder / "b"), *options, "--offline"]) == 0
    template = read(lot.folder / "b", "template")
    assert template["steps"][0]["hostRequirements"]["amounts"] == [
        {"name": "amount.worker.gpu", "min": 1},
        {"name": "amount.glow", "min": 6},
        {"name": "amount.nodes", "min": 2.5},
    ]
    (conda,) = [item for item in template["parameterDefinitions"] if item["name"] == "CondaPackages"]
    assert conda["default"] == pinned_package(read_project(project).version)
    assert conda["default"].startswith("aftereffects")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes")
@pytest.mark.parametrize(
    ("command", "what"),
    [
        *product(("bundle", "submit"), ("project", "--also", "--also, inside", "--output-dir", "-p")),
        ("bundle", "output"),  # submit writes no bundle of its own
    ],
)
def test_names_that_are_not_utf_8_are_refused_in_one_line(
    lot: Lot, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, what: str
) -> None:
    odd = os.fsdecode(b"odd\xff\xfe")
    lot.queue(lot.comp("Main"))
    project = lot.save()
    more: list[str | Path] = ["--dry-run"] if command == "submit" else ["-o", tmp_path / "bundle"]
    if what == "project":
        project = project.rename(project.with_name(f"{odd}.aep"))
    elif what == "output":
        more = ["-o", tmp_path / odd]
    elif what.startswith("--also"):
        place = tmp_path / "extra" / odd if "inside" in what else tmp_path / odd
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"x")
        more += ["--also", tmp_path / "extra" if "inside" in what else place]
    elif what == "--output-dir":
        more += [what, tmp_path / odd]
    else:
        more += [what, f"ScratchDir={odd}"]
    assert "UTF-8" in refused(capsys, command, project, *more)
    assert not (tmp_path / "bundle").exists()
