"""When renderers must wait for delivery, and when a disk is too full to begin."""

from __future__ import annotations

import os
import shutil
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.backpressure import BackpressureLimits, Pressure, backlog_action
from stmpo.delivery.disk_space import MIN_FREE_BYTES, check_space, free_bytes
from stmpo.model.errors import NoSpace

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = BackpressureLimits(
    high_bytes=100, low_bytes=50, high_frames=10, low_frames=5, scratch_low=1_000, scratch_enough=2_000
)


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("waiting", "frames", "free", "action"),
    [
        (100, 1, 9_999, Pressure.PAUSE),
        (1, 10, 9_999, Pressure.PAUSE),
        (1, 1, 1_000, Pressure.PAUSE),
        (50, 5, 2_000, Pressure.GO),
        (51, 1, 9_999, Pressure.KEEP),
        (1, 6, 9_999, Pressure.KEEP),
        (1, 1, 1_999, Pressure.KEEP),
    ],
)
def test_the_marks(waiting: int, frames: int, free: int, action: Pressure) -> None:
    for holding in (True, False):
        assert backlog_action(waiting, frames, free, holding=holding, limits=LIMITS) is action


@given(waiting=st.integers(0, 200), free=st.integers(0, 9_999))
def test_renderers_never_wait_for_nothing(waiting: int, free: int) -> None:
    """With nothing left to deliver, a pause could free no space: it would last for ever."""
    assert backlog_action(waiting, 0, free, holding=True, limits=LIMITS) is Pressure.GO
    assert backlog_action(waiting, 0, free, holding=False, limits=LIMITS) is not Pressure.PAUSE


@given(st.lists(st.integers(-30, 30)))
def test_a_backlog_around_one_mark_does_not_flicker(steps: list[int]) -> None:
    waiting, holding, turns = 75, False, []
    for step in steps:
        waiting = min(max(waiting + step, 51), 99)
        action = backlog_action(waiting, 1, 9_999, holding=holding, limits=LIMITS)
        turns.append(action)
    assert set(turns) <= {Pressure.KEEP}


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "there") > 0


def test_a_file_system_that_tells_nothing_counts_as_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(0, 0, 0))
    assert free_bytes(tmp_path) == sys.maxsize


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="this system counts no inodes")
@pytest.mark.parametrize(("files", "left", "full"), [(1000, 0, True), (1000, 1, False), (0, 0, False)])
def test_a_disk_without_inodes_is_full(
    files: int, left: int, full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_files=files, f_favail=left))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(1 << 40, 0, 1 << 30))
    assert free_bytes(tmp_path) == (0 if full else 1 << 30)


def test_enough_space_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(1 << 40, 0, MIN_FREE_BYTES))
    check_space(tmp_path, tmp_path / "out")


def test_a_full_disk_is_one_line_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(1 << 40, 0, 5 << 20))
    with pytest.raises(NoSpace) as full:
        check_space(tmp_path / "scratch", tmp_path / "out")
    assert str(full.value) == (
        f"scratch and the destination: 5 MB free at {tmp_path / 'out'}, and 32 MB are needed;"
        " free some space, then run again"
    )


def test_estimates_on_one_disk_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(1 << 40, 0, 100 << 20))
    check_space(tmp_path, tmp_path, scratch_bytes=50 << 20, destination_bytes=50 << 20)
    with pytest.raises(NoSpace, match="101 MB are needed"):
        check_space(tmp_path, tmp_path, scratch_bytes=50 << 20, destination_bytes=51 << 20)


def test_the_marks_of_a_small_disk_leave_room_to_work() -> None:
    """On a disk of 200 MB nothing is paused for the sake of a gigabyte that was never there."""
    limits = BackpressureLimits.for_disk(200 << 20)
    assert limits.scratch_low < limits.scratch_enough < 200 << 20
    assert limits.low_bytes < limits.high_bytes <= 100 << 20
    waiting = {"waiting_bytes": 1 << 20, "waiting_frames": 1}
    assert backlog_action(**waiting, scratch_free=150 << 20, holding=False, limits=limits) is Pressure.GO
    assert backlog_action(**waiting, scratch_free=20 << 20, holding=False, limits=limits) is Pressure.PAUSE


def test_the_marks_of_a_large_disk_are_the_usual_ones() -> None:
    assert BackpressureLimits.for_disk(1 << 42) == BackpressureLimits()
