"""Full disks: refused before the start, or ended in words while running; what is rendered is kept and
delivered later.

The disks are real, small and in memory (tmpfs), so mounting must be permitted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.model.errors import ExitCode
from stmpo.testing import Scenario, frame_stamp
from tests.engine.studio import TEST_TIMEOUT, Studio, after, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="small disks in memory are Linux's")

FRAME = 1 << 20
BIG_FRAMES = Scenario(tree=False, last=200, frame_bytes=FRAME)


class Disk:
    """A small disk at `path`; `resize` as its owner would free space on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, options: str) -> None:
        """Mount, or mount again with other options.

        Raises:
            pytest.skip.Exception: this user may not.
        """
        self.path.mkdir(exist_ok=True)
        mount = shutil.which("mount") or "mount"
        done = subprocess.run(
            [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"a disk in memory cannot be mounted here: {done.stderr.strip()}")

    def resize(self, size: str) -> None:
        """Make it larger."""
        self.mount(f"remount,size={size}")


@pytest.fixture
def disk(studio: Studio) -> Iterator[Disk]:
    """A place for a small disk; it goes when the test ends."""
    disk = Disk(studio.folder / "disk")
    yield disk
    umount = shutil.which("umount") or "umount"
    subprocess.run([umount, "--lazy", str(disk.path)], capture_output=True, check=False)


@pytest.mark.parametrize("what", ["scratch", "destination"])
def test_a_full_disk_is_refused_before_anything_is_started(studio: Studio, disk: Disk, what: str) -> None:
    disk.mount("size=1m")
    option = "--scratch-dir" if what == "scratch" else "--output"
    place = str(disk.path / "new" / ("" if what == "scratch" else "f_[####].png"))
    outcome = studio.render("--frames", "1-4", option, place)
    assert outcome.code == ExitCode.NO_SPACE
    (line,) = outcome.output.splitlines()
    assert line.startswith(
        f"stmpo: {'the ' if what == 'destination' else ''}{what}: 1 MB free at {disk.path / 'new'}"
    )
    assert "32 MB are needed" in line
    assert studio.starts() == []
    assert list(disk.path.iterdir()) == []
    assert not studio.out.exists()
    assert not studio.scratch.exists()


def test_a_disk_that_may_not_be_written_is_refused_before_anything_is_started(
    studio: Studio, disk: Disk
) -> None:
    disk.mount("ro,size=40m")
    outcome = studio.render("--frames", "1-4", "--output", str(disk.path / "out" / "f_[####].png"))
    assert outcome.code == ExitCode.BAD_INPUT
    (line,) = outcome.output.splitlines()
    assert f"the folder {disk.path / 'out'} cannot be written: Read-only file system" in line
    assert studio.starts() == []
    assert not studio.scratch.exists()


@pytest.mark.parametrize("journal", ["beside the frames", "apart"])
def test_a_destination_that_fills_up_keeps_what_is_rendered_for_the_next_run(
    studio: Studio, disk: Disk, journal: str
) -> None:
    """A frame or a line of the journal is the first that finds no room; nothing is lost either way."""
    disk.mount("size=40m")
    options: tuple[str, ...] = ("--frames", "1-60", "--concurrency", "2", "--space-timeout", "0")
    options += ("--output", str(disk.path / "f_[####].png"))
    if journal == "apart":
        options += ("--journal-dir", str(studio.folder / "journals"))
    outcome = studio.render(*options, scenario=BIG_FRAMES)
    assert outcome.code == ExitCode.NO_SPACE, outcome.output
    assert (f"no space left in {disk.path}" in outcome.output) or (
        journal != "apart" and f"no space for the journal {disk.path}" in outcome.output
    )
    (kept,) = studio.scratch.iterdir()
    assert outcome.output.splitlines()[-1].endswith(str(kept))
    assert studio.alive() == []
    assert list(disk.path.glob(".stmpo-*.part")) == [], "no halves"
    delivered = {frame_stamp(path) for path in disk.path.glob("f_*.png")}
    waiting = {frame_stamp(path) for path in kept.rglob("frame_*.png")}
    assert delivered
    assert waiting
    before = len(studio.starts())

    disk.resize("100m")
    again = studio.render(*options, scenario=BIG_FRAMES)
    assert again.code == ExitCode.OK, again.output
    assert sorted(frame_stamp(path) for path in disk.path.glob("f_*.png")) == list(range(1, 61))
    spans = [(int(after(s.argv, "-s")), int(after(s.argv, "-e"))) for s in studio.starts()[before:]]
    rendered = {frame for first, last in spans for frame in range(first, last + 1)}
    assert rendered == set(range(1, 61)) - delivered - waiting, "what was whole is not rendered again"
    assert studio.scratch_files() == []


def test_a_run_waits_for_room_at_a_full_destination_and_goes_on(studio: Studio, disk: Disk) -> None:
    disk.mount("size=40m")
    options = ("--frames", "1-60", "--concurrency", "2", "--output", str(disk.path / "f_[####].png"))
    run = studio.start(*options, "--strategy", "static", scenario=BIG_FRAMES)
    try:
        wait_for(
            lambda: "the run is paused until there is room, for 900 s at most" in studio.log, "the pause"
        )
        assert f"no space left in {disk.path}" in studio.log
        disk.resize("100m")
        assert run.wait(TEST_TIMEOUT) == ExitCode.OK, studio.log
    finally:
        run.kill()
    assert sorted(frame_stamp(path) for path in disk.path.glob("f_*.png")) == list(range(1, 61))
    spans = [(int(after(s.argv, "-s")), int(after(s.argv, "-e"))) for s in studio.starts()]
    assert len(spans) == 2, "nothing was rendered again"
    assert studio.scratch_files() == []


def test_a_run_that_waits_for_room_ends_after_its_time(studio: Studio, disk: Disk) -> None:
    disk.mount("size=40m")
    options = ("--frames", "1-60", "--concurrency", "2", "--output", str(disk.path / "f_[####].png"))
    outcome = studio.render(*options, "--space-timeout", "2", scenario=BIG_FRAMES)
    assert outcome.code == ExitCode.NO_SPACE, outcome.output
    assert "the run is paused until there is room, for 2 s at most" in outcome.output
    assert studio.alive() == []
    assert studio.scratch_files() != []


def test_a_cancel_waits_for_no_room(studio: Studio, disk: Disk) -> None:
    disk.mount("size=40m")
    options = ("--frames", "1-60", "--concurrency", "2", "--output", str(disk.path / "f_[####].png"))
    run = studio.start(*options, scenario=BIG_FRAMES)
    try:
        wait_for(lambda: "the run is paused until there is room" in studio.log, "the pause")
        run.terminate()
        assert run.wait(9.0) == ExitCode.CANCELLED, studio.log
    finally:
        run.kill()
    assert studio.alive() == []
    assert studio.scratch_files() != []


def test_scratch_that_fills_up_is_emptied_by_deliveries_and_the_run_goes_on(
    studio: Studio, disk: Disk
) -> None:
    disk.mount("size=40m")
    options = ("--frames", "1-60", "--concurrency", "1", "--scratch-dir", str(disk.path))
    outcome = studio.render(*options, scenario=BIG_FRAMES)
    assert outcome.code == ExitCode.OK, outcome.output
    assert "the scratch disk is full" in outcome.output
    assert "failed" not in outcome.output
    assert studio.frames() == list(range(1, 61))


def test_scratch_that_fills_up_is_the_disks_fault_and_not_the_frames(studio: Studio, disk: Disk) -> None:
    disk.mount("size=40m")
    options = (
        "--frames",
        "1-60",
        "--concurrency",
        "1",
        "--scratch-dir",
        str(disk.path),
        "--space-timeout",
        "0",
    )
    outcome = studio.render(*options, scenario=BIG_FRAMES)
    assert outcome.code == ExitCode.NO_SPACE, outcome.output
    assert "scratch disk" in outcome.output
    assert str(disk.path) in outcome.output.splitlines()[-1]
    assert "failed" not in outcome.output
    frames = studio.frames()
    assert frames, "what was whole is delivered"
    assert len(studio.starts()) == 1, "no retry fills a full disk better"

    disk.resize("200m")
    again = studio.render(*options, scenario=BIG_FRAMES)
    assert again.code == ExitCode.OK, again.output
    assert studio.frames() == list(range(1, 61))
    assert min(int(after(start.argv, "-s")) for start in studio.starts()[1:]) > max(frames)


def test_a_journal_that_fills_up_ends_the_run_in_words(studio: Studio, disk: Disk) -> None:
    disk.mount("size=64k")
    (disk.path / "filler").write_bytes(bytes(60 << 10))
    options = (
        "--frames",
        "1-90",
        "--concurrency",
        "1",
        "--journal-dir",
        str(disk.path),
        "--space-timeout",
        "0",
    )
    outcome = studio.render(*options, scenario=Scenario(tree=False))
    assert outcome.code == ExitCode.NO_SPACE, outcome.output
    assert f"no space for the journal {disk.path}" in outcome.output
    assert "Traceback" not in outcome.output
    assert studio.alive() == []
    (disk.path / "filler").unlink()
    again = studio.render(*options, scenario=Scenario(tree=False))
    assert again.code == ExitCode.OK, again.output
    assert studio.frames() == list(range(1, 91))
    assert studio.strangers() == []
