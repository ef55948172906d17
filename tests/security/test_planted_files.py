"""Other users who may write to the destination or to scratch may plant files there, and gain nothing else."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.testing import FrameCosts, Scenario
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.studio import Studio

FOUR = ("--frames", "1-4", "--concurrency", "2")
POSIX_ROOT = pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", lambda: 1)() != 0,
    reason="only root can make files of another user; on Windows it needs Windows' own accounts",
)


def _journal(studio: Studio) -> Path:
    (path,) = studio.out.glob(".*.stmpo.jsonl")
    return path


def _edit(studio: Studio, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every line of the journal, as another user of the destination could."""
    lines = [json.loads(line) for line in _journal(studio).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        change(line)
    _journal(studio).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _precious(studio: Studio) -> Path:
    folder = studio.folder / "precious"
    folder.mkdir()
    (folder / "f_0001.png").write_bytes(b"somebody's own")
    return folder


@pytest.mark.parametrize("place", ["precious", "scratch/../precious", "."])
def test_a_journal_makes_nobody_remove_or_take_from_another_folder(studio: Studio, place: str) -> None:
    """It names scratch folders of earlier runs, which are swept, and frames in them, which are adopted."""
    assert studio.render(*FOUR).code == 0
    precious = _precious(studio)

    def elsewhere(line: dict[str, Any]) -> None:
        if line["event"] == "removed":
            line["event"] = "forgotten"
        for key in ("scratch", "folder"):
            if key in line:
                line[key] = str(studio.folder / place)

    _edit(studio, elsewhere)
    for frame in range(1, 5):
        (studio.out / f"f_{frame:04}.png").unlink()
    assert studio.render(*FOUR).code == 0
    assert (precious / "f_0001.png").read_bytes() == b"somebody's own"
    assert studio.project.exists()
    assert studio.frames() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "name", ["../out/f_0003.png", "f_0003.png", "f_0002.png/.", "./f_0002.png", "f_0002.png:f_0003.png"]
)
def test_a_journal_vouches_for_no_file_but_the_frames_own_at_the_destination(
    studio: Studio, name: str
) -> None:
    assert studio.render(*FOUR).code == 0

    def escape(line: dict[str, Any]) -> None:
        if line.get("event") == "delivered" and line.get("frame") == 2:
            line["name"] = name

    _edit(studio, escape)
    before = len(studio.starts())
    (studio.out / "f_0002.png").unlink()
    assert studio.render(*FOUR).code == 0
    assert len(studio.starts()) > before
    assert studio.frames() == [1, 2, 3, 4]


@pytest.mark.skipif(sys.platform == "win32", reason="needs links that every user may make, not Windows")
def test_links_at_the_destination_are_replaced_and_never_written_through(studio: Studio) -> None:
    precious = _precious(studio)
    studio.out.mkdir()
    for frame in range(1, 5):
        (studio.out / f"f_{frame:04}.png").symlink_to(precious / "f_0001.png")
    assert studio.render(*FOUR).code == 0
    assert (precious / "f_0001.png").read_bytes() == b"somebody's own"
    assert not any(path.is_symlink() for path in studio.out.iterdir())
    assert studio.frames() == [1, 2, 3, 4]


@pytest.mark.skipif(sys.platform == "win32", reason="needs links that every user may make, not Windows")
def test_a_link_in_the_journals_place_is_refused(studio: Studio) -> None:
    assert studio.render(*FOUR).code == 0
    path = _journal(studio)
    path.unlink()
    victim = studio.folder / "victim"
    victim.write_text("kept", encoding="utf-8")
    path.symlink_to(victim)
    outcome = studio.render(*FOUR)
    assert outcome.code == 2
    assert "journal" in outcome.output
    assert "Traceback" not in outcome.output
    assert victim.read_text(encoding="utf-8") == "kept"


def test_a_journal_makes_nobody_remove_the_scratch_of_a_run_that_is_under_way(studio: Studio) -> None:
    """The run is of another job, by the same user: name, owner and kind of the folder are right."""
    assert studio.render(*FOUR).code == 0
    alive = studio.scratch / f"stmpo-{os.getpid()}-abcdef" / "a1"
    alive.mkdir(parents=True)
    (alive / "frame_00009.png").write_bytes(b"under way")

    def plant(line: dict[str, Any]) -> None:
        if line["event"] == "removed":
            line["event"] = "forgotten"
        if "scratch" in line:
            line["scratch"] = str(alive.parent)

    _edit(studio, plant)
    assert studio.render(*FOUR).code == 0
    assert (alive / "frame_00009.png").exists()


@POSIX_ROOT
def test_a_scratch_folder_of_another_user_is_neither_read_nor_removed(studio: Studio) -> None:
    """A name like one of ours, in a folder that everybody may write to, with whole frames in it."""
    assert studio.render(*FOUR).code == 0
    planted = studio.scratch / "stmpo-4711-abcdef" / "a1"
    planted.mkdir(parents=True)
    (planted / "f_0001.png").write_bytes((studio.out / "f_0003.png").read_bytes())
    for path in (planted.parent, planted, planted / "f_0001.png"):
        os.chown(path, 4711, 4711)

    def plant(line: dict[str, Any]) -> None:
        if line["event"] == "removed":
            line["event"] = "forgotten"
        if "scratch" in line:
            line["scratch"] = str(planted.parent)
        if "folder" in line:
            line["folder"] = str(planted)

    _edit(studio, plant)
    (studio.out / "f_0001.png").unlink()
    assert studio.render(*FOUR).code == 0
    assert studio.named()["f_0001.png"] == 1
    assert (planted / "f_0001.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs modes of folders, not Windows")
def test_what_a_run_makes_in_a_folder_for_everybody_is_its_users_alone(studio: Studio) -> None:
    """The system's temporary folder is one."""
    studio.scratch.mkdir()
    studio.scratch.chmod(0o1777)
    run = studio.start(*FOUR, scenario=Scenario(costs=FrameCosts(default=60)))
    try:
        wait_for(lambda: list(studio.scratch.glob("stmpo-*/a*")), "an attempt's folder")
        made = [*studio.scratch.glob("stmpo-*"), *studio.scratch.glob("stmpo-*/a*")]
        assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    finally:
        run.terminate()
        run.wait(60)
