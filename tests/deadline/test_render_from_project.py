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
