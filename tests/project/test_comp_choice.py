"""The comp of a render is found, or one line says what to do; frames outside it are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.project.comp_choice import choose_by_item, choose_by_name, describe_outside, frames_outside
from stmpo.project.model import Comp, ItemStatus, Project, QueueItem


def comp(number: int, name: str, *, first: int = 0, frames: int = 50) -> Comp:
    return Comp(number, name, 1920, 1080, 25.0, first, frames)


def item(index: int, of: Comp, status: ItemStatus = ItemStatus.QUEUED) -> QueueItem:
    return QueueItem(index, of.name, of.id, status, FrameSet.between(of.first, of.last), (), None)


def project(comps: list[Comp], items: list[QueueItem] | None = None) -> Project:
    return Project(Path("/p/shot.aep"), "26.0", 26, tuple(comps), tuple(items or ()), (), ())


MAIN, SKY = comp(1, "Main"), comp(2, "Sky", first=-10, frames=20)


def test_the_comp_of_a_name_and_its_queue_item() -> None:
    found = choose_by_name(project([MAIN, SKY], [item(1, SKY, ItemStatus.DONE), item(2, SKY)]), "Sky")
    assert (found.comp, found.note) == (SKY, "")
    assert found.item is not None
    assert found.item.index == 2, "a done item is not rendered by aerender"
    assert choose_by_name(project([MAIN]), "Main").item is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Mian", 'there is no comp "Mian"; did you mean "Main"? it has "Main", "Sky"'),
        ("MAIN", 'there is no comp "MAIN"; did you mean "Main"? Capitals and blanks count'),
        (" Main", 'did you mean "Main"? Capitals'),
        ("xyzzy", 'there is no comp "xyzzy"; it has "Main", "Sky"'),
        ("a\nb", 'there is no comp "a b"'),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest_one(name: str, words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        choose_by_name(project([MAIN, SKY]), name)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_many_comps_are_named_in_part() -> None:
    with pytest.raises(BadInput, match=r'"c7" and 12 more$'):
        choose_by_name(project([comp(at, f"c{at}") for at in range(20)]), "other")
    with pytest.raises(BadInput, match=r"the project has no comps$"):
        choose_by_name(project([]), "Main")


def test_of_two_comps_of_one_name_the_queued_one_is_meant() -> None:
    other = comp(3, "Main", frames=240)
    found = choose_by_name(project([MAIN, other], [item(1, MAIN, ItemStatus.DONE), item(2, other)]), "Main")
    assert found.comp is other
    assert '2 comps are named "Main"; queue item 2 is rendered' in found.note
    assert "frames 0-239" in found.note


def test_two_comps_of_one_name_without_a_queue_item_are_refused() -> None:
    with pytest.raises(BadInput, match=r'has 2 comps named "Main" \(.*0-49; .*0-239\); rename one'):
        choose_by_name(project([MAIN, comp(3, "Main", frames=240)]), "Main")


def test_the_comp_of_a_queue_item() -> None:
    gone = QueueItem.unreadable(2, "its comp is no longer in the project")
    held = project([MAIN], [item(1, MAIN), gone])
    assert choose_by_item(held, 1).comp is MAIN
    with pytest.raises(BadInput, match="queue item 2: its comp is no longer in the project"):
        choose_by_item(held, 2)
    with pytest.raises(BadInput, match="no queue item 3; the render queue has 2 items"):
        choose_by_item(held, 3)


@pytest.mark.parametrize(
    ("frames", "outside"),
    [("0-49", ""), ("0-60", "50-60"), ("-2-3,49,50", "-2--1,50"), ("100", "100")],
)
def test_frames_outside_the_comp(frames: str, outside: str) -> None:
    assert str(frames_outside(MAIN, FrameSet.parse(frames))) == outside


def test_frames_outside_are_described_in_one_short_line() -> None:
    text = describe_outside(SKY, frames_outside(SKY, FrameSet.parse("0-2000:3")))
    assert text.startswith("663 frames (12,15,18,")
    assert 'outside the comp "Sky", which has frames -10-9' in text
    assert len(text) < 200
