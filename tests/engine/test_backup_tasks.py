"""A frame that seems stuck is given to an idle slot as well; whichever renderer is done first counts."""

from __future__ import annotations

import pytest

from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import Studio, after

TWENTY = ("--frames", "1-20", "--concurrency", "2")
FAST = FrameCosts(0.1)


def spin(**on: int) -> Fault:
    return Fault(FaultKind.BUSY, On(frame=5, **on), seconds=600.0)


@pytest.mark.parametrize("strategy", ["steal", "static"])
def test_the_stuck_renderer_is_stopped_and_nobody_is_to_blame(studio: Studio, strategy: str) -> None:
    scenario = Scenario(costs=FAST, faults=(spin(times=1),))
    outcome = studio.render(*TWENTY, "--strategy", strategy, "--json", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21))
    assert "an idle process renders it as well" in outcome.output
    assert [after(start.argv, "-s") for start in studio.starts()].count("5") == 1
    assert studio.alive() == []
    assert studio.scratch_files() == []
    delivered = [event["frame"] for event in studio.journal() if event["event"] == "delivered"]
    assert sorted(delivered) == list(range(1, 21)), "none of them twice"


def test_the_original_may_be_the_first_one(studio: Studio) -> None:
    """A heavy frame is rendered twice at once, and the backup is stopped."""
    scenario = Scenario(costs=FrameCosts(0.1, {5: 8.0}))
    outcome = studio.render(*TWENTY, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21))
    assert studio.alive() == []
    assert studio.scratch_files() == []


def test_a_backup_that_dies_leaves_the_frame_to_the_original(studio: Studio) -> None:
    heavy = Fault(FaultKind.BUSY, On(frame=5, times=1), seconds=12.0)
    crash = Fault(FaultKind.CRASH, On(frame=5, times=1))
    outcome = studio.render(*TWENTY, scenario=Scenario(costs=FAST, faults=(heavy, crash)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21))
    assert "0 retries" in outcome.output


def test_an_original_that_dies_leaves_the_frame_to_the_backup(studio: Studio) -> None:
    """The first process is slow and then crashes; the second one is slow as well, and succeeds."""
    slow = Fault(FaultKind.BUSY, On(frame=5, times=2), seconds=6.0)
    crash = Fault(FaultKind.CRASH, On(frame=5, start=1))
    scenario = Scenario(costs=FAST, faults=(slow, crash))
    outcome = studio.render(*TWENTY, "--max-frame-retries", "0", "--strategy", "static", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21))


def test_a_frame_that_always_spins_fails_after_its_limit_and_costs_only_itself(studio: Studio) -> None:
    options = ("--frame-timeout", "6", "--max-frame-retries", "0", "--no-kill-on-fail")
    outcome = studio.render(*TWENTY, *options, scenario=Scenario(costs=FAST, faults=(spin(),)))
    assert outcome.code == 1, outcome.output
    assert "frame 5 failed" in outcome.output
    assert studio.frames() == [frame for frame in range(1, 21) if frame != 5]
    assert studio.alive() == []


def test_frames_of_like_cost_get_no_backup(studio: Studio) -> None:
    outcome = studio.render("--frames", "1-7", "--concurrency", "2", scenario=Scenario(costs=FrameCosts(1.0)))
    assert outcome.code == 0
    assert "an idle process renders it as well" not in outcome.output
