"""One odd queue item hides neither the others nor the project; each shows the frames that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from py_aep import OutputFormat, RQItemStatus

from stmpo.cli.main import run
from stmpo.model.output_pattern import OutputKind
from stmpo.project.item_checks import check_item
from stmpo.project.read import read_project

if TYPE_CHECKING:
    from tests.deadline.lot import Lot


def findings(lot: Lot, index: int = 1) -> list[str]:
    item = read_project(lot.save()).item(index)
    return [str(finding) for finding in check_item(item, elsewhere=False)]


def test_an_item_whose_comp_is_gone_stands_between_others(
    lot: Lot, capsys: pytest.CaptureFixture[str]
) -> None:
    lot.queue(lot.comp("First"))
    lot.queue(lot.comp("Gone"))._ldat.comp_id = 9999
    lot.queue(lot.comp("Last"))
    project = read_project(lot.save())
    assert [item.comp for item in project.items] == ["First", "", "Last"]
    assert [bool(item.problem) for item in project.items] == [False, True, False]
    assert run(["inspect", str(project.path)]) == 0
    assert "  2. its comp is no longer in the project" in capsys.readouterr().out
    assert run(["bundle", str(project.path), "-o", str(lot.folder / "b"), "--item", "2"]) == 2
    assert "error: item 2: its comp is no longer in the project; remove it" in capsys.readouterr().err


def test_a_damaged_item_is_named_with_its_reason(lot: Lot) -> None:
    lot.queue(lot.comp("First"))
    lot.queue(lot.comp("Odd"))._ldat.time_span_source = 99
    first, odd = read_project(lot.save()).items
    assert (first.comp, first.problem) == ("First", "")
    assert odd.problem.startswith("cannot be read (")


@pytest.mark.parametrize(
    ("output", "kind"),
    [("out/a_[####].xyz", OutputKind.SEQUENCE), ("out/a.xyz", OutputKind.SINGLE_FILE)],
)
def test_the_name_says_what_an_unknown_format_writes(lot: Lot, output: str, kind: OutputKind) -> None:
    module = lot.queue(lot.comp(), output).output_modules[0]
    module._roou.format_id = "AFCO"
    (item,) = read_project(lot.save()).items
    assert (item.outputs[0].kind, item.outputs[0].format) == (kind, "")
    assert str(item.outputs[0].path).endswith(output)


def test_an_extension_that_nobody_knows_is_said(lot: Lot) -> None:
    module = lot.queue(lot.comp(), "out/a [v2].[fileExtension]").output_modules[0]
    module._roou.format_id = "AFCO"
    assert "its file name holds [fileExtension], whose value is not known here; write it out" in "".join(
        findings(lot)
    )


def test_a_done_item_shows_the_span_that_was_rendered(lot: Lot) -> None:
    """After Effects stores it; the comp's work area may be another now."""
    for status in (RQItemStatus.DONE, RQItemStatus.QUEUED):
        comp = lot.comp(status.name, seconds=2.0, rate=12.0, start=100)
        item = lot.queue(comp)
        item.status = status
        stored = item._ldat
        stored.time_span_start, stored.time_span_duration = 0.5, 0.25
        comp.work_area_start_frame, comp.work_area_duration_frame = 12, 6
    done, queued = read_project(lot.save()).items
    assert (str(done.frames), str(queued.frames)) == ("106-108", "112-117")


def test_a_single_frame_without_a_number_is_known(lot: Lot) -> None:
    """As "Save Frame As" queues it."""
    item = lot.queue(lot.comp(), "Comp 1 (0;00;00;00).jpg")
    lot.format(item.output_modules[0], OutputFormat.JPEG_SEQUENCE)
    item.time_span_start_frame, item.time_span_duration_frames = 3, 1
    (read,) = read_project(lot.save()).items
    assert read.outputs[0].exact_name
    assert "writes a single frame without a number in its name (" in "".join(findings(lot))
    item.time_span_duration_frames = 2
    (read,) = read_project(lot.save()).items
    assert not read.outputs[0].exact_name


def test_two_modules_are_refused_for_the_reason_that_holds(lot: Lot) -> None:
    films = lot.queue(lot.comp("Film"), "out/a.mov")
    films.add()
    for module in films.output_modules:
        lot.format(module, OutputFormat.QUICKTIME)
    lot.queue(lot.comp("Frames")).add()
    assert "has 2 output modules, and only the first one is delivered; " in findings(lot, 1)[0]
    assert (
        "has 2 output modules, and every process would write the others to the same place"
        in findings(lot, 2)[0]
    )
