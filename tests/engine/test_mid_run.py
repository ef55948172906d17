"""What something else does to files while a run is under way: no frame is lost in silence."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.model.errors import ExitCode
from stmpo.testing import FrameCosts, Scenario
from stmpo.testing.images import Picture, encode
from tests.engine.studio import TEST_TIMEOUT, Outcome, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.studio import Studio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps files and folders in use")

TWELVE = ("--frames", "1-12", "--concurrency", "2", "--strategy", "static")
SLOW = Scenario(costs=FrameCosts(0.02, {6: 4.0, 12: 4.0}), tree=False)


def _meanwhile(studio: Studio, change: Callable[[Studio], None], *options: str) -> Outcome:
    """Run, and change something once some frames are delivered and others are not."""
    with studio.start(*TWELVE, *options, scenario=SLOW) as run:
        try:
            wait_for(lambda: len(list(studio.out.glob("f_*.png"))) >= 8, "frames")
            change(studio)
            code = run.wait(TEST_TIMEOUT)
        finally:
            run.kill()
    return Outcome(code, studio.log)


def _wrong(studio: Studio, frames: int = 12) -> list[int]:
    """Frames that are not at the destination, byte by byte."""
    wrong = []
    for frame in range(1, frames + 1):
        path = studio.out / f"f_{frame:04}.png"
        if not path.is_file() or path.read_bytes() != encode(".png", Picture(frame, 16, 16), 0):
            wrong.append(frame)
    return wrong


def _removed(studio: Studio) -> None:
    (studio.out / "f_0002.png").unlink()


def _cut(studio: Studio) -> None:
    os.truncate(studio.out / "f_0002.png", 40)


def _overwritten(studio: Studio) -> None:
    """With another picture of the same size, whose time is put back."""
    path = studio.out / "f_0002.png"
    status = path.stat()
    path.write_bytes((studio.out / "f_0003.png").read_bytes())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _linked(studio: Studio) -> None:
    path = studio.out / "f_0002.png"
    path.unlink()
    path.symlink_to("f_0003.png")


def _renamed(studio: Studio) -> None:
    studio.out.rename(studio.folder / "moved")
    studio.out.mkdir()


def _emptied(studio: Studio) -> None:
    shutil.rmtree(studio.out)
    studio.out.mkdir()


def _saved(studio: Studio) -> None:
    studio.project.write_bytes(b"RIFX a better project")


@pytest.mark.parametrize("change", [_removed, _cut, _overwritten, _linked, _renamed, _emptied])
def test_a_delivered_frame_that_is_gone_is_rendered_again(
    studio: Studio, change: Callable[[Studio], None]
) -> None:
    outcome = _meanwhile(studio, change)
    assert outcome.code == ExitCode.OK, outcome.output[-900:]
    assert "any more as delivered" in outcome.output
    assert _wrong(studio) == []
    again = studio.render(*TWELVE)
    assert again.code == ExitCode.OK
    assert "nothing to do" in again.output


def test_a_link_that_is_turned_elsewhere_leads_to_all_frames(studio: Studio) -> None:
    for name in ("first", "second"):
        (studio.folder / name).mkdir()
    studio.out.symlink_to(studio.folder / "first")

    def turn(studio: Studio) -> None:
        studio.out.unlink()
        studio.out.symlink_to(studio.folder / "second")

    outcome = _meanwhile(studio, turn)
    assert outcome.code == ExitCode.OK, outcome.output[-900:]
    assert _wrong(studio) == []


def test_a_copy_back_of_the_same_contents_is_no_change(studio: Studio) -> None:
    def copy_back(studio: Studio) -> None:
        path = studio.out / "f_0002.png"
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)

    outcome = _meanwhile(studio, copy_back)
    assert outcome.code == ExitCode.OK
    assert "any more as delivered" not in outcome.output


@pytest.mark.parametrize("overwrites", [_cut, _overwritten, _linked])
def test_the_journal_vouches_for_contents_only(studio: Studio, overwrites: Callable[[Studio], None]) -> None:
    assert studio.render(*TWELVE).code == 0
    overwrites(studio)
    again = studio.render(*TWELVE)
    assert again.code == 0
    assert "(11 were there already)" in again.output
    assert _wrong(studio) == []


def test_a_project_that_is_saved_ends_the_run(studio: Studio) -> None:
    outcome = _meanwhile(studio, _saved)
    assert outcome.code == ExitCode.FRAMES_FAILED
    assert "shot.aep was saved while it was rendered" in outcome.output
    again = studio.render(*TWELVE)
    assert again.code == 0
    assert "shot.aep has changed" in again.output
    assert "were there already" not in again.output


def test_a_project_that_is_saved_is_a_warning_where_the_user_wants_that(studio: Studio) -> None:
    outcome = _meanwhile(
        studio,
        _saved,
        "--on-project-change",
        "warn",
    )
    assert outcome.code == ExitCode.OK
    assert outcome.output.count("was saved while it is rendered") == 1


def test_a_project_that_is_touched_is_the_same(studio: Studio) -> None:
    outcome = _meanwhile(studio, lambda each: each.project.touch())
    assert outcome.code == ExitCode.OK
    assert "was saved" not in outcome.output


@pytest.mark.parametrize(
    "way", ["project", "link to it", "hard link to it", "journal", "hard link to the journal"]
)
def test_the_log_goes_into_no_file_that_matters(studio: Studio, way: str) -> None:
    assert studio.render("--frames", "1-2").code == 0
    (journal,) = studio.out.glob(".*.stmpo.jsonl")
    log = studio.folder / "run.txt"
    if way == "project":
        log = studio.project
    elif way == "link to it":
        log.symlink_to(studio.project)
    elif way == "hard link to it":
        log.hardlink_to(studio.project)
    elif way == "journal":
        log = journal
    else:
        log.hardlink_to(journal)
    before = studio.project.read_bytes(), journal.read_bytes()
    refused = studio.render("--frames", "1-3", "--log-file", str(log))
    assert refused.code == ExitCode.BAD_INPUT
    assert "choose another file" in refused.output
    assert (studio.project.read_bytes(), journal.read_bytes()) == before
