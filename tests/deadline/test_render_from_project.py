"""`stmpo render shot.aep --rqindex N` takes from the project what is not given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from py_aep import RQItemStatus

from stmpo.cli.main import run
from stmpo.project import read as project_reader
from stmpo.testing import FAKE_AERENDER, Scenario, frame_stamp

if TYPE_CHECKING:
    from tests.deadline.lot import Lot


@pytest.fixture
def render(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command, but for the project and what is asked of it."""
    for name, value in Scenario().environment(lot.folder / "stage").items():
        monkeypatch.setenv(name, value)
    quick = ["--aerender-path", str(FAKE_AERENDER), "--spawn-delay", "0", "--concurrency", "2"]
    return ["render", *quick, "--scratch-dir", str(lot.folder / "scratch")]


def test_frames_and_output_come_from_the_queue_item(lot: Lot, render: list[str]) -> None:
    lot.queue(lot.comp("Other"))
    lot.queue(lot.comp("Main", seconds=0.5, start=100), "out/[compName]_[####].[fileExtension]")
    assert run([*render, str(lot.save()), "--rqindex", "2"]) == 0
    frames = sorted((lot.folder / "out").glob("Main_*.tif"))
    assert [path.name for path in frames] == [f"Main_{n:04d}.tif" for n in range(100, 106)]
    assert [frame_stamp(path) for path in frames] == list(range(100, 106))


def test_what_is_given_wins(lot: Lot, render: list[str]) -> None:
    lot.queue(lot.comp("Main"))
    output = lot.folder / "mine" / "f_[##].png"
    assert run([*render, str(lot.save()), "--rqindex", "1", "--frames", "3-4", "--output", str(output)]) == 0
    assert {path.name for path in output.parent.glob("*.png")} == {"f_03.png", "f_04.png"}


def test_an_item_that_would_not_render_is_refused(
    lot: Lot, render: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lot.queue(lot.comp("Main")).status = RQItemStatus.DONE
    project = str(lot.save())
    assert run([*render, project, "--rqindex", "1"]) == 2
    assert "queue item 1 (Main) is already done" in capsys.readouterr().err
    assert run([*render, project, "--rqindex", "2"]) == 2
    assert "no queue item 2; the render queue has 1 item" in capsys.readouterr().err


def test_without_py_aep_the_option_is_asked_for(
    lot: Lot, render: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lot.queue(lot.comp("Main"))
    monkeypatch.setattr(project_reader, "available", lambda: False)
    assert run([*render, str(lot.save()), "--rqindex", "1"]) == 2
    assert "--output is missing" in capsys.readouterr().err


def _given(lot: Lot, *options: str) -> list[str]:
    return [*options, "--output", str(lot.folder / "mine" / "f_[##].png")]


def test_a_wrong_comp_is_refused_with_the_nearest_name(
    lot: Lot, render: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lot.comp("Main", seconds=1)
    lot.comp("Titles", seconds=1)
    project = str(lot.save())
    assert run([*render, project, *_given(lot, "--comp", "Mian", "--frames", "0-3")]) == 2
    said = capsys.readouterr().err
    assert 'there is no comp "Mian"; did you mean "Main"?' in said
    assert "Titles" in said
    assert run([*render, project, *_given(lot, "--comp", "main", "--frames", "0-3")]) == 2
    assert 'did you mean "Main"? Capitals and blanks count' in capsys.readouterr().err
    assert run([*render, project, *_given(lot, "--comp", "Main", "--frames", "0-3")]) == 0


def test_a_wrong_queue_item_is_refused_even_if_frames_and_output_are_given(
    lot: Lot, render: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lot.queue(lot.comp("Main")).status = RQItemStatus.DONE
    project = str(lot.save())
    assert run([*render, project, *_given(lot, "--rqindex", "1", "--frames", "0-3")]) == 2
    assert "queue item 1 (Main) is already done" in capsys.readouterr().err
    assert run([*render, project, *_given(lot, "--rqindex", "7", "--frames", "0-3")]) == 2
    assert "no queue item 7" in capsys.readouterr().err


def test_frames_outside_the_comp_are_refused_unless_blank_ones_are_allowed(
    lot: Lot, render: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lot.comp("Main", seconds=0.5, start=100)
    project = str(lot.save())
    options = _given(lot, "--comp", "Main", "--frames", "99-107")
    assert run([*render, project, *options]) == 2
    said = capsys.readouterr().err
    assert 'outside the comp "Main", which has frames 100-105' in said
    assert "--allow-blank" in said
    assert run([*render, project, *options, "--allow-blank"]) == 0
    assert len(list((lot.folder / "mine").glob("f_*.png"))) == 9


def test_of_two_comps_of_one_name_the_queued_one_is_named(
    lot: Lot, render: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lot.comp("Main", seconds=1)
    project = lot.save()
    options = _given(lot, "--comp", "Main", "--frames", "0-3")
    lot.comp("Main", seconds=2)
    project = lot.save()
    assert run([*render, str(project), *options]) == 2
    assert 'has 2 comps named "Main"' in capsys.readouterr().err
    lot.queue(lot.comp("Main", seconds=3))
    assert run([*render, str(lot.save()), *options]) == 0
    assert "queue item 1 is rendered" in capsys.readouterr().out
