"""The panel's user interface, drawn in a browser and used there by mouse and keyboard.

The page runs all of the panel's own files over the ScriptUI layer of `browser/` and a host in memory. A click
goes through settings, queue, checks, bundle and submission as in After Effects, up to a fake Deadline Cloud
client.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.panel.browser.page import SAMPLE, app_of, page, queue_item
from tests.panel.browser.webdriver import Browser, browser, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

JOB = "job-0123456789abcdef0123456789abcdef"
SENT = {"lines": ["Uploading 3 of 7 files", f'{{"status": "SUBMITTED", "jobId": "{JOB}"}}']}
LOG = (
    "var path = STMPO.files.own('panel.log');"
    "var log = STMPO.files.fileAt(path).exists ? STMPO.files.readText(path).trim().split('\\n') : [];"
)
FIND = "var root = document.querySelector('#dock').scriptui; var it = root.findElement(arguments[0]);"


class Page:
    """The panel in the page; controls are found by the names that the panel gives them."""

    def __init__(self, window: Browser, folder: Path) -> None:
        self.window = window
        self.folder = folder

    def show(self, width: int = 420, height: int = 640, *, app: Any = None, client: Any = None) -> Page:
        """Open a new panel in a dock of this size."""
        path = self.folder / "panel.html"
        path.write_text(page(app, client), encoding="utf-8")
        self.window.open(path, width, height)
        self.window.run("host.pace = 0.02")
        assert self.run("return faults") == []
        return self

    def run(self, script: str, *arguments: object) -> Any:
        return self.window.run(script, *arguments)

    def get(self, name: str, what: str) -> Any:
        """A property of a control."""
        return self.run(f"{FIND} return it && it.{what}", name)

    def click(self, name: str, inner: str = "") -> None:
        self.window.click(
            f"{FIND} return it.node.querySelector(arguments[1]) || it.node", name, inner or "input"
        )

    def write(self, name: str, text: str) -> None:
        self.window.write(f"{FIND} return it.node.querySelector('input')", text, name)

    def pick(self, name: str, text: str) -> None:
        """Choose an item of a dropdown list."""
        script = f"{FIND} var list = it.node.firstChild; list.selectedIndex = it.find(arguments[1]).index;"
        self.run(script + "list.dispatchEvent(new Event('change'))", name, text)

    def rows(self) -> list[list[str]]:
        script = "return Array.from(document.querySelectorAll('.row')).map(r => Array.from(r.children).map(c => c.textContent))"
        return list(self.run(script))

    def row(self, number: int, holding: str = "") -> None:
        self.window.click(
            "return document.querySelectorAll('.row')[arguments[0]]", number - 1, holding=holding
        )

    def chosen(self) -> list[int]:
        return [item + 1 for item in self.run(f"{FIND} return it.chosen.map(i => i.index)", "queue")]

    def head(self) -> tuple[str, str]:
        """Return the tone and the text of the status line."""
        script = "return Array.from(document.querySelectorAll('.statictext')).map(n => n.scriptui)"
        shown = self.run(
            f"{script}.filter(e => e.visible && e.text && ['plain', 'warning', 'error', 'good'].includes(e.name))"
            ".map(e => [e.name, e.text])"
        )
        assert len(shown) == 1
        return shown[0][0], shown[0][1]

    def wait(self, text: str) -> tuple[str, str]:
        """Wait until the status line contains this text."""
        end = time.monotonic() + 20
        while text not in (head := self.head())[1]:
            assert time.monotonic() < end, head
            time.sleep(0.02)
        return head

    def setting(self, key: str) -> Any:
        return self.run("return STMPO.settings.get(arguments[0])", key)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture
def panel(window: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page; fails if anything in it raised or logged an error."""
    shown = Page(window, tmp_path)
    yield shown
    assert shown.run("return faults") == []
    assert shown.run(LOG + "return log.filter(line => line.indexOf(' panel: ') > 0)") == []


class TestList:
    def test_each_item_has_its_frames_output_and_state_and_those_queued_are_chosen(self, panel: Page) -> None:
        panel.show(640)
        assert [row if row[0] < "4" else [*row[:4], "cannot"] for row in panel.rows()] == [
            ["1", "010_Opening_v03", "1-240", "010_Opening_[#####].exr", "queued"],
            ["2", "020_Harbour_v07", "1001-1180", "020_Harbour_[#####].exr", "queued"],
            ["3", "030_Storm_v02", "1-312", "030_Storm_[#####].exr", "queued"],
            ["4", "040_Lighthouse_v05", "0-95", "none", "cannot"],
            ["5", "001_Logo_v11", "0-49", "Logo_[####].exr", "cannot"],
        ]
        assert "output" in panel.rows()[3][4]
        assert "done" in panel.rows()[4][4]
        assert panel.chosen() == [1, 2, 3]
        assert panel.get("count", "text") == "Render queue: 3 of 5 selected"
        assert panel.head() == ("plain", "3 items, 732 frames to submit")

    def test_an_item_that_cannot_be_sent_says_why_and_cannot_be_chosen(self, panel: Page) -> None:
        odd = [
            queue_item(1, "Numbers", 1, 10, "/out/n_[####].exr", numbered=False),
            queue_item(2, "Two", 1, 10, "/out/t_[####].exr", modules=2),
        ]
        panel.show(app=app_of(odd))
        panel.row(1)
        assert panel.chosen() == []
        assert panel.head() == ("plain", "Select the items to submit")
        assert not panel.get("ok", "enabled")
        told = panel.get("details", "text")
        assert '"Use Comp Frame Number" off' in told
        assert "Item 2 has 2 output modules" in told

    def test_what_is_chosen_is_remembered_in_the_project(self, panel: Page) -> None:
        panel.show()
        panel.row(1)
        panel.row(3, holding="Control")
        assert panel.chosen() == [1, 3]
        panel.click("refresh")
        assert panel.chosen() == [1, 3]
        panel.row(2, holding="Shift")
        assert panel.chosen() == [2, 3]
        panel.click("all")
        assert panel.chosen() == [1, 2, 3]

    def test_the_queue_is_followed_when_the_pointer_comes_back(self, panel: Page) -> None:
        panel.show()
        panel.run("app.project.renderQueue.item(1).comp.name = 'Renamed'")
        panel.run(POINTER_COMES_BACK)
        assert panel.rows()[0][1] == "Renamed"

    def test_one_chosen_items_frames_can_be_changed_and_given_back(self, panel: Page) -> None:
        panel.show()
        assert not panel.get("frames", "enabled")
        panel.row(2)
        assert panel.get("frames", "text") == "1001-1180"
        panel.write("frames", "1001-1010,1100")
        assert panel.rows()[1][2] == "1001-1010,1100"
        panel.write("frames", "seven")
        assert panel.head()[0] == "error"
        assert panel.get("frames", "text") == "1001-1010,1100"
        panel.write("frames", "")
        assert panel.rows()[1][2] == "1001-1180"

    def test_two_hundred_items_are_read_and_drawn(self, panel: Page) -> None:
        many = [queue_item(n, f"Shot {n}", 1, 24, f"/out/{n}_[####].exr") for n in range(1, 201)]
        panel.show(app=app_of(many))
        assert len(panel.rows()) == 200
        assert panel.get("count", "text") == "Render queue: 200 of 200 selected"

    def test_no_project_is_an_empty_queue(self, panel: Page) -> None:
        panel.show(app={"version": "25.1x68", "project": None})
        assert panel.rows() == []
        assert panel.head() == ("error", "This cannot be submitted yet")


class TestSettings:
    def test_a_profile_sets_its_values_and_the_plan_follows(self, panel: Page) -> None:
        panel.show()
        assert panel.get("profile", "selection.text") == "Standard"
        panel.pick("worker", "256 threads, 1024 GB")
        panel.pick("profile", "Farm: many small processes")
        assert panel.setting("DisableMFR") is True
        assert panel.get("plan", "text").startswith("Plan: 32 processes, 8 threads each")
        panel.pick("profile", "Hero: few large processes")
        assert panel.setting("RamPerProcessGB") == 48
        assert panel.get("plan", "text").startswith("Plan: 16 processes, 16 threads each")
        panel.pick("profile", "Standard")
        assert panel.setting("RamPerProcessGB") == 32

    def test_the_others_are_folded_away_and_shown_a_group_at_a_time(self, panel: Page) -> None:
        panel.show()
        assert panel.get("MaxFrameRetries", "text") is None
        panel.click("fold")
        panel.write("MaxFrameRetries", "5")
        panel.click("NoKillOnFail")
        assert (panel.setting("MaxFrameRetries"), panel.setting("NoKillOnFail")) == (5, True)
        panel.pick("group", "Processes")
        assert panel.get("MaxFrameRetries", "text") is None
        panel.pick("Strategy", "shared")
        assert panel.setting("Strategy") == "shared"
        panel.pick("group", "Frames")
        assert panel.get("MaxFrameRetries", "text") == "5"
        panel.click("reset", "none")
        assert panel.get("MaxFrameRetries", "text") == "2"

    def test_every_setting_of_the_table_can_be_reached(self, panel: Page) -> None:
        panel.show(420, 900)
        panel.click("fold")
        seen = {"FramesPerTask", "priority"}
        for group in panel.run(f"{FIND} return it.items.map(i => i.text)", "group"):
            panel.pick("group", group)
            seen |= set(
                panel.run(
                    "return STMPO.settings.table.map(e => e.key).filter(k => document.querySelector('#dock').scriptui.findElement(k))"
                )
            )
        assert seen == set(panel.run("return STMPO.settings.table.map(e => e.key)"))

    def test_a_value_that_cannot_be_is_refused_with_the_reason(self, panel: Page) -> None:
        panel.show()
        panel.write("FramesPerTask", "0")
        assert panel.head() == ("error", "Frames per task: at least 1")
        assert panel.get("FramesPerTask", "text") == ""
        panel.write("priority", "70")
        assert panel.setting("priority") == 70
        panel.write("priority", "")
        assert panel.setting("priority") is None

    def test_a_folder_is_chosen_in_a_dialog(self, panel: Page) -> None:
        panel.show()
        panel.click("fold")
        panel.pick("group", "Job")
        panel.run("host.answers.push('/Volumes/a & b/100%/ü')")
        panel.window.click(f"{FIND} return it.node.nextSibling", "outputDir")
        assert panel.get("outputDir", "text") == "/Volumes/a & b/100%/ü"


class TestSubmission:
    def test_the_job_id_is_shown_where_it_can_be_copied(self, panel: Page) -> None:
        panel.show(client=SENT)
        panel.click("ok")
        assert panel.wait("Submitted") == ("good", "Submitted 3 items")
        assert panel.get("details", "text") == JOB
        assert panel.get("ok", "text") == "Submit"
        asked = panel.run("return host.asked")
        assert "'bundle' 'gui-submit'" in asked
        template = json.loads(panel.run("return host.bundle['template.json']"))
        assert [step["name"] for step in template["steps"]] == [
            "010_Opening_v03",
            "020_Harbour_v07",
            "030_Storm_v02",
        ]

    def test_without_review_it_is_sent_directly(self, panel: Page) -> None:
        panel.show(client=SENT)
        panel.click("review")
        panel.click("ok")
        panel.wait("Submitted")
        assert "'bundle' 'submit'" in panel.run("return host.asked")

    def test_what_the_client_does_is_said_and_can_be_cancelled(self, panel: Page) -> None:
        panel.show(client={"lines": ["Uploading 3 of 7 files"] * 2, "pause": 60_000})
        panel.click("ok")
        panel.wait("Uploading 3 of 7 files")
        assert panel.get("ok", "text") == "Cancel"
        panel.click("ok")
        assert panel.wait("Cancelled") == ("plain", "Cancelled, nothing was sent")
        assert panel.get("ok", "text") == "Submit"

    def test_an_error_of_the_client_is_shown_with_all_that_it_said(self, panel: Page) -> None:
        panel.show(
            client={"lines": ["Submitting"], "errors": "Traceback\nAccessDenied: not in this farm", "code": 1}
        )
        panel.click("ok")
        assert panel.wait("AccessDenied")[0] == "error"
        assert "Traceback" in panel.get("details", "text")

    def test_nobody_logged_in_is_found_before_anything_is_sent(self, panel: Page) -> None:
        panel.show(client={"login": "NEEDS_LOGIN"})
        panel.click("ok")
        assert panel.head() == ("error", "1 problem to solve first")
        assert "log in" in panel.get("details", "text")
        assert panel.run("return host.bundle || null") is None

    def test_an_unsaved_project_is_saved_by_the_same_button(self, panel: Page) -> None:
        panel.show(app=app_of(SAMPLE, dirty=True), client=SENT)
        assert panel.get("ok", "text") == "Save and submit"
        panel.click("ok")
        panel.wait("Submitted")
        assert panel.run("return host.saved") == 1

    def test_warnings_are_shown_first_and_sent_with_a_second_press(self, panel: Page) -> None:
        movie = [queue_item(1, "Titles", 1, 20, "/out/Titles.mov")]
        panel.show(app=app_of(movie), client=SENT)
        panel.click("ok")
        assert panel.head() == ("warning", "1 warning")
        assert panel.get("details", "text").startswith("Warning: Item 1 writes one file")
        assert panel.get("ok", "text") == "Submit anyway"
        panel.click("ok")
        panel.wait("Submitted")

    def test_scripts_that_may_not_write_are_told_of_before_the_press(self, panel: Page) -> None:
        panel.show(app=app_of(SAMPLE, mayWrite=False))
        assert panel.head() == ("error", "This cannot be submitted yet")
        assert "Scripting & Expressions" in panel.get("details", "text")

    def test_a_queue_that_changed_since_is_read_again_before_anything_is_sent(self, panel: Page) -> None:
        panel.show(client=SENT)
        panel.run("host.queue[1].status = RQItemStatus.DONE")
        panel.click("ok")
        panel.wait("Submitted 2 items")
        steps = json.loads(panel.run("return host.bundle['template.json']"))["steps"]
        assert [step["name"] for step in steps] == ["010_Opening_v03", "030_Storm_v02"]

    def test_a_press_is_for_what_stood_there(self, panel: Page) -> None:
        """If the queue has fewer items than were shown, they are shown first and not sent."""
        panel.show(client=SENT)
        panel.run("host.queue[1].status = RQItemStatus.DONE")
        panel.run(PRESS)
        assert panel.head() == ("plain", "2 items, 552 frames to submit")
        assert panel.run("return host.asked") is None
        panel.run(PRESS)
        panel.wait("Submitted 2 items")

    def test_other_warnings_than_were_shown_are_shown_before_anything_is_sent(self, panel: Page) -> None:
        panel.show(app=app_of([queue_item(1, "Titles", 1, 20, "/out/Titles.mov")]), client=SENT)
        panel.run(PRESS)
        assert panel.head() == ("warning", "1 warning")
        panel.run("host.queue[0].getSettings = () => ({ 'Frame Rate': 1, 'Use this frame rate': 99 })")
        panel.run(PRESS)
        assert panel.head() == ("warning", "2 warnings")
        panel.run(PRESS)
        panel.wait("Submitted")

    def test_what_is_typed_counts_when_the_button_is_pressed(self, panel: Page) -> None:
        """A button need not take the focus from a field, so the field has not reported its text."""
        panel.show(client=SENT)
        panel.row(2)
        panel.run(TYPE, "frames", "seven")
        panel.run(PRESS)
        assert panel.head()[0] == "error"
        assert panel.run("return host.asked") is None
        panel.run(TYPE, "frames", "1001-1003")
        panel.run(PRESS)
        panel.wait("Submitted 1 item")
        assert "1001-1003" in panel.run("return host.bundle['template.json']")

    def test_nothing_is_saved_that_the_button_did_not_say(self, panel: Page) -> None:
        """Typed text is stored in the project's metadata, so the project has unsaved changes then."""
        one = [queue_item(1, "Only", 1, 20, "/out/a_[####].exr")]
        panel.show(app=app_of(one), client=SENT)
        panel.run(TYPE, "frames", "3-5")
        panel.run(PRESS)
        assert (panel.get("ok", "text"), panel.run("return host.saved")) == ("Save and submit", None)
        assert panel.head() == ("plain", "1 item, 3 frames to submit")
        panel.run(PRESS)
        panel.wait("Submitted 1 item")
        assert panel.run("return host.saved") == 1

    def test_a_field_that_is_left_unchanged_takes_no_answer_away(self, panel: Page) -> None:
        panel.show(app=app_of([queue_item(1, "Titles", 1, 20, "/out/Titles.mov")]), client=SENT)
        panel.run(PRESS)
        for name in ("frames", "FramesPerTask"):
            panel.run(FIND + "it.notify('onChange')", name)
        assert panel.get("ok", "text") == "Submit anyway"

    def test_files_and_folders_are_added_to_what_travels(self, panel: Page) -> None:
        panel.show()
        panel.click("fold")
        panel.pick("group", "Job")
        panel.run("host.put('/ocio/config.ocio', 'x'); host.put('/a b.txt', 'x')")
        panel.run("host.answers.push('/ocio', '/a b.txt')")
        panel.click("alsoFolder", "none")
        panel.click("alsoFile", "none")
        assert panel.setting("also") == "/ocio | /a b.txt"
        assert panel.run("return STMPO.footage.inputs([]).slice(0, 2)") == [
            "/Volumes/shows/harbour/harbour.aep", "/a b.txt",
        ]  # fmt: skip

    def test_the_job_id_stays_until_a_person_does_something_else(self, panel: Page) -> None:
        panel.show(client=SENT)
        panel.click("ok")
        panel.wait("Submitted")
        panel.run("host.queue[1].status = RQItemStatus.DONE")
        panel.run(POINTER_COMES_BACK)
        assert "done" in panel.rows()[1][-1]
        assert panel.get("details", "text") == JOB
        panel.row(1)
        assert panel.head() == ("plain", "1 item, 240 frames to submit")

    def test_a_defect_is_said_and_logged_and_the_panel_goes_on(self, window: Browser, tmp_path: Path) -> None:
        panel = Page(window, tmp_path).show()
        panel.run(
            "window.kept = STMPO.queue.refresh; STMPO.queue.refresh = function () { throw new Error('no such comp'); }"
        )
        panel.click("refresh")
        assert panel.head() == ("error", "no such comp")
        assert panel.run(LOG + "return log.pop()").endswith("panel: no such comp")
        panel.run("STMPO.queue.refresh = kept")
        panel.click("refresh")
        assert panel.head()[0] == "plain"

    def test_a_bundle_is_exported_into_a_folder_of_its_own(self, panel: Page) -> None:
        panel.show()
        panel.click("fold")
        panel.run(
            "host.answers.push('/Users/anna/out', '/Users/anna/out'); host.put('/Users/anna/out/other', '')"
        )
        panel.click("export", "none")
        assert panel.head()[0] == "good", panel.get("details", "text")
        assert panel.get("details", "text") == "/Users/anna/out/harbour-bundle"
        assert panel.run("return host.files.has('/Users/anna/out/harbour-bundle/template.json')")
        panel.click("export", "none")
        assert "already exists" in panel.head()[1]

    def test_an_unsaved_project_is_not_exported(self, panel: Page) -> None:
        panel.show(app=app_of(SAMPLE, dirty=True))
        panel.click("fold")
        panel.click("export", "none")
        assert panel.head() == ("error", "This cannot be exported yet")

    def test_a_panel_that_was_closed_meanwhile_raises_nothing(self, window: Browser, tmp_path: Path) -> None:
        """Its elements are invalid then; the submission is completed."""
        panel = Page(window, tmp_path).show(client={**SENT, "pause": 300})
        panel.click("ok")
        panel.wait("Uploading")
        panel.run(CLOSED)
        end = time.monotonic() + 20
        while panel.run("return STMPO.submission.active()"):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert panel.run("return faults") == []
        assert any(f"sent as {JOB}" in line for line in panel.run(LOG + "return log"))

    def test_the_log_opens_or_is_shown_here(self, panel: Page) -> None:
        panel.show(client=SENT)
        panel.click("ok")
        panel.wait("Submitted")
        panel.click("log", "none")
        assert panel.run("return host.opened")[0].endswith("/STMPO/panel.log")
        panel.run("host.opens = false")
        panel.click("log", "none")
        assert JOB in panel.get("details", "text")


class TestSizes:
    @pytest.mark.parametrize(
        ("width", "height", "unfolded"),
        [
            (320, 300, False),
            (320, 480, False),
            (320, 480, True),
            (420, 600, True),
            (420, 900, True),
            (900, 400, False),
        ],
    )
    def test_nothing_is_cut_off_or_lies_over_another(
        self, panel: Page, width: int, height: int, unfolded: bool
    ) -> None:
        """A panel that is too low hides the list or the fields, never the button."""
        panel.show(width, height)
        panel.run(OVERLAPS_DEFINED)
        if unfolded:
            panel.click("fold")
            panel.pick("group", "Processes")
        assert panel.run("return overlaps()") == []
        panel.window.resize(width, height + 300)
        assert panel.run("return overlaps()") == []
        assert panel.get("queue", "parent.visible")
        assert panel.get("profile", "parent.parent.visible")

    @pytest.mark.parametrize(("width", "height"), [(340, 420), (420, 440), (640, 560)])
    def test_every_group_of_settings_leaves_the_button_its_place(
        self, panel: Page, width: int, height: int
    ) -> None:
        """In the lowest panel with the most fields the details are hidden."""
        panel.show(width, height)
        panel.run(OVERLAPS_DEFINED)
        panel.click("fold")
        for group in panel.run(f"{FIND} return it.items.map(i => i.text)", "group"):
            panel.pick("group", group)
            assert panel.run("return overlaps()") == [], group

    def test_columns_follow_the_width_and_what_is_chosen_stays(self, panel: Page) -> None:
        panel.show(320, 640)
        panel.row(2)
        narrow = panel.get("queue", "properties.columnTitles")
        panel.window.resize(900, 640)
        assert panel.get("queue", "properties.columnTitles") == ["#", "Comp", "Frames", "Output", "State"]
        assert narrow == ["#", "Comp", "Frames", "State"]
        assert panel.chosen() == [2]
        assert panel.get("queue", "size.width") == 900 - 20

    def test_it_opens_as_a_window_where_it_is_not_docked(self, panel: Page, tmp_path: Path) -> None:
        path = tmp_path / "panel.html"
        path.write_text(page(), encoding="utf-8")
        panel.window.open(path, 640, 720, query="?window")
        title = panel.run("return document.querySelector('.palette').textContent")
        assert "Submit to Deadline Cloud" in title
        assert len(panel.rows()) == 5


CLOSED = (
    "var layout = document.querySelector('#dock').scriptui.layout;"
    "layout.layout = layout.resize = function () { throw new Error('Object is invalid') };"
)
PRESS = "document.querySelector('#dock').scriptui.findElement('ok').notify('onClick')"
TYPE = FIND + "it.node.querySelector('input').value = arguments[1]; it.notify('onChanging');"
POINTER_COMES_BACK = """
var then = Date.prototype.getTime;
Date.prototype.getTime = function () { return then.call(this) + 5000; };
document.querySelector('#dock').dispatchEvent(new MouseEvent('mouseenter'));
Date.prototype.getTime = then;
"""
"""Simulates a pointer that comes back after the panel's pause between two updates."""

OVERLAPS_DEFINED = """
window.overlaps = function () {
  var leaves = Array.from(document.querySelectorAll('.ui')).filter(n => !n.scriptui.isContainer && n.scriptui.visible
    && n.scriptui.size.height > 0 && getComputedStyle(n).visibility !== 'hidden' && (n.scriptui.text !== '' || n.scriptui.type !== 'statictext'));
  var boxes = leaves.map(n => [n.scriptui.name || n.textContent, n.getBoundingClientRect()]), wrong = [];
  boxes.forEach(([name, a], i) => {
    if (a.left < 0 || a.top < 0 || a.right > innerWidth || a.bottom > innerHeight) { wrong.push(name + ' outside'); }
    boxes.slice(i + 1).forEach(([other, b]) => {
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) { wrong.push(name + ' over ' + other); }
    });
  });
  return wrong;
};
"""
