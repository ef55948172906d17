"""Which After Effects an aerender belongs to. It is asked in a tree of its own, of which nothing stays."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.engine.strategy_choice import choose_strategy
from stmpo.model.frames import FrameSet, Span
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.processes import containment
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.protocol import Work
from stmpo.renderers.version import version_in_output, version_in_path
from stmpo.scheduling.cost_history import CostHistory
from stmpo.testing import FAKE_AERENDER

if TYPE_CHECKING:
    from collections.abc import Mapping
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


async def choose(
    asked: str, wanted: RenderJob, renderer: Aerender, environ: Mapping[str, str]
) -> tuple[str, str]:
    """The name and the warning, for nine frames on two slots."""
    frames = FrameSet.between(1, 9)
    choice = await choose_strategy(
        asked, wanted, renderer, environ, frames=frames, slots=2, known=CostHistory()
    )
    return choice.name, choice.warning


def chosen(asked: str, wanted: RenderJob, renderer: Aerender, environ: Mapping[str, str]) -> tuple[str, str]:
    """The choice, made in an event loop and with renderers contained."""
    with containment():
        return asyncio.run(choose(asked, wanted, renderer, environ))


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("C:\\Program Files\\Adobe\\Adobe After Effects 2024\\Support Files\\aerender.exe", 24),
        ("/Applications/Adobe After Effects CC 2019/aerender", 19),
        ("/opt/aerender", None),
    ],
)
def test_the_folder_of_the_installation_says_it(path: str, version: int | None) -> None:
    assert version_in_path([path]) == version


def test_elsewhere_it_is_read_from_what_it_prints() -> None:
    assert version_in_output(b"\xffx\naerender version 26.0x1\n") == 26
    assert version_in_output(b"aerender version unknown") is None


def test_shared_is_used_where_it_can_be_and_the_reason_is_said_where_not(tmp_path: Path) -> None:
    new, old = Aerender(ASKED), Aerender(("/opt/Adobe After Effects 2020/aerender",))
    silent, missing = Aerender((sys.executable, "-c", "pass")), Aerender((str(tmp_path / "missing"),))
    assert chosen("shared", job(tmp_path), new, os.environ) == ("shared", "")
    assert chosen("shared", job(tmp_path), old, {})[0] == "steal"
    assert "After Effects 2022" in chosen("shared", job(tmp_path), old, {})[1]
    assert "not to be found out" in chosen("shared", job(tmp_path), silent, os.environ)[1]
    assert "not to be found out" in chosen("shared", job(tmp_path), missing, os.environ)[1]
    assert chosen("steal", job(tmp_path), old, {}) == ("steal", "")
    assert chosen("shared", job(tmp_path, "m.mov"), new, {}) == ("static", "")


@pytest.mark.skipif(os.name == "nt", reason="shells")
@pytest.mark.parametrize(
    "script",
    [
        "echo aerender version 26.1; (setsid sleep 300 &); exit 0",
        "trap '' TERM; echo aerender version 26.1; setsid sleep 300 & while :; do sleep 300; done",
        "while :; do echo aerender version 26.1; done",
    ],
    ids=["leaves a daemon", "hangs", "never stops printing"],
)
def test_nothing_stays_of_a_renderer_that_was_asked(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stmpo.engine.strategy_choice.VERSION_TIMEOUT", 1.0)
    mark = uuid.uuid4().hex
    renderer = Aerender(("/bin/sh", "-c", script))
    environ = {**os.environ, "TEST_MARK": mark}

    async def scenario() -> tuple[str, str]:
        answer = await choose("shared", job(tmp_path), renderer, environ)
        assert not [each for each in psutil.process_iter() if _has_mark(each, mark)]
        return answer

    with containment():
        assert asyncio.run(scenario()) == ("shared", "")


def _has_mark(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get("TEST_MARK") == mark
    except psutil.Error:
        return False


def test_sharing_renderers_are_told_to_skip_existing_files(tmp_path: Path) -> None:
    def line(*, skip: bool) -> list[str]:
        work = Work(Span(1, 9), "/s/frame_[#####].png", 50, skip_existing=skip)
        return list(Aerender(("aerender",)).command(job(tmp_path), work, mfr=True))

    shared = line(skip=True)
    assert shared[shared.index("-renderSettings") + 1] == "Skip Existing Files: true"
    assert "-renderSettings" not in line(skip=False)
