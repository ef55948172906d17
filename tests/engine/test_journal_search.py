"""Journals of folders that were renamed, or are reached in another way."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import FrameCosts, Scenario
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.studio import Studio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps files and folders in use")

EIGHT = ("--frames", "1-8", "--concurrency", "2", "--strategy", "static")
SLOW = Scenario(costs=FrameCosts(0.02, {4: 60.0, 8: 60.0}), tree=False)


def _elsewhere(studio: Studio, name: str) -> tuple[str, ...]:
    return (*EIGHT, "--output", str(studio.folder / name / "f_[####].png"))


def _frames(folder: Path) -> int:
    return len(list(folder.glob("f_*.png")))


def _killed(studio: Studio, *, rename: bool) -> None:
    """A run is killed, with six frames delivered or whole in scratch; its folder is renamed before."""
    with studio.start(*EIGHT, scenario=SLOW) as run:
        wait_for(lambda: len(list(studio.scratch.rglob("frame_*.png"))) >= 2, "frames")
        wait_for(lambda: _frames(studio.out) >= 6, "frames at the destination")
        if rename:
            studio.out.rename(studio.folder / "moved")
        run.send_signal(signal.SIGKILL)
        run.wait()
    wait_for(lambda: not studio.alive(), "the renderers to be gone")


def test_a_folder_that_was_renamed_keeps_its_frames(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    studio.out.rename(studio.folder / "moved")
    again = studio.render(*_elsewhere(studio, "moved"))
    assert again.code == 0
    assert "(8 were there already)" in again.output
    assert len(list((studio.folder / "moved").glob(".*.stmpo.jsonl"))) == 1


def test_a_link_to_the_folder_leads_to_the_same_journal_and_back(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    (studio.folder / "alias").symlink_to(studio.out)
    for options in (_elsewhere(studio, "alias"), EIGHT):
        again = studio.render(*options)
        assert again.code == 0
        assert "(8 were there already)" in again.output


@pytest.mark.parametrize("where", ["moved", "out"])
def test_a_run_that_was_killed_after_its_folder_was_renamed_goes_on(studio: Studio, where: str) -> None:
    _killed(studio, rename=True)
    before = len(studio.starts())
    if where == "out":
        for path in (studio.folder / "moved").glob("f_*.png"):
            studio.out.mkdir(exist_ok=True)
            path.rename(studio.out / path.name)
    again = studio.render(*_elsewhere(studio, where))
    assert again.code == 0, again.output[-900:]
    assert "(6 were there already)" in again.output
    assert len(studio.starts()) - before == 2
    assert studio.scratch_files() == []


@pytest.mark.parametrize("way", ["link", "width"])
def test_another_job_does_not_overwrite_frames_by_another_spelling(studio: Studio, way: str) -> None:
    assert studio.render(*EIGHT).code == 0
    options: tuple[str, ...] = (*EIGHT, "--comp", "Other")
    output = "f_0[###].png"
    if way == "link":
        (studio.folder / "alias").symlink_to(studio.out)
        options, output = (*_elsewhere(studio, "alias"), "--comp", "Other"), "f_[####].png"
    refused = studio.render(*options, output=output)
    assert refused.code == 2
    assert "was rendered by another job (comp was 'Main', now 'Other'" in refused.output
    assert studio.render(*options, "--no-resume", output=output).code == 0
    first = studio.render(*EIGHT)
    assert first.code == 2, "its frames are gone"
    assert os.path.lexists(studio.out / "f_0001.png")


def test_another_job_may_write_other_names_into_the_folder(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    assert studio.render(*EIGHT, "--comp", "Other", output="g_[####].png").code == 0
    assert "(8 were there already)" in studio.render(*EIGHT).output
