"""Run again after anything: journal and disk decide, and only what is missing is rendered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import FrameCosts, Scenario
from tests.engine.studio import after, frames_in, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.studio import Studio

EIGHT = ("--frames", "1-8", "--concurrency", "2")


def _rendered(studio: Studio, since: int = 0) -> list[int]:
    """Frames that renderers were asked for after the first `since` starts."""
    asked: list[int] = []
    for start in studio.starts()[since:]:
        asked += range(int(after(start.argv, "-s")), int(after(start.argv, "-e")) + 1)
    return sorted(asked)


def test_a_second_run_finds_everything_there_and_starts_nothing(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    again = studio.render(*EIGHT)
    assert again.code == 0
    assert "8 of 8 frames delivered" in again.output
    assert "(8 were there already)" in again.output
    assert len(studio.starts()) == 2


def test_a_longer_range_renders_only_what_is_new(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    assert studio.render("--frames", "5-12", "--concurrency", "1").code == 0
    assert _rendered(studio, since=2) == [9, 10, 11, 12]


@pytest.mark.parametrize("kept_bytes", [0, 1, 60])
def test_a_truncated_frame_at_the_destination_is_missing(studio: Studio, kept_bytes: int) -> None:
    assert studio.render(*EIGHT).code == 0
    os.truncate(studio.out / "f_0003.png", kept_bytes)
    (studio.out / "f_0007.png").unlink()
    assert studio.render(*EIGHT).code == 0
    assert _rendered(studio, since=2) == [3, 7]
    assert studio.frames() == list(range(1, 9))


def test_last_weeks_frames_are_rendered_again(studio: Studio) -> None:
    """Whole files of the right name that no journal of this job vouches for are somebody's old version."""
    assert studio.render(*EIGHT).code == 0
    for journal in studio.out.glob(".*.stmpo.jsonl"):
        journal.unlink()
    assert studio.render(*EIGHT).code == 0
    assert _rendered(studio, since=2) == list(range(1, 9))


def test_keep_existing_trusts_them(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    for journal in studio.out.glob(".*.stmpo.jsonl"):
        journal.unlink()
    (studio.out / "f_0002.png").write_bytes(b"not a picture")
    assert studio.render(*EIGHT, "--keep-existing").code == 0
    assert _rendered(studio, since=2) == [2]


def test_no_resume_renders_everything_anew(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    assert studio.render(*EIGHT, "--no-resume").code == 0
    assert _rendered(studio, since=2) == list(range(1, 9))
    assert studio.render(*EIGHT).code == 0
    assert len(studio.starts()) == 4


def test_a_project_that_was_saved_since_is_another_version(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    studio.project.write_bytes(b"RIFX a better project")
    again = studio.render(*EIGHT)
    assert again.code == 0
    assert "shot.aep has changed" in again.output
    assert _rendered(studio, since=2) == list(range(1, 9))


def test_a_journal_of_another_job_is_refused_with_the_reason(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    other = studio.render(*EIGHT, "--comp", "Other")
    assert other.code == 2
    assert "comp was 'Main', now 'Other'" in other.output
    assert "--no-resume" in other.output
    assert len(studio.starts()) == 2


def test_a_killed_run_goes_on_and_nothing_whole_is_rendered_again(studio: Studio) -> None:
    """Kill -9 while some frames are delivered, some lie whole in scratch and some are not rendered."""
    slow = Scenario(costs=FrameCosts(0.15, {9: 60.0, 18: 60.0}))
    run = studio.start("--frames", "1-18", "--concurrency", "2", scenario=slow)
    wait_for(lambda: len(frames_in(studio.scratch)) >= 16 or _delivered(studio) >= 6, "frames")
    run.kill()
    run.wait()
    wait_for(lambda: not studio.alive(), "the renderers to be gone")
    whole = {int(path.stem[6:]) for path in studio.scratch.rglob("frame_*.png") if path.stat().st_size > 60}
    standing = set(studio.frames())
    before = len(studio.starts())
    again = studio.render("--frames", "1-18", "--concurrency", "2")
    assert again.code == 0, again.output
    assert studio.frames() == list(range(1, 19))
    assert set(_rendered(studio, since=before)) == set(range(1, 19)) - whole - standing
    assert studio.scratch_files() == [], "the killed run's scratch is gone too"
    assert studio.strangers() == []


def test_a_part_that_a_killed_run_was_copying_is_swept(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    run = next(event["run"] for event in studio.journal() if event["event"] == "run")
    mine, foreign = studio.out / f".stmpo-{run}-f_0001.png.part", studio.out / ".stmpo-cafe-f_0001.png.part"
    mine.touch()
    foreign.touch()
    assert studio.render(*EIGHT).code == 0
    assert not mine.exists()
    assert foreign.exists(), "it may belong to a run that is alive"


def test_a_journal_apart_leaves_nothing_but_frames_at_the_destination(studio: Studio, tmp_path: Path) -> None:
    apart = ("--journal-dir", str(tmp_path / "journals"))
    assert studio.render(*EIGHT, *apart).code == 0
    assert sorted(path.name for path in studio.out.iterdir()) == [f"f_{n:04}.png" for n in range(1, 9)]
    assert studio.render(*EIGHT, *apart).code == 0
    assert len(studio.starts()) == 2


def test_a_journal_that_was_cut_anywhere_still_resumes(studio: Studio) -> None:
    assert studio.render(*EIGHT).code == 0
    (journal,) = studio.out.glob(".*.stmpo.jsonl")
    os.truncate(journal, journal.stat().st_size * 2 // 3)
    assert studio.render(*EIGHT).code == 0
    assert studio.frames() == list(range(1, 9))


def _delivered(studio: Studio) -> int:
    return len(list(studio.out.glob("f_*.png"))) if studio.out.exists() else 0
