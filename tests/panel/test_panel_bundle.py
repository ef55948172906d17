"""The panel and `stmpo bundle` write the same bundle for the same project, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import py_aep
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from py_aep import OutputFormat, RQItemStatus

from stmpo.cli.main import run
from stmpo.deadline import wheels
from stmpo.deadline.bundle import write_bundle
from stmpo.deadline.fragments import load_fragments
from stmpo.deadline.naming import job_name, step_names
from stmpo.deadline.output_roots import place_outputs
from stmpo.deadline.request import JobRequest, prepare_job
from stmpo.deadline.template import TemplateOptions
from stmpo.fonts.find import find
from stmpo.model.errors import BadInput
from stmpo.model.literals import literal
from tests.panel.dump_project import dump
from tests.panel.panel_host import NO_NODE, NODE

if TYPE_CHECKING:
    from stmpo.deadline.bundle import Bundle
    from tests.deadline.lot import Lot
    from tests.panel.panel_host import Panel

PROJECTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "projects"
NAMES = [
    "a & b", "100%", "100%41", '"x"', "it's", "^!", "ü 日本 🎬", "dots...", "{{Param.X}}", "}}{{", "x" * 300, "tab\there",
    "Main", "main", " Main ", "%PATH%", "$(id)", "`id`", "e\u0301", "שלום", "-rf", "a;b", "#1", "[1]",
]  # fmt: skip
WRITE = """(function () {{
    try {{ STMPO.bundle.write(STMPO.filter(STMPO.queue.refresh(), function (record) {{ return record.selected;
    }}), {}); return ""; }} catch (error) {{ return error.message; }}
}}())"""


@dataclass
class Both:
    """One project, for both writers."""

    panel: Panel
    project: Path

    def open(self, **app: Any) -> None:
        """Open the project in the panel's After Effects."""
        self.panel.app = {**dump(self.project), **app}

    def by_panel(self, folder: Path, *before: str) -> str:
        """Return the panel's error; empty if it wrote the bundle."""
        return str(self.panel.run(*before, WRITE.format(json.dumps(str(folder)))).values[-1])

    def agree(self, request: JobRequest, *before: str) -> Bundle:
        """Check that both write the same documents, after these steps in the panel and for this request."""
        prepared = prepare_job(request, os.environ)
        assert prepared.bundle is not None, [str(finding) for finding in prepared.findings]
        folder = self.project.parent / "by panel" / "bundle"
        shutil.rmtree(folder.parent, ignore_errors=True)
        assert self.by_panel(folder, *before) == ""
        for name, text in prepared.bundle.documents(folder).items():
            assert (folder / name).read_bytes().decode("utf-8") == text
        prepared.bundle.check(folder)
        return prepared.bundle


@pytest.fixture
def both(panel: Panel, lot: Lot) -> Both:
    return Both(panel, lot.folder / "shot.aep")


def test_a_whole_bundle_is_the_same_files(both: Both, lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "_download", lambda *_: None)
    comp = lot.comp("Haupt, 主")
    lot.sequence("plates/a.{:04d}.png", [1, 2, 5], into=comp)
    lot.still("Bild, 1.png", into=comp)
    lot.queue(comp)
    lot.save()
    wheels.collect_wheels(both.panel.home / "wheels", download=False)
    (both.panel.home / "wheels" / ".DS_Store").write_bytes(b"Finder")
    both.open()
    one, other = lot.folder / "one", lot.folder / "other"
    assert run(["bundle", str(both.project), "-o", str(one), "--offline"]) == 0
    assert both.by_panel(other) == ""
    assert _tree(other) == {name: data.replace(b"/one/", b"/other/") for name, data in _tree(one).items()}
    assert not [path for path in lot.folder.iterdir() if path.name.startswith(".")]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_forty_items_with_names_in_any_script(both: Both, lot: Lot) -> None:
    for at in range(40):
        comp = lot.comp(NAMES[at % len(NAMES)], start=at - 20)
        lot.queue(comp, f"out/{at % 3}/{at}_[####].[fileExtension]")
    lot.save()
    both.open()
    bundle = both.agree(JobRequest(project=both.project))
    assert len(bundle.template["steps"]) == 40


def test_movies_sequences_proxies_and_missing_footage(both: Both, lot: Lot) -> None:
    """Gaps stay gaps, proxies travel, and what is missing is missing for both."""
    comp = lot.comp("Main", start=1001)
    lot.sequence("plates/take2_v03_{:04d}.png", [1, 2, 3, 7, 9], into=comp)
    lot.sequence("plates/wide_{}.png", list(range(8, 13)), into=comp)
    lot.still("one.png", into=comp).set_proxy(lot.file("half of one.png"))
    comp.set_proxy(lot.file("comp proxy.png"))
    lot.still("two.png", into=comp).set_proxy(gone_proxy := lot.file("gone proxy.png"))
    lot.file("plates/take2_v03_0010.png")
    lot.file("plates/take2_v03_00004.png")
    gone = lot.still("gone.png")
    lot.queue(comp)
    film = lot.queue(lot.comp("Film", start=10), "films/film.mov")
    lot.format(film.output_modules[0], OutputFormat.QUICKTIME)
    lot.save()
    assert gone.file is not None
    Path(gone.file).unlink()
    gone_proxy.unlink()
    both.open()
    bundle = both.agree(JobRequest(project=both.project))
    assert {Path(path).name for path in bundle.inputs if "proxy" in path or "half" in path} == {
        "half of one.png", "comp proxy.png",
    }  # fmt: skip
    said = [finding["text"] for finding in both.panel.value("STMPO.check.all(STMPO.queue.refresh())")]
    assert [text.partition(":")[0] for text in said if "missing" in text] == [
        "footage is missing that no item shows", "proxies are missing",
    ]  # fmt: skip
    assert [Path(path).name for path in bundle.inputs if "take2" in path] == [
        f"take2_v03_000{n}.png" for n in (1, 2, 3, 7, 9)
    ]


@pytest.mark.parametrize("rate", [23.976, 24.0, 25.0, 29.97, 59.94])
def test_rates_starts_and_spans(both: Both, lot: Lot, rate: float) -> None:
    """Display starts at the end of a day, work areas and custom spans, in uneven frame rates."""
    for number, start in enumerate((0, -5, 1001, round(86000 * rate))):
        comp = lot.comp(f"at {start}", seconds=60.0, rate=rate, start=start)
        item = lot.queue(comp, f"out/{number}_[######].tif")
        if number % 2:
            item.time_span_start_frame = 7
            item.time_span_duration_frames = 101 + number
    lot.save()
    both.open()
    both.agree(JobRequest(project=both.project))


def test_settings_are_written_as_options_are(both: Both, lot: Lot) -> None:
    (lot.folder / "env.json").write_text("{}", encoding="utf-8")
    lot.queue(lot.comp("Main"))
    lot.save()
    both.open()
    chosen = {
        "FramesPerTask": "250", "NoKillOnFail": "true", "ContinueOnMissingFootage": "true", "Concurrency": "3",
        "RamPerProcessGB": "48.5", "DisableMFR": "true", "Strategy": "shared", "SpawnDelay": "0",
        "AerenderPath": "C:\\Program Files\\aerender.exe", "EnvFile": str(lot.folder / "env.json"),
    }  # fmt: skip
    order = [
        definition["name"] for definition in [*load_fragments().job_parameters, {"name": "FramesPerTask"}]
    ]
    chosen = {name: chosen[name] for name in sorted(chosen, key=order.index)}
    extras = {
        "name": "Job {{x}} \t名",
        "systems": "linux",
        "minVcpus": "16",
        "minMemoryGb": "64",
        "minGpus": "2",
        "seats": "glow, amount.nodes=2.5",
        "taskTimeout": "3600",
    }
    extras |= {
        "python": "python3",
        "condaPackages": "aftereffects=25.1",
        "priority": "70",
        "initialState": "SUSPENDED",
    }
    extras |= {"maxFailedTasks": "0", "maxRetriesPerTask": "3", "maxWorkers": "4"}
    steps = [
        f"STMPO.settings.set({json.dumps(key)}, {json.dumps(value)})"
        for key, value in (chosen | extras).items()
    ]
    options = TemplateOptions(
        os_families=("linux",), min_vcpus=16, min_memory_mib=64 * 1024, task_timeout_seconds=3600, python="python3",
        min_gpus=2, amounts={"glow": 3, "nodes": 2.5},
        conda_packages="aftereffects=25.1",
    )  # fmt: skip
    service: dict[str, str | int] = {
        "deadline:priority": 70, "deadline:targetTaskRunStatus": "SUSPENDED", "deadline:maxFailedTasksCount": 0,
        "deadline:maxRetriesPerTask": 3, "deadline:maxWorkerCount": 4,
    }  # fmt: skip
    request = JobRequest(
        project=both.project, name=extras["name"], parameters=chosen, deadline=service, options=options
    )
    both.agree(request, *steps)


def test_another_folder_and_other_frames(both: Both, lot: Lot) -> None:
    item = lot.queue(lot.comp("Main/x"), None)
    item.status = RQItemStatus.QUEUED
    lot.save()
    both.open()
    folder = lot.folder / "|  renders "
    steps = [
        f"STMPO.settings.set('outputDir', {json.dumps(str(folder))})",
        "STMPO.queue.setFrames(STMPO.queue.refresh()[0], ' 9, 1-5:2 ,-3--1')",
    ]
    request = JobRequest(project=both.project, frames=" 9, 1-5:2 ,-3--1", allow_blank=True, output_dir=folder)
    bundle = both.agree(request, *steps)
    (step,) = bundle.template["steps"]
    (frame,) = step["parameterSpace"]["taskParameterDefinitions"]
    assert frame == {"name": "Frame", "type": "STRING", "range": ["-3--1,1-5:2,9"]}


def test_names_with_odd_line_ends_numbers_and_signs(both: Both, lot: Lot) -> None:
    """Characters that JavaScript treats as line ends, and signs that are frame numbers only in brackets."""
    comp = lot.comp("a\u2028b")
    lot.sequence("pl\u2028ates\u2029x/a\u2028{:04d}.png", [1, 2, 5], into=comp)
    for name in ("o\u2028ut/x\u2029/a_[####]", "out/#1 %04d", "out/#2 ##", "out/take#3_[##]"):
        lot.queue(comp, f"{name}.[fileExtension]")
    lot.queue(comp, "out/dot.")
    lot.save()
    both.open()
    bundle = both.agree(JobRequest(project=both.project))
    assert len(bundle.inputs) == 4
    assert "/#1 %04d_[#####].tif" in json.dumps(bundle.template)


def test_what_is_named_by_hand_travels_alike(both: Both, lot: Lot) -> None:
    comp = lot.comp("Main")
    lot.queue(comp)
    lot.save()
    both.open()
    ocio = lot.folder / "ocio; 100% [x]"
    (ocio / "luts" / "empty").mkdir(parents=True)
    names = ["config.ocio", "luts/ü 日本 🎬.cube", "luts/.hidden"]
    for name in names:
        (ocio / name).write_bytes(b"x")
    (ocio / "around").symlink_to(ocio, target_is_directory=True)
    one = lot.file("notes & more.txt.png")
    chosen = f"STMPO.settings.set('also', {json.dumps(f' {one} |{ocio}|')})"
    bundle = both.agree(JobRequest(project=both.project, also=(one, ocio)), chosen)
    assert {Path(path).name for path in bundle.inputs} == {
        "shot.aep",
        one.name,
        *(Path(name).name for name in names),
    }
    (lot.folder / "nothing").mkdir()
    for place, said in (("nothing", "holds no file"), ("gone", "no such file or folder")):
        code = f"STMPO.settings.set('also', {json.dumps(str(lot.folder / place))})"
        assert said in both.by_panel(lot.folder / "b", code)
        assert said in json.dumps(both.panel.run(code, "STMPO.check.quick()").values)
        with pytest.raises(BadInput, match=said):
            prepare_job(JobRequest(project=both.project, also=(lot.folder / place,)), os.environ)


def test_fonts_travel_alike(both: Both, lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies and list; fonts that may not travel or are missing are listed without a file and reported."""
    specimens = pytest.importorskip("tests.fonts.specimens")
    monkeypatch.setattr(wheels, "_download", lambda *_: None)
    folder = lot.folder / "fonts"
    folder.mkdir()
    files = {
        "plain.ttf": specimens.font("Plain-Regular"), "same again.ttf": specimens.font("Plain-Regular"),
        "otf": specimens.font("Outline", otf=True), "both.ttc": specimens.collection("One", "Two"),
        "closed.ttf": specimens.font("Closed", bits=2), "odd.ttf": specimens.font("CON"),
    }  # fmt: skip
    for name, data in files.items():
        (folder / name).write_bytes(data)
    comp = lot.comp("Main")
    names = ("Plain-Regular", "Outline", "Two", "One", "Closed", "CON", "Not-Here")
    for name in names:
        lot.text(comp, name).font = name
    lot.queue(comp)
    lot.save()
    found = {font.name: font for font in find(names, {}, more=[folder])}
    wheels.collect_wheels(both.panel.home / "wheels", download=False)
    both.panel.app = dump(both.project, {name: one.path for name, one in found.items() if one.path})
    prepared = prepare_job(JobRequest(project=both.project, font_folders=(folder,)), {})
    assert prepared.bundle is not None
    one, other = lot.folder / "one", lot.folder / "other"
    write_bundle(prepared.bundle, one, download=False)
    assert both.by_panel(other) == ""
    assert _tree(other) == {name: data.replace(b"/one/", b"/other/") for name, data in _tree(one).items()}
    assert sorted(path.name for path in (other / "scripts" / "fonts").iterdir()) == [
        "One.ttc", "Outline.otf", "Plain-Regular.ttf", "_CON.ttf", "fonts.json",
    ]  # fmt: skip
    said = [finding["text"] for finding in both.panel.value("STMPO.fonts.findings(STMPO.fonts.all())")]
    assert [text.rpartition(";")[0] for text in said] == [
        "fonts are not installed here and do not travel: Not-Here",
        "fonts are protected from embedding by their licence bits and do not travel: Closed",
    ]


def test_what_one_refuses_the_other_refuses(both: Both, lot: Lot) -> None:
    """Errors are on the same items."""
    main = lot.comp("Main")
    gone = lot.still("gone.png", into=main)
    lot.queue(lot.comp("Fine"))
    lot.queue(main)
    lot.queue(lot.comp("Two")).add()
    lot.queue(lot.comp("Nowhere"), None).status = RQItemStatus.QUEUED
    lot.queue(lot.comp("Same number")).output_modules[0].settings["Use Comp Frame Number"] = False
    lot.queue(lot.comp("Done")).status = RQItemStatus.DONE
    lot.queue(lot.comp("Two groups"), "out/a[##]b[##].tif")
    lot.save()
    assert gone.file is not None
    Path(gone.file).unlink()
    both.open()
    both.panel.wheel()
    count = 7
    told = both.panel.value("STMPO.check.all(STMPO.queue.refresh())")
    by_panel = {finding["index"] for finding in told if finding["severity"] == "error"} - {0}
    prepared = prepare_job(JobRequest(project=both.project, items=tuple(range(1, count))), os.environ)
    errors = {
        finding.item.index
        for finding in prepared.findings
        if finding.item is not None and finding.severity.value == "error"
    }
    assert by_panel == errors | {count}
    refused = prepare_job(JobRequest(project=both.project, items=(count,)), os.environ)
    assert refused.bundle is None
    assert "two frame number groups" in refused.findings[0].text
    records = both.panel.value("STMPO.queue.refresh()")
    assert [bool(record["reasons"]) for record in records] == [False, False, *[True] * 5]


@pytest.mark.skipif(sys.platform == "win32", reason="a Windows path is at home on Windows")
def test_a_path_of_another_system_is_refused_by_both(both: Both, lot: Lot) -> None:
    lot.app = py_aep.new(platform="windows")
    lot.queue(lot.comp("Main")).output_modules[0].file = r"C:\renders\[compName]_[####].[fileExtension]"
    lot.save()
    both.open()
    assert "a path of another system" in both.panel.value("STMPO.queue.refresh()[0].reasons.join()")
    assert prepare_job(JobRequest(project=both.project), os.environ).bundle is None


def test_items_that_write_the_same_files_are_refused(both: Both, lot: Lot) -> None:
    lot.queue(lot.comp("One"), "out/a_[####].tif")
    lot.queue(lot.comp("Two"), "out/a_[####].tif")
    lot.save()
    both.open()
    said = both.by_panel(lot.folder / "b")
    assert "items 1 (One) and 2 (Two) write the same files" in said
    assert [finding["text"] for finding in both.panel.value("STMPO.check.all(STMPO.queue.refresh())")].count(
        said
    ) == 1
    assert not (lot.folder / "b").exists()


def test_nothing_is_left_behind_by_a_bundle_that_cannot_be_written(both: Both, lot: Lot) -> None:
    lot.queue(lot.comp("Main"))
    lot.save()
    both.open()
    there = lot.folder / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine", encoding="utf-8")
    assert "already exists" in both.by_panel(there)
    assert [path.name for path in there.iterdir()] == ["mine.txt"]
    (both.panel.home / "wheels" / "stmpo-1-py3-none-any.whl").symlink_to(lot.folder / "nowhere")
    (both.panel.home / "wheels" / "stmpo-2-py3-none-any.whl").mkdir()
    assert "cannot be copied" in both.by_panel(lot.folder / "deep" / "er" / "b")
    assert sorted(path.name for path in lot.folder.iterdir()) == ["shot.aep", "there"]


@pytest.mark.skipif(
    not PROJECTS.is_dir(), reason="needs ../shared/data/projects, not part of this repository"
)
@pytest.mark.parametrize("name", ["Item-01.aep", "Layer-01.aep", "Property-01.aep"])
def test_projects_that_after_effects_saved(both: Both, lot: Lot, name: str) -> None:
    """Comps are queued by py_aep and delivered to one folder; footage is missing."""
    lot.app = py_aep.parse(PROJECTS / name)
    for number, comp in enumerate(lot.app.project.compositions):
        lot.queue(comp, f"out/{number}_[####].[fileExtension]")
    lot.save()
    both.open()
    steps = ["STMPO.settings.set('ContinueOnMissingFootage', true)"]
    both.agree(JobRequest(project=both.project, parameters={"ContinueOnMissingFootage": "true"}), *steps)


# Rules that both have, over anything that people write.

ANY_TEXT = st.text(max_size=90) | st.text(alphabet='{}"\\ ab\t\n\x00\x7f\u2028\u3000🎬', max_size=12)
PLACES = st.lists(
    st.sampled_from(["a", "B", "b", "c d", "é", "映", "out", "x.y"]), min_size=1, max_size=5
).map("/".join)
OUTPUTS = st.lists(
    PLACES.map(lambda rest: f"/{rest}/f.png")
    | st.tuples(st.sampled_from(["C:", "c:", "D:", r"\\srv\share", r"\\SRV\share"]), PLACES).map(
        lambda pair: (pair[0] + "/" + pair[1]).replace("/", "\\") + "\\f.png"
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY_TEXT, min_size=30, max_size=60))
def test_names_and_literals_are_spelled_alike(panel: Panel, texts: list[str]) -> None:
    given_ = json.dumps(texts)
    steps, literals, jobs, order = panel.run(
        f"STMPO.naming.stepNames({given_})",
        f"STMPO.map({given_}, STMPO.naming.literal)",
        f"STMPO.map({given_}, STMPO.naming.jobName)",
        f"STMPO.sorted({given_})",
    ).values
    assert steps == step_names(texts)
    assert literals == [literal(text) for text in texts]
    assert jobs == [job_name(text) for text in texts]
    assert order == sorted(set(texts))


@pytest.mark.skipif(NODE is None, reason=NO_NODE)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OUTPUTS, min_size=20, max_size=40))
def test_output_folders_are_placed_alike(panel: Panel, many: list[list[str]]) -> None:
    code = "STMPO.map({}, function (outputs) {{ try {{ return STMPO.template.place(outputs); }} catch (error) {{ return null; }} }})"
    for outputs, found in zip(many, panel.value(code.format(json.dumps(many))), strict=True):
        try:
            folders, places = place_outputs(outputs)
        except BadInput:
            assert found is None
            continue
        assert found["folders"] == folders
        assert [(place["parameter"], place["rest"]) for place in found["places"]] == [
            (place.parameter, place.rest) for place in places
        ]


def test_items_that_show_the_output_of_other_items_wait_for_them(both: Both, lot: Lot) -> None:
    """Sequences, movies and proxies; the old files do not travel, and cycles are refused."""
    sim, film, inner, master = (lot.comp(name) for name in ("Sim", "Film", "Inner", "Master"))
    lot.sequence("out/Sim_{:04d}.tif", [0, 1, 2], into=film)
    lot.still("out/film.mov", into=inner)
    master.add(inner)
    inner.set_proxy(lot.file("out/deep/Inner_0000.tif"))
    lot.queue(sim, "out/Sim_[####].[fileExtension]")
    item = lot.queue(film, "out/film.mov")
    lot.format(item.output_modules[0], OutputFormat.QUICKTIME)
    lot.queue(inner, "out/deep/Inner_[####].[fileExtension]")
    lot.queue(master, "out/deep/er/Master_[####].[fileExtension]")
    lot.save()
    both.open()
    bundle = both.agree(JobRequest(project=both.project))
    waits = [
        [entry["dependsOn"] for entry in step.get("dependencies", ())] for step in bundle.template["steps"]
    ]
    assert waits == [[], ["Sim"], ["Film"], ["Film", "Inner"]]
    assert [Path(path).name for path in bundle.inputs] == ["shot.aep"]
    lot.sequence("out/deep/er/Master_{:04d}.tif", [0, 1], into=sim)
    lot.save()
    both.open()
    assert "which itself waits for the output of this item" in both.by_panel(lot.folder / "b")
    told = both.panel.value("STMPO.check.all(STMPO.queue.refresh())")
    by_panel = {one["index"] for one in told if "which itself waits" in one["text"]}
    prepared = prepare_job(JobRequest(project=both.project), os.environ)
    assert by_panel == {
        one.item.index for one in prepared.findings if one.item and "itself waits" in one.text
    }


@pytest.mark.parametrize(
    ("text", "said"), [("glow", "is not known"), ("worker.vcpu=3", "not NAME=N"), ("a b", "not NAME=N")]
)
def test_seats_that_cannot_be_read_are_refused(both: Both, lot: Lot, text: str, said: str) -> None:
    lot.queue(lot.comp())
    lot.save()
    both.open()
    chosen = f"STMPO.settings.set('seats', {json.dumps(text)})"
    assert said in both.by_panel(lot.folder / "b", chosen)
    assert said in json.dumps(both.panel.run(chosen, "STMPO.check.quick()").values)
