"""Two runs that write the same files, by whatever path and pattern they name them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.engine.output_lock import FileNames, OutputLock
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.testing import FrameCosts, Scenario
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.studio import Studio

EIGHT = ("--frames", "1-8", "--concurrency", "2")


def job(folder: Path, pattern: str, frames: str | None = "1-8") -> RenderJob:
    return RenderJob(
        project=folder / "shot.aep",
        comp="Main",
        rqindex=None,
        frames=None if frames is None else FrameSet.parse(frames),
        output=OutputPattern.parse(pattern, folder),
    )


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("f_[####].png", "1-8"), ("f_[####].png", "8-12"), True),
        (("f_[####].png", "1-8"), ("f_[####].png", "9-12"), False),
        (("f_[#####].png", "1-8"), ("f_0[####].png", "1-8"), True),
        (("f_[#####].png", "10000-10008"), ("f_1[####].png", "3"), True),
        (("f_[####].png", "10000"), ("f_[#####].png", "10000"), True),
        (("f_[####].png", "1-8"), ("f_[#####].png", "1-8"), False),
        (("take1[####].png", "1-8"), ("take2[####].png", "1-8"), False),
        (("f_[####].png", "1-8"), ("f_[####].exr", "1-8"), False),
        (("f_[####].png", "-5"), ("f_-[###].png", "5"), True),
        (("a.mov", None), ("a.mov", "1-5"), True),
        (("a.mov", None), ("b.mov", None), False),
    ],
)
def test_names_that_two_patterns_share(
    tmp_path: Path, first: tuple[str, str | None], second: tuple[str, str | None], same: bool
) -> None:
    one, other = (FileNames.of(job(tmp_path, *each)) for each in (first, second))
    assert one.overlap(other) is same
    assert other.overlap(one) is same


def test_the_second_is_refused_until_the_first_is_over(tmp_path: Path) -> None:
    first = OutputLock.acquire(job(tmp_path, "f_[####].png"))
    with pytest.raises(BadInput, match=rf"another run is writing to this output \(process {os.getpid()} on"):
        OutputLock.acquire(job(tmp_path, "f_[####].png"))
    other = OutputLock.acquire(job(tmp_path, "g_[####].png"))
    with pytest.raises(BadInput):
        OutputLock.acquire(job(tmp_path, "g_0[###].png"))
    first.close()
    other.close()
    OutputLock.acquire(job(tmp_path, "f_[####].png")).close()
    assert list(tmp_path.iterdir()) == []


def test_one_whose_place_is_free_again_still_sees_the_others(tmp_path: Path) -> None:
    first = OutputLock.acquire(job(tmp_path, "f_[####].png"))
    second = OutputLock.acquire(job(tmp_path, "g_[####].png"))
    first.close()
    with pytest.raises(BadInput):
        OutputLock.acquire(job(tmp_path, "g_[####].png"))
    second.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"[]\n", b'{"frames": 5}\n'])
def test_what_a_killed_run_has_left_is_no_lock(tmp_path: Path, content: bytes) -> None:
    for number in (1, 2):
        (tmp_path / f".stmpo-{number}.lock").write_bytes(content)
    OutputLock.acquire(job(tmp_path, "f_[####].png")).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs rights to make a link")
@pytest.mark.parametrize("way", ["link", "width", "journal elsewhere", "journal rewritten"])
def test_a_second_spelling_of_a_running_output_is_refused(studio: Studio, tmp_path: Path, way: str) -> None:
    slow = Scenario(costs=FrameCosts(0.02, {8: 60.0}), tree=False)
    with studio.start(*EIGHT, scenario=slow) as run:
        try:
            wait_for(lambda: len(list(studio.out.glob("f_*.png"))) >= 7, "frames")
            options: tuple[str, ...] = EIGHT
            output = "f_[####].png"
            if way == "link":
                (tmp_path / "alias").symlink_to(studio.out)
                options = (*EIGHT, "--output", str(tmp_path / "alias" / output))
            elif way == "width":
                output = "f_0[###].png"
            elif way == "journal elsewhere":
                options = (*EIGHT, "--journal-dir", str(tmp_path / "journals"))
            else:
                (journal,) = studio.out.glob(".*.stmpo.jsonl")
                copy = journal.with_suffix(".new")
                copy.write_bytes(journal.read_bytes())
                copy.replace(journal)
            second = studio.render(*options, output=output)
            assert second.code == 2
            assert f"another run is writing to this output (process {run.pid} on " in second.output
        finally:
            run.terminate()
            run.wait(30)
    assert [path.name for path in studio.out.glob(".stmpo-*")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes and no such links")
def test_what_is_planted_in_its_place_is_passed_by(tmp_path: Path) -> None:
    folder, victim = tmp_path / "out", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"mine")
    os.mkfifo(folder / ".stmpo-1.lock")
    (folder / ".stmpo-2.lock").symlink_to(victim)
    (folder / ".stmpo-3.lock").mkdir()
    lock = OutputLock.acquire(job(folder, "f_[####].png"))
    with pytest.raises(BadInput):
        OutputLock.acquire(job(folder, "f_[####].png"))
    lock.close()
    assert victim.read_bytes() == b"mine"
