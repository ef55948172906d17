"""Real projects that were once refused or read wrongly, with the right values."""

from __future__ import annotations

from pathlib import Path

import pytest

from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import OutputKind
from stmpo.project.item_checks import check_item
from stmpo.project.model import FileSequence, ItemStatus, Project
from stmpo.project.read import read_project

HARD = Path(__file__).resolve().parents[3] / "shared" / "data" / "projects" / "hard"

pytestmark = pytest.mark.skipif(not HARD.is_dir(), reason="needs projects in ../shared/data/projects/hard")


def read(name: str) -> Project:
    return read_project(HARD / f"{name}.aep")


def test_a_sequence_whose_names_are_only_a_number() -> None:
    (footage,) = read("sequence-named-by-number-only").footage
    assert footage.sequence == FileSequence("", 1, ".pdf", 0, 59)
    assert footage.path.endswith("/furniture-animating/frames/0.pdf")


def test_an_output_format_of_another_maker_hides_nothing() -> None:
    project = read("output-module-third-party-format")
    (item,) = project.items
    (output,) = item.outputs
    assert (output.format, output.kind) == ("", OutputKind.SINGLE_FILE)
    assert str(output.path).endswith("/Composizione 1.mov")
    assert [comp.name for comp in project.comps] == ["Composizione 1"]
    assert project.fonts == ("MyriadPro-Regular",)


def test_items_without_an_output_format() -> None:
    project = read("output-module-without-format")
    assert [item.status for item in project.items] == [ItemStatus.NEEDS_OUTPUT] * 3
    assert [output.path for item in project.items for output in item.outputs] == [None] * 3
    assert project.major == 17


def test_a_queue_item_whose_comp_is_gone() -> None:
    project = read("queue-item-whose-comp-is-gone")
    (item,) = project.items
    assert [str(finding) for finding in check_item(item, elsewhere=False)] == [
        "error: item 1: its comp is no longer in the project; remove it from the render queue"
    ]
    assert len(project.footage) == 3


def test_a_project_that_is_older_than_the_reader_knows() -> None:
    with pytest.raises(
        BadInput, match=r"saved by After Effects 13 \(CC 2014 or CC 2015\), and this reader needs 15"
    ):
        read("saved-by-cc2014")


def test_a_version_with_another_bit_set() -> None:
    project = read("version-word-with-bit-30")
    assert (project.version, project.major, project.newer_than_known) == ("17.0", 17, False)


def test_the_font_of_an_empty_text_is_not_demanded() -> None:
    assert read("empty-text-layer-with-font").fonts == ()
