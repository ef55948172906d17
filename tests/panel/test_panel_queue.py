"""The panel reads the queue as After Effects shows it, stores choices, and reports problems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stmpo.deadline.fragments import load_fragments
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from tests.panel.dump_project import dump

if TYPE_CHECKING:
    from tests.deadline.lot import Lot
    from tests.panel.panel_host import Panel


def project(*queue: dict[str, Any], items: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """An application with a small project: comp 1 of 24 frames a second, and these queue items."""
    comp = {
        "type": "comp",
        "id": 1,
        "name": "Main",
        "frameRate": 24,
        "frameDuration": 1 / 24,
        "duration": 10,
        "displayStartTime": 0,
    }
    return {
        "version": "25.1x1",
        "project": {
            "file": "/p/shot.aep",
            "dirty": False,
            "xmpPacket": "",
            "displayStartFrame": 0,
            "items": [comp, *(items or [])],
            "queue": list(queue),
            **more,
        },
    }


def item(**changes: Any) -> dict[str, Any]:
    """A queue item of ten frames."""
    words = {"Format": "PNG Sequence", "Use Comp Frame Number": "true"}
    module = {"name": "PNG", "file": "/out/a_[####].png", "settings": words}
    settings_ = {"Frame Rate": 0, "Use this frame rate": 30}
    made = {"comp": 1, "status": "QUEUED", "timeSpanStart": 0, "timeSpanDuration": 10 / 24, "skipFrames": 0}
    return {**made, "settings": settings_, "modules": [module], **changes}


def test_skipped_frames_and_the_projects_first_number_count(panel: Panel) -> None:
    panel.app = project(item(skipFrames=2), displayStartFrame=1)
    record = panel.value("STMPO.queue.refresh()[0]")
    assert record["frames"] == "1,4,7,10"
    assert record["count"] == 4


@pytest.mark.parametrize(
    ("form", "path", "kind", "extension"),
    [
        ("PNG-Sequenz", "/out/a.png", "image", "png"),
        ("TIFF \u30b7\u30fc\u30b1\u30f3\u30b9", None, "image", "tif"),
        ("S\u00e9quence AIFF", "/out/a.aif", "video", "aif"),
        ("IFF Sequence", None, "image", "iff"),
        ("QuickTime", "/out/a_[####].mov", "video", "mov"),
        ("H.264", None, "video", "mp4"),
        ("Somebody's", "/out/a_[####].xyz", "image", ""),
        ("Somebody's", "/out/a.webm", "video", ""),
        ("Somebody's", "/out/a.xyz", "video", ""),
    ],
)
def test_what_an_item_writes_is_known_in_every_language(
    panel: Panel, form: str, path: str | None, kind: str, extension: str
) -> None:
    module = {"name": "M", "file": path, "settings": {"Format": form, "Use Comp Frame Number": "true"}}
    panel.app = project(item(modules=[module]))
    record = panel.value("STMPO.queue.refresh()[0]")
    assert (record["kind"], record["extension"]) == (kind, extension)


def test_an_item_that_cannot_be_read_hides_no_other(panel: Panel) -> None:
    module = {"name": "M", "file": "/out/a_[####].png", "settings": None}
    panel.app = project(item(modules=[module]), item())
    first, second = panel.value("STMPO.queue.refresh()")
    assert "cannot be read: After Effects error" in first["reasons"][0]
    assert (first["comp"], first["selected"], second["selected"]) == ("Main", False, True)


def test_frames_count_from_the_start_time_as_aerender_does(panel: Panel) -> None:
    """29.97 frames per second from 00:01:00;02 drop-frame: frame 1800, plus the project's first number."""
    panel.app = project(
        item(timeSpanStart=10 * 1001 / 30000, timeSpanDuration=5 * 1001 / 30000), displayStartFrame=1
    )
    comp = panel.app["project"]["items"][0]
    comp |= {"frameRate": 29.97, "frameDuration": 1001 / 30000, "displayStartTime": 1800 * 1001 / 30000}
    comp["displayStartFrame"] = 1801  # with the project's first number in it, as some say
    assert panel.value("STMPO.queue.refresh()[0].frames") == "1811-1815"


def test_frames_outside_the_comp_are_warned_of(panel: Panel) -> None:
    panel.app = project(item())
    notes = panel.run(
        "STMPO.queue.setFrames(STMPO.queue.refresh()[0], '0-239'); STMPO.queue.refresh()[0].notes.length",
        "STMPO.queue.setFrames(STMPO.queue.refresh()[0], '239-240'); STMPO.queue.refresh()[0].notes.join()",
    ).values
    assert notes[0] == 0
    assert "239-240 of a comp that has 0-239" in notes[1]


def test_frames_that_an_item_cannot_render_any_more_are_its_own_again(panel: Panel) -> None:
    """The item became a movie after its frames were chosen: it can still be sent, and get other frames."""
    panel.app = project(item())
    kept = panel.run(
        "STMPO.queue.setFrames(STMPO.queue.refresh()[0], '1,4-6')", "app.project.xmpPacket"
    ).values[1]
    movie = {
        "name": "M",
        "file": "/out/a.mov",
        "settings": {"Format": "QuickTime", "Use Comp Frame Number": "true"},
    }
    panel.app = project(item(modules=[movie]), xmpPacket=kept)
    values = panel.run(
        "STMPO.queue.refresh()[0]", "STMPO.queue.setFrames(STMPO.queue.refresh()[0], '1,4-6')"
    ).values
    assert (values[0]["frames"], values[0]["custom"], values[0]["selected"]) == ("0-9", False, True)
    assert values[1] == "a movie needs frames without a gap, not 1,4-6"


def test_another_output_or_start_is_a_changed_queue(panel: Panel) -> None:
    """Changes are noticed that are visible without reading an item's settings."""
    seen = []
    for changes in ({}, {"file": "/out/b_[####].png"}, {"skipFrames": 1}, {"start": 1}):
        panel.app = project(item(skipFrames=changes.get("skipFrames", 0)))
        panel.app["project"]["items"][0]["displayStartTime"] = changes.get("start", 0)
        panel.app["project"]["queue"][0]["modules"][0]["file"] = changes.get("file", "/out/a_[####].png")
        seen.append(panel.value("STMPO.queue.fingerprint()"))
    assert len(set(seen)) == len(seen)


def test_a_name_with_a_line_break_is_refused(panel: Panel) -> None:
    module = {**item()["modules"][0], "file": "/out/a\nb_[####].png"}
    panel.app = project(item(modules=[module]))
    assert "a line break" in panel.value("STMPO.queue.refresh()[0].reasons.join()")


def test_another_frame_rate_is_said(panel: Panel) -> None:
    panel.app = project(item(settings={"Frame Rate": 1, "Use this frame rate": 30}))
    assert "use 30 frames a second" in panel.value("STMPO.queue.refresh()[0].notes[0]")


def test_an_item_without_output_module_or_frames_says_so(panel: Panel) -> None:
    panel.app = project(item(modules=[]), item(timeSpanDuration=0))
    reasons = panel.value(
        "STMPO.map(STMPO.queue.refresh(), function (record) { return record.reasons.join(); })"
    )
    assert "no output module" in reasons[0]
    assert "no frame" in reasons[1]


def test_no_project_is_an_empty_queue(panel: Panel) -> None:
    panel.app = {"version": "22.0"}
    assert panel.run("STMPO.queue.refresh()", "STMPO.queue.fingerprint()").values == [[], ""]
    assert "no project is open" in json.dumps(panel.value("STMPO.check.all([])"))


RANGES = st.lists(
    st.integers(-60, 60).map(str)
    | st.tuples(st.integers(-60, 60), st.integers(-60, 60)).map(lambda pair: f"{pair[0]}-{pair[1]}")
    | st.tuples(st.integers(-60, 60), st.integers(-60, 60), st.integers(-4, 9)).map(lambda three: f"{three[0]}-{three[1]}:{three[2]}")
    | st.sampled_from(["", " ", "x", "1-", "1:2", "- 3", " 7 ", "1--2", "5-1:-2"]),
    min_size=1,
    max_size=3,
).map(",".join)  # fmt: skip


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RANGES, min_size=80, max_size=100))
def test_frames_are_read_as_the_command_reads_them(panel: Panel, texts: list[str]) -> None:
    code = "STMPO.map({}, function (text) {{ try {{ return STMPO.frames.write(STMPO.frames.parse(text)); }} catch (error) {{ return null; }} }})"
    for text, found in zip(texts, panel.value(code.format(json.dumps(texts))), strict=True):
        assert found == _by_command(text), text


def _by_command(text: str) -> str | None:
    try:
        return str(FrameSet.parse(text))
    except BadInput:
        return None


def test_choices_travel_with_the_project(panel: Panel) -> None:
    """Ticks and frames are in the metadata, per item, and survive a new order of the queue."""
    panel.app = project(item(), item(), item(comp=2), items=[{**_comp(2), "name": "Zwei 映像 <&>"}])
    answer = panel.run(
        "STMPO.queue.setSelected(STMPO.queue.refresh()[1], false)",
        "STMPO.queue.setFrames(STMPO.queue.refresh()[2], '3-5')",
        "STMPO.settings.set('name', 'Größe <b> \"x\" ]]> 🎬')",
        "STMPO.settings.set('Concurrency', '12')",
        "app.project.xmpPacket",
    )
    assert answer.values[:4] == [None, "", "", ""]
    panel.app["project"]["xmpPacket"] = answer.values[-1]
    panel.app["project"]["queue"] = panel.app["project"]["queue"][::-1]
    values = panel.run(
        "STMPO.map(STMPO.queue.refresh(), function (record) { return [record.key, record.frames, record.selected]; })",
        "STMPO.settings.get('name')",
        "STMPO.settings.get('Concurrency')",
    ).values
    assert values == [
        [["2:1", "3-5", True], ["1:1", "0-9", True], ["1:2", "0-9", False]],
        'Größe <b> "x" ]]> 🎬',
        12,
    ]


def _comp(number: int) -> dict[str, Any]:
    return {**project()["project"]["items"][0], "id": number, "name": f"Comp {number}"}


@pytest.mark.parametrize(
    "kept",
    ["({alert(1)})", "[]", '{"settings": 5, "items": {"1:1": null}}', '{"items": {"1:1": {"frames": "9-", "selected": 7}}}'],
)  # fmt: skip
def test_damaged_metadata_is_no_obstacle(panel: Panel, kept: str) -> None:
    """Odd metadata is never executed, causes no failure, and new choices are kept."""
    quoted = kept.replace('"', "&#34;")
    panel.app = project(item(), xmpPacket=f"<x:xmpmeta><rdf:RDF><stmpo:panel>{quoted}</stmpo:panel></rdf:RDF></x:xmpmeta>")  # fmt: skip
    answer = panel.run(
        "STMPO.queue.refresh()[0].frames",
        "STMPO.settings.set('Concurrency', 3)",
        "STMPO.queue.setFrames(STMPO.queue.refresh()[0], '1-4')",
        "[STMPO.settings.get('Concurrency'), STMPO.queue.refresh()[0].frames]",
    )
    assert answer.values == ["0-9", "", "", [3, "1-4"]]
    assert not answer.said


def test_the_users_defaults_hold_in_other_projects(panel: Panel) -> None:
    panel.app = project()
    stored = panel.run(
        "STMPO.settings.set('MaxConcurrency', 7)",
        "STMPO.settings.set('client', '/opt/deadline')",
        "STMPO.settings.set('name', 'only here')",
        "STMPO.settings.saveAsDefaults()",
    ).stored
    panel.app = {**project(), "settings": {**stored, "STMPO/RamPerProcessGB": "nonsense"}}
    keys = ["MaxConcurrency", "client", "name", "RamPerProcessGB", "priority"]
    assert panel.value(f"STMPO.map({json.dumps(keys)}, STMPO.settings.get)") == [
        7,
        "/opt/deadline",
        "",
        32,
        None,
    ]
    assert panel.run("STMPO.settings.reset('client')", "STMPO.settings.get('client')").values[1] == "deadline"


def test_settings_are_the_templates_parameters_and_more(panel: Panel) -> None:
    """Every visible parameter is a setting with its type, bounds, default and texts."""
    table = {entry["key"]: entry for entry in panel.value("STMPO.settings.table")}
    shown = [
        definition
        for definition in load_fragments().job_parameters
        if definition["userInterface"]["control"] != "HIDDEN" and definition["name"] != "ProjectFile"
    ]
    for definition in shown:
        entry = table[definition["name"]]
        assert entry["label"] == definition["userInterface"]["label"]
        assert entry.get("minimum") == definition.get("minValue")
        wanted = definition["default"]
        assert entry["initial"] == (
            {"true": True, "false": False}[wanted] if entry["type"] == "bool" else wanted
        )
    assert all(entry["help"] and entry["label"] and entry["group"] for entry in table.values())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("MaxConcurrency", "0", "at least 1"),
        ("MaxConcurrency", "many", "a whole number"),
        ("ChildGraceSec", "61", "at most 60"),
        ("RamPerProcessGB", "1,5", ""),
        ("Strategy", "fast", "choose one of"),
        ("EnvFile", "env.json", "not an absolute path"),
        ("priority", "101", "at most 100"),
        ("priority", "", ""),
        ("DisableMFR", "yes", "true or false"),
        ("AerenderPath", "x" * 1025, "1,024"),
    ],
)
def test_a_value_out_of_bounds_is_refused_in_words(panel: Panel, key: str, value: str, said: str) -> None:
    panel.app = project()
    before, error, after = panel.run(
        f"STMPO.settings.get({json.dumps(key)})",
        f"STMPO.settings.set({json.dumps(key)}, {json.dumps(value)})",
        f"STMPO.settings.get({json.dumps(key)})",
    ).values
    assert said in error
    assert bool(error) == bool(said)
    assert (before == after) or not error


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ({"version": "18.4"}, "2022 (22.0) or later"),
        ({"mayWrite": False}, "Allow Scripts to Write Files and Access Network"),
        (project(item(), file=None), "never been saved"),
        (project(item(), dirty=True), "not saved"),
        (project(item(), dirty=None), "does not tell"),
    ],
)
def test_what_stands_in_the_way_is_said_with_the_way_out(
    panel: Panel, app: dict[str, Any], said: str
) -> None:
    panel.wheel()
    panel.app = {**project(item()), **app}
    if app.get("project", {}).get("dirty", 0) is None:
        del panel.app["project"]["dirty"]
    found = panel.value("STMPO.check.quick()")
    assert [finding for finding in found if said in finding["text"]], found
    assert len(found) == 1


def test_a_panel_without_its_wheel_or_pieces_says_so(panel: Panel) -> None:
    panel.app = project(item())
    assert "no stmpo wheel" in panel.value("STMPO.check.quick()")[0]["text"]
    (panel.home / "JobTemplate").unlink()
    (panel.home / "JobTemplate").mkdir()
    with pytest.raises(AssertionError, match="cannot start"):
        panel.run("1")


def test_fonts_of_older_versions_are_those_of_text_layers(panel: Panel) -> None:
    """Before 24.5 every text layer is read, at each keyframe."""
    layers = [
        [{"font": "B", "fontLocation": ""}],
        [{"font": "A", "fontLocation": "/no/a.otf"}, {"font": "C", "fontLocation": ""}],
    ]
    panel.app = project(items=[{**_comp(2), "layers": layers}])
    panel.app["project"]["usedFonts"] = None
    assert [font["name"] for font in panel.value("STMPO.fonts.all()")] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("platform", "path", "folder"),
    [
        ("posix", "/a/b\\c.png", "/a"),
        ("posix", "/a.png", "/"),
        ("posix", "/a\u2028/b\n/c", "/a\u2028/b\n"),
        ("windows", "D:\\a.png", "D:\\"),
        ("windows", "D:\\a\\b.png", "D:\\a"),
        ("windows", "\\\\server\\share\\b.png", "\\\\server\\share"),
    ],
)
def test_a_files_folder(panel: Panel, platform: str, path: str, folder: str) -> None:
    switched = f"STMPO.windows = function () {{ return {json.dumps(platform == 'windows')}; }};"
    assert panel.run(switched, f"STMPO.files.folderOf({json.dumps(path)})").values[1] == folder


def test_the_log_turns_over(panel: Panel) -> None:
    panel.app = project()
    panel.run("for (var i = 0; i < 30; i++) { STMPO.files.log(new Array(20000).join('x') + '\\nü'); }")
    logs = sorted((panel.user_data / "STMPO").iterdir())
    assert [path.name for path in logs] == ["panel.1.log", "panel.log"]
    assert all(path.stat().st_size < 300_000 for path in logs)
    assert logs[1].read_text(encoding="utf-8").endswith("x | ü\n")


def test_host_calls_grow_as_the_queue_does(panel: Panel, lot: Lot) -> None:
    """Twice the items need twice the calls to After Effects, in a refresh and in the checks."""
    panel.environ |= {"SHELL": "/bin/false", "PATH": "/usr/bin:/bin"}
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        for number in range(10):
            comp = lot.comp(f"comp {number}")
            lot.queue(comp, f"out/{len(seen)}_{number}_[####].[fileExtension]")
        panel.app = dump(lot.save())
        idle = panel.run("1").calls["host"]
        refresh = panel.run("STMPO.queue.refresh().length").calls["host"] - idle
        checks = panel.run("STMPO.check.all(STMPO.queue.refresh()).length").calls["host"] - idle
        seen.append((refresh, checks))
    assert seen[1][0] <= 2 * seen[0][0]
    assert seen[1][1] <= 2 * seen[0][1] + 20


@pytest.mark.parametrize(
    ("name", "systems", "noted"),
    [("a:b_[#].png", "any", True), ("a:b_[#].png", "macos", False), ("a._[#].png", "any", False), ("x./a_[#].png", "windows", True)],
)  # fmt: skip
def test_names_that_no_windows_worker_holds_are_noted(
    panel: Panel, name: str, systems: str, noted: bool
) -> None:
    words = {"Format": "PNG Sequence", "Use Comp Frame Number": "true"}
    panel.app = project(item(modules=[{"name": "PNG", "file": f"/out/{name}", "settings": words}]))
    step = f"STMPO.settings.set('systems', '{systems}'); STMPO.queue.refresh()[0].notes.join()"
    assert ("not a valid file name on a Windows worker" in panel.value(step)) is noted
