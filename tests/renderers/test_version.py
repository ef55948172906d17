"""Which After Effects an aerender belongs to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.engine.strategy_choice import choose_strategy
from stmpo.model.frames import FrameSet, Span
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.protocol import Work
from stmpo.renderers.version import major_version
from stmpo.testing import FAKE_AERENDER

if TYPE_CHECKING:
    from pathlib import Path

ASKED = (sys.executable, str(FAKE_AERENDER))


def job(folder: Path, output: str = "f_[###].png") -> RenderJob:
    return RenderJob(
        project=folder / "a.aep",
        comp="Main",
        rqindex=None,
        frames=FrameSet.between(1, 9),
        output=OutputPattern.parse(output, folder),
    )


@pytest.mark.parametrize(
    ("folder", "version"),
    [
        ("C:\\Program Files\\Adobe\\Adobe After Effects 2024\\Support Files\\aerender.exe", 24),
        ("/Applications/Adobe After Effects CC 2019/aerender", 19),
    ],
)
def test_the_folder_of_the_installation_says_it(folder: str, version: int) -> None:
    assert major_version([folder], {}) == version


def test_elsewhere_it_is_asked() -> None:
    assert major_version(ASKED, os.environ) == 26


def test_a_program_that_says_nothing_or_is_not_there_has_none(tmp_path: Path) -> None:
    assert major_version([sys.executable, "-c", "pass"], os.environ) is None
    assert major_version([str(tmp_path / "missing")], os.environ) is None


def test_shared_is_used_where_it_can_be_and_the_reason_is_said_where_not(tmp_path: Path) -> None:
    new, old = Aerender(ASKED), Aerender(("/opt/Adobe After Effects 2020/aerender",))
    assert choose_strategy("shared", job(tmp_path), new, os.environ) == ("shared", "")
    assert choose_strategy("shared", job(tmp_path), old, {})[0] == "steal"
    assert "After Effects 2022" in choose_strategy("shared", job(tmp_path), old, {})[1]
    assert (
        "not to be found out"
        in choose_strategy("shared", job(tmp_path), Aerender((sys.executable, "-c", "pass")), os.environ)[1]
    )
    assert choose_strategy("steal", job(tmp_path), old, {}) == ("steal", "")
    assert choose_strategy("shared", job(tmp_path, "m.mov"), new, {}) == ("static", "")


def test_sharing_renderers_are_told_to_skip_existing_files(tmp_path: Path) -> None:
    def line(*, skip: bool) -> list[str]:
        work = Work(Span(1, 9), "/s/frame_[#####].png", 50, skip_existing=skip)
        return list(Aerender(("aerender",)).command(job(tmp_path), work, mfr=True))

    shared = line(skip=True)
    assert shared[shared.index("-renderSettings") + 1] == "Skip Existing Files: true"
    assert "-renderSettings" not in line(skip=False)
