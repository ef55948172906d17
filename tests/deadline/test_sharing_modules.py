"""Whether a queue item can be shared out by After Effects itself, as its project says."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from stmpo.engine.strategy_choice import choose_strategy
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.processes import containment
from stmpo.project import read as project_reader
from stmpo.renderers.aerender import Aerender
from stmpo.scheduling.cost_history import CostHistory
from stmpo.testing import FAKE_AERENDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from tests.deadline.lot import Lot


def chosen(asked: str, wanted: RenderJob, renderer: Aerender, environ: Mapping[str, str]) -> tuple[str, str]:
    """The choice, made in an event loop and with renderers contained."""
    with containment():
        choice = asyncio.run(
            choose_strategy(
                asked,
                wanted,
                renderer,
                environ,
                frames=FrameSet.between(1, 9),
                slots=2,
                known=CostHistory(),
            )
        )
    return choice.name, choice.warning


NEW = Aerender((sys.executable, str(FAKE_AERENDER)))


def job(project: Path, comp: str | None, rqindex: int | None) -> RenderJob:
    output = OutputPattern.parse("f_[###].png", project.parent)
    return RenderJob(
        project=project, comp=comp, rqindex=rqindex, frames=FrameSet.between(1, 9), output=output
    )


def test_an_item_with_a_second_output_module_is_stolen_instead_of_shared(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot.queue(lot.comp("One"))
    lot.queue(lot.comp("Two"))
    path = lot.save()
    project = project_reader.read_project(path)
    one, two = project.items
    two = replace(two, outputs=two.outputs * 2)
    monkeypatch.setattr(project_reader, "read_project", lambda _: replace(project, items=(one, two)))
    for comp, item in (("One", None), (None, 1), ("elsewhere", None)):
        assert chosen("shared", job(path, comp, item), NEW, os.environ) == ("shared", "")
    for comp, item in (("Two", None), (None, 2)):
        rule, why = chosen("shared", job(path, comp, item), NEW, os.environ)
        assert rule == "steal"
        assert why.endswith("needs a queue item with one output module, item 2 has 2; steal is used")


def test_a_project_that_cannot_be_read_is_left_to_after_effects(tmp_path: Path) -> None:
    path = tmp_path / "a.aep"
    path.write_bytes(b"RIFX a project")
    assert chosen("shared", job(path, "Main", None), NEW, os.environ) == ("shared", "")
