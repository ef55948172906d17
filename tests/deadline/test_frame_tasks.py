"""Frames become tasks: each frame once, in order, no text too long, no task too short for its worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stmpo.deadline.default_task import LEARNED_DIR, default_frames
from stmpo.deadline.frame_tasks import (
    MAX_TASKS,
    UNKNOWN_WORKER_FRAMES,
    Costs,
    default_size,
    known_costs,
    tasks_of,
)
from stmpo.deadline.request import JobRequest
from stmpo.deadline.validation import MAX_VALUE_LENGTH
from stmpo.history import cost_cache
from stmpo.history.journal_model import ProjectVersion
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.scheduling.cost_history import CostHistory

if TYPE_CHECKING:
    from pathlib import Path

VALUES = {"Concurrency": 0.0, "MaxConcurrency": 24.0, "RamPerProcessGB": 32.0, "DisableMFR": False}
SETS = st.sets(st.integers(-2000, 9000), min_size=1, max_size=3000).map(FrameSet.of)
SPANS = st.builds(
    lambda first, count, step: FrameSet.of(range(first, first + count * step, step)),
    st.integers(-500, 5000),
    st.integers(1, 6000),
    st.integers(1, 4),
)


@settings(max_examples=60)
@given(SETS | SPANS, st.none() | st.integers(1, 4000), st.integers(1, 500))
def test_every_frame_is_in_one_task_and_every_text_fits(
    frames: FrameSet, size: int | None, default: int
) -> None:
    tasks = tasks_of(frames, size, default)
    if tasks is None:
        assert size is not None, "a default makes as many as a list takes"
        return
    assert len(tasks) <= MAX_TASKS
    assert all(len(text) <= MAX_VALUE_LENGTH for text in tasks)
    assert [number for text in tasks for number in FrameSet.parse(text)] == list(frames)


def test_tasks_differ_by_one_frame_at_most() -> None:
    assert tasks_of(FrameSet.parse("1-10"), 4, 100) == ["1-4", "5-7", "8-10"]
    assert tasks_of(FrameSet.parse("5"), None, 100) == ["5"]
    assert tasks_of(FrameSet.parse("-5--1,3"), None, 100) == ["-5--1,3"]


def test_a_long_film_has_larger_tasks_instead_of_too_many() -> None:
    tasks = tasks_of(FrameSet.parse("1-250000"), None, 100)
    assert tasks is not None
    assert len(tasks) <= MAX_TASKS
    assert tasks[0] == "1-245"


@pytest.mark.parametrize(
    ("values", "vcpus", "memory", "size"),
    [
        ({}, None, None, UNKNOWN_WORKER_FRAMES),
        ({"Concurrency": 12.0}, None, None, 240),
        ({}, 192, None, 240),
        ({"DisableMFR": True}, 192, None, 480),
        ({}, 192, 256, 120),
        ({"RamPerProcessGB": 16.0}, 192, 768, 240),
        ({}, 4, 8, 20),
        ({"MaxConcurrency": 2.0}, 192, None, 40),
    ],
)
def test_a_task_has_work_for_every_process_of_the_worker(
    values: dict[str, float | bool], vcpus: int | None, memory: float | None, size: int
) -> None:
    assert default_size(VALUES | values, vcpus, memory) == size


def test_where_costs_are_known_a_start_takes_a_tenth_of_a_task() -> None:
    costs = known_costs(20.0, [3.0, 1.0, 2.0])
    assert costs == Costs(20.0, 2.0)
    size = default_size(VALUES | {"Concurrency": 4.0}, None, None, costs)
    each = size / 4
    assert costs.start_up <= 0.1 * (costs.start_up + each * costs.frame)
    assert size == 360
    assert known_costs(None, [1.0]) is None
    assert known_costs(20.0, []) is None


def test_measured_costs_are_read_from_the_folder_that_the_workers_use(tmp_path: Path) -> None:
    """A folder that is not there, or not absolute, is no reason to refuse a job."""
    project = tmp_path / "shot.aep"
    job = RenderJob(
        project=project, comp=None, rqindex=3, frames=None, output=OutputPattern.parse("_.png", tmp_path)
    )
    costs = CostHistory(costs=dict.fromkeys(range(10), 2.0), start_ups=[20.0])
    cost_cache.write(cost_cache.cost_file(job, tmp_path), job, ProjectVersion(0, ""), costs)
    request = JobRequest(project=project, parameters={"Concurrency": "4"})
    assert default_frames(3, request, {LEARNED_DIR: str(tmp_path)}) == 360
    for folder in ("", "output", str(tmp_path / "gone")):
        assert default_frames(3, request, {LEARNED_DIR: folder}) == 80
    assert default_frames(2, request, {LEARNED_DIR: str(tmp_path)}) == 80, "another item"
    assert default_frames(3, JobRequest(project=project, parameters={"Concurrency": "x"}), {}) == 100
