"""Movies and sounds: one process writes the whole file, and it counts only when its renderer ended well.

A movie that was cut by a crash plays, and its frames cannot be looked at one by one, so a file alone proves
nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from stmpo.testing.movies import movie
from tests.engine.studio import Studio, after

WHOLE = movie(1, 10)
"""What the fake writes for frames 1 to 10."""


@pytest.mark.parametrize(
    "name", ["f_cut.mov", "f_cut.avi", "f_mix.wav", "f_mix.aif", "f_[####].MP4", "f_cut.wmv"]
)
def test_one_process_writes_it_and_the_run_says_so(studio: Studio, name: str) -> None:
    outcome = studio.render("--frames", "1-10", "--concurrency", "4", output=name)
    assert outcome.code == 0, outcome.output
    assert f"{name} is a single file: it is rendered by one process" in outcome.output
    (start,) = studio.starts()
    assert (after(start.argv, "-s"), after(start.argv, "-e")) == ("1", "10")
    assert (studio.out / name).read_bytes() == movie(1, 10, Path(name).suffix)
    assert [path.name for path in studio.out.iterdir() if not path.name.startswith(".")] == [name]
    assert studio.scratch_files() == []


def test_without_frames_the_item_keeps_its_own_time_span(studio: Studio) -> None:
    """No `-s` and no `-e`: After Effects renders the comp's work area."""
    outcome = studio.render(output="f_cut.mov", scenario=Scenario(first=3, last=9))
    assert outcome.code == 0, outcome.output
    (start,) = studio.starts()
    assert not {"-s", "-e"} & set(start.argv)
    assert (studio.out / "f_cut.mov").read_bytes() == movie(3, 9)


@pytest.mark.parametrize(("frames", "first", "last"), [("5", 5, 5), ("-5--1", -5, -1)])
def test_frames_of_any_number(studio: Studio, frames: str, first: int, last: int) -> None:
    scenario = Scenario(first=-10)
    outcome = studio.render("--frames", frames, output="f_cut.mov", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert (studio.out / "f_cut.mov").read_bytes() == movie(first, last)


def test_exit_0_without_a_file_fails(studio: Studio) -> None:
    silent = Fault(FaultKind.SILENT_AFTER_LAUNCH)
    options = ("--frames", "1-10", "--max-frame-retries", "1")
    outcome = studio.render(*options, output="f_cut.mov", scenario=Scenario(faults=(silent,)))
    assert outcome.code == 1
    assert "f_cut.mov failed" in outcome.output.splitlines()[-1]
    assert list(studio.out.glob("f_*")) == []
    assert 1 < len(studio.starts()) < 10


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.CRASH, On(frame=5, times=1), code=9),
        Fault(FaultKind.EXIT, On(frame=5, times=1), code=1, text="aerender ERROR: Runtime error."),
        Fault(FaultKind.CRASH, On(frame=10, times=1), signal="SIGSEGV"),
        Fault(FaultKind.BLACK, On(frame=5, times=1)),
    ],
    ids=["crash", "exit", "signal", "words"],
)
def test_a_movie_that_was_cut_short_is_rendered_again_from_its_beginning(
    studio: Studio, fault: Fault
) -> None:
    if fault.kind is FaultKind.BLACK:  # as a line: the fake's movies have no pictures to turn black
        words = "After Effects has encountered a failure (code: 19969) related to GPU"
        fault = Fault(FaultKind.SAY, fault.on, text=words)
    outcome = studio.render("--frames", "1-10", output="f_cut.mov", scenario=Scenario(faults=(fault,)))
    assert outcome.code == 0, outcome.output
    assert (studio.out / "f_cut.mov").read_bytes() == WHOLE
    spans = [(after(start.argv, "-s"), after(start.argv, "-e")) for start in studio.starts()]
    assert spans == [("1", "10"), ("1", "10")]
    assert studio.scratch_files() == []


def test_a_movie_that_is_always_cut_short_is_never_delivered(studio: Studio) -> None:
    crash = Fault(FaultKind.CRASH, On(frame=10), code=9)
    options = ("--frames", "1-10", "--max-frame-retries", "1")
    outcome = studio.render(*options, output="f_cut.mov", scenario=Scenario(faults=(crash,)))
    assert outcome.code == 1
    assert list(studio.out.glob("f_*")) == []
    assert len(studio.starts()) == 2


def test_finished_but_never_exits_ends_well(studio: Studio) -> None:
    hang = Fault(FaultKind.NEVER_EXITS)
    options = ("--frames", "1-10", "--child-grace-sec", "0.2")
    outcome = studio.render(*options, output="f_cut.mov", scenario=Scenario(faults=(hang,)))
    assert outcome.code == 0, outcome.output
    assert "0 retries" in outcome.output
    assert (studio.out / "f_cut.mov").read_bytes() == WHOLE
    assert len(studio.starts()) == 1
    assert studio.alive() == []


def test_the_format_that_the_output_module_forces_is_delivered_as_what_it_is(studio: Studio) -> None:
    scenario = Scenario(faults=(Fault(FaultKind.FORCED_EXTENSION, text=".mp4"),))
    outcome = studio.render("--frames", "1-10", output="f_cut.mov", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert "the renderer writes .mp4 where --output says .mov" in outcome.output
    assert [path.name for path in studio.out.glob("f_*")] == ["f_cut.mp4"]
    assert (studio.out / "f_cut.mp4").read_bytes() == WHOLE


def test_run_again_it_is_known_and_other_frames_are_another_movie(studio: Studio) -> None:
    assert studio.render("--frames", "1-10", output="f_cut.mov").code == 0
    again = studio.render("--frames", "1-10", output="f_cut.mov")
    assert again.code == 0, again.output
    assert "1 were there already" in again.output
    assert len(studio.starts()) == 1
    longer = studio.render("--frames", "1-20", output="f_cut.mov")
    assert longer.code == 0, longer.output
    assert (studio.out / "f_cut.mov").read_bytes() == movie(1, 20)


def test_progress_is_told_by_the_frames_that_its_renderer_counts(studio: Studio) -> None:
    """Not by delivered files, of which there is one, at the very end."""
    scenario = Scenario(costs=FrameCosts(0.3))
    outcome = studio.render("--frames", "1-10", "--openjd", output="f_cut.mov", scenario=scenario)
    assert outcome.code == 0, outcome.output
    lines = [line for line in outcome.output.splitlines() if line.startswith("openjd_progress: ")]
    told = [float(line.partition(": ")[2]) for line in lines]
    assert told == sorted(told)
    assert told[-1] == 100
    assert any(0 < percent < 100 for percent in told)


def test_a_movie_of_fewer_frames_is_delivered_with_a_warning(studio: Studio) -> None:
    """Render settings may choose another frame rate, so it is no failure; but nobody should find out
    tomorrow.
    """
    short = Fault(FaultKind.CUT_SHORT, On(frame=10), count=4)
    outcome = studio.render("--frames", "1-10", output="f.mov", scenario=Scenario(faults=(short,)))
    assert outcome.code == 0, outcome.output
    assert "f.mov: it holds 6 frames, and 10 were asked for" in outcome.output


def test_a_movie_that_was_not_closed_is_rendered_again_whatever_its_renderer_said(studio: Studio) -> None:
    """Exit code 0, "Finished composition", and half a file: its index was never written."""
    cut = Fault(FaultKind.TRUNCATED, On(frame=1, times=1), fraction=0.5, quiet=True)
    outcome = studio.render("--frames", "1-10", output="f_cut.mov", scenario=Scenario(faults=(cut,)))
    assert outcome.code == 0, outcome.output
    assert "its file ends in the middle of its 'mdat' box" in outcome.output
    assert len(studio.starts()) == 2
    assert (studio.out / "f_cut.mov").read_bytes() == WHOLE


def test_a_movie_with_fewer_frames_than_its_renderer_told_of_is_rendered_again(studio: Studio) -> None:
    told = Fault(FaultKind.SAY, On(frame=1, times=1), text="PROGRESS:  0:00:00:09 (12): 0 Seconds")
    outcome = studio.render("--frames", "1-10", output="f_cut.mov", scenario=Scenario(faults=(told,)))
    assert outcome.code == 0, outcome.output
    assert "its file holds 10 frames, but its renderer reported 12" in outcome.output
    assert len(studio.starts()) == 2
