"""What a project needs of a worker besides its files is said, and what comes with After Effects is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stmpo.model.frames import FrameSet
from stmpo.project.model import Comp, ItemStatus, Project, QueueItem
from stmpo.project.render_needs import CINEMA_4D, foreign_effects, launch_hints, render_needs, renderer_name

INNER = Comp(2, "Inner", 64, 36, 25.0, 0, 50, renderer=CINEMA_4D)
MAIN = Comp(1, "Main", 64, 36, 25.0, 0, 50, renderer="ADBE Advanced 3d", sources=frozenset({2, 77}))
OTHER = Comp(3, "Other", 64, 36, 25.0, 0, 50)
PROJECT = Project(Path("/p/shot.aep"), "26.0", 26, (MAIN, INNER, OTHER), (), (), (), gpu="CUDA")


def item(comp: Comp) -> QueueItem:
    return QueueItem(1, comp.name, comp.id, ItemStatus.QUEUED, FrameSet.between(0, 1), (), None)


@pytest.mark.parametrize(
    "name",
    ["ADBE Fill", "CC Ball Action", "APC Shatter", "Keylight 906", "Pseudo/abc", "VISINF Grain Implant"],
)
def test_effects_that_come_with_after_effects_are_no_plug_ins(name: str) -> None:
    assert foreign_effects(replace(PROJECT, effects=(name,))) == ()


def test_plug_ins_are_named_once() -> None:
    project = replace(PROJECT, effects=("tc Particular", "ADBE Fill", "S_Glow", "tc Particular"))
    assert foreign_effects(project) == ("S_Glow", "tc Particular")
    (warning,) = render_needs(project, [item(OTHER)])
    assert "effects that do not come with After Effects: S_Glow, tc Particular; install" in warning


def test_a_renderer_of_a_nested_comp_is_named_for_the_items_that_draw_it() -> None:
    (warning,) = render_needs(PROJECT, [item(MAIN)])
    assert warning.startswith(
        "uses the 3D renderer Cinema 4D in Inner; workers need it installed and licensed"
    )
    assert list(render_needs(PROJECT, [item(OTHER)])) == []
    assert [renderer_name(comp) for comp in (MAIN, INNER)] == ["Classic 3D", "Cinema 4D"]


def test_hints_for_a_renderer_that_ends_while_it_starts() -> None:
    assert launch_hints(PROJECT, MAIN) == ("3D renderer Cinema 4D", "GPU acceleration by CUDA")
    assert launch_hints(PROJECT, OTHER) == ("GPU acceleration by CUDA",)
    assert launch_hints(replace(PROJECT, gpu="SOFTWARE", effects=("S_Glow",)), OTHER) == ("plug-ins S_Glow",)
    assert launch_hints(PROJECT) == ("3D renderer Cinema 4D", "GPU acceleration by CUDA")
