"""Finding what renderers wrote, and leaving alone what they are still writing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.file_stability import StabilityCheck, scan


def test_frames_are_found_with_any_padding_and_extension(tmp_path: Path) -> None:
    names = ["frame_00012.png", "frame_-0005.PNG", "frame_7", "frame_123456.tif", "movie.mov", "movie"]
    for name in names:
        (tmp_path / name).write_bytes(b"12345")
    found = {item.name: (item.frame, item.extension, item.size) for item in scan(tmp_path)}
    assert found == {
        "frame_00012.png": (12, ".png", 5),
        "frame_-0005.PNG": (-5, ".PNG", 5),
        "frame_7": (7, "", 5),
        "frame_123456.tif": (123456, ".tif", 5),
        "movie.mov": (None, ".mov", 5),
        "movie": (None, "", 5),
    }
    first = next(item for item in scan(tmp_path) if item.frame == 12)
    assert first.path == str(tmp_path / "frame_00012.png")
    assert first.mtime_ns == Path(first.path).stat().st_mtime_ns


def test_everything_else_is_passed_over(tmp_path: Path) -> None:
    names = [
        "frame_1.png.tmp",
        "frame_.png",
        "frame_1AEtemp.png",
        "frame_1.AEtemp",
        "frame_x.png",
        "other_1.png",
    ]
    for name in [*names, "frame_" + "9" * 100 + ".png", "movie.AEtemp"]:
        (tmp_path / name).touch()
    assert not list(scan(tmp_path))


def test_a_folder_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert not list(scan(tmp_path / "absent"))


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_file_that_vanishes_meanwhile_is_passed_over(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"frame_{number}.png").touch()
    found = scan(tmp_path)
    next(found)
    for path in list(tmp_path.iterdir()):
        path.unlink()
    assert not list(found)


def test_a_file_settles_once_it_was_left_alone() -> None:
    stability = StabilityCheck(0.2)
    assert not stability.observe("frame_1.png", 10, 1, now=5.0)
    assert not stability.observe("frame_1.png", 10, 1, now=5.1)
    assert stability.observe("frame_1.png", 10, 1, now=5.2)
    assert not stability.observe("frame_1.png", 10, 2, now=5.3), "a change starts the wait again"
    assert not stability.observe("frame_1.png", 11, 2, now=5.6)
    assert stability.observe("frame_1.png", 11, 2, now=5.8)


def test_files_without_a_checked_structure_take_longer() -> None:
    stability = StabilityCheck(0.2)
    stability.observe("movie.flv", 10, 1, now=0)
    assert not stability.observe("movie.flv", 10, 1, now=0.9)
    assert stability.observe("movie.flv", 10, 1, now=1.0)
    patient = StabilityCheck(3.0)
    patient.observe("movie.flv", 10, 1, now=0)
    assert not patient.observe("movie.flv", 10, 1, now=2.0)


def test_an_empty_file_never_settles_and_a_forgotten_one_starts_anew() -> None:
    stability = StabilityCheck()
    stability.observe("frame_1.png", 0, 1, now=0)
    assert not stability.observe("frame_1.png", 0, 1, now=100)
    stability.observe("frame_2.png", 5, 1, now=0)
    stability.forget("frame_2.png")
    stability.forget("frame_2.png")
    assert not stability.observe("frame_2.png", 5, 1, now=100)


def test_time_in_which_the_writer_was_suspended_does_not_count() -> None:
    stability = StabilityCheck(0.2)
    stability.observe("frame_1.png", 10, 1, now=0.0)
    stability.restart(now=60.0)
    assert not stability.observe("frame_1.png", 10, 1, now=60.1)
    assert stability.observe("frame_1.png", 10, 1, now=60.2)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.floats(0, 0.3)), min_size=1))
def test_nothing_settles_that_changed_within_its_quiet_time(looks: list[tuple[int, int, float]]) -> None:
    stability = StabilityCheck(0.2)
    now = changed = 0.0
    last = None
    for size, mtime, step in looks:
        now += step
        if (size, mtime) != last:
            last, changed = (size, mtime), now
        assert stability.observe("f.png", size, mtime, now) is (size > 0 and now - changed >= 0.2)
