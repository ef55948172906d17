"""What a run leaves for the next one of the same comp, with real processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario

if TYPE_CHECKING:
    from tests.engine.studio import Studio

HEAVY_START = Scenario(costs=FrameCosts(0.0, dict.fromkeys(range(1, 5), 0.3)))
RUN = ("--frames", "1-20", "--concurrency", "2", "--no-resume")


def test_costs_are_kept_beside_the_frames_only_when_asked_for(studio: Studio) -> None:
    assert studio.render(*RUN).code == 0
    assert not list(studio.out.glob(".*costs.json"))
    assert studio.render(*RUN, "--learned-dir", "output", scenario=HEAVY_START).code == 0
    (path,) = studio.out.glob(".*costs.json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["project"], found["comp"]) == ("shot.aep", "Main")
    assert sorted(map(int, found["costs"])) == list(range(1, 21)), "the frame after a start has a cost too"
    assert found["start_ups"]


def test_another_output_of_the_comp_begins_with_what_the_last_one_has_left(studio: Studio) -> None:
    """As on a farm, where each task has a journal of its own."""
    kept = ("--learned-dir", "costs", "--journal-dir")
    assert studio.render(*RUN, *kept, "journal-1", scenario=HEAVY_START).code == 0
    assert studio.render(*RUN, *kept, "journal-2", output="g_[####].png", scenario=HEAVY_START).code == 0
    (path,) = (studio.folder / "journal-2").iterdir()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    spans = [FrameSet.parse(line["frames"]) for line in lines if line["event"] == "started"]
    (heavy,) = (span for span in spans[:2] if 1 in span)
    assert len(heavy) < 9, "the slot with the heavy frames is given fewer"


def test_costs_that_cannot_be_read_or_kept_are_a_warning(studio: Studio) -> None:
    (studio.folder / "costs").write_text("a file where a folder should be")
    outcome = studio.render(*RUN, "--learned-dir", "costs")
    assert outcome.code == 0, outcome.output
    assert "the costs cannot be kept in" in outcome.output


def test_the_memory_that_renderers_had_is_planned_for(studio: Studio) -> None:
    assert studio.render("--frames", "1-4").code == 0
    (path,) = studio.out.glob(".*.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["event"] == "ended":
            line["peak_memory"] = 1 << 50
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    outcome = studio.render("--frames", "1-4", "--no-resume")
    assert outcome.code == 0, outcome.output
    assert "an earlier run's peak of 1.049e+06 GB plus 20%" in outcome.output


def test_a_renderer_that_dies_at_start_is_tried_again_by_another_slot(studio: Studio) -> None:
    """Its own slot pauses before it starts anything again; the lease goes to the slot that was done
    before.
    """
    dies = Fault(FaultKind.CRASH, On(times=1), code=1)
    outcome = studio.render(
        *("--frames", "1-6", "--concurrency", "2"), scenario=Scenario(faults=(dies,), tree=False)
    )
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 7))
    started = [(line["frames"], line["slot"]) for line in studio.journal() if line["event"] == "started"]
    assert len(started) == 3
    assert len(set(started)) == 3, "no slot was given the same frames twice"


SHARED = (*RUN, "--strategy", "shared")


def test_renderers_that_share_a_folder_leave_what_each_frame_cost(studio: Studio) -> None:
    """By their lines: nobody sees who wrote which file."""
    assert (
        studio.render(
            *SHARED, scenario=Scenario(costs=FrameCosts(0.05, dict.fromkeys(range(1, 5), 0.5)))
        ).code
        == 0
    )
    costs = {line["frame"]: line["cost"] for line in studio.journal() if line["event"] == "delivered"}
    assert sorted(costs) == list(range(1, 21))
    assert None not in costs.values()
    slow, rest = (
        sum(costs[frame] for frame in range(1, 5)) / 4,
        sum(costs[frame] for frame in range(5, 21)) / 16,
    )
    assert slow > 2 * rest, "told apart, also where a busy machine mixes up two that ended together"


def test_a_forced_extension_is_foreseen_where_frames_are_left_out(studio: Studio) -> None:
    """After Effects looks for files of the name that it would write, whatever name was asked for."""
    forced = Fault(FaultKind.FORCED_EXTENSION, text=".tif")
    slow = Scenario(costs=FrameCosts(0.0, dict.fromkeys(range(2, 9), 9.0)), faults=(forced,))
    options = ("--frames", "1-9:8", "--concurrency", "2", "--strategy", "shared")
    outcome = studio.render(*options, scenario=slow)
    assert outcome.code == 0, outcome.output
    assert studio.frames("f_*.tif") == [1, 9]


def test_after_effects_that_refuses_to_share_renders_all_the_same(studio: Studio) -> None:
    """A second output module, which nobody could see before: it says so, and renders nothing."""
    words = "WARNING:After Effects warning: Skip Existing Files is available only with ONE output module of type Sequence."
    refuses = (Fault(FaultKind.SAY, On(times=2), text=words), Fault(FaultKind.EXIT, On(times=2), code=0))
    outcome = studio.render(*SHARED, scenario=Scenario(faults=refuses))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21))
    assert "only with ONE output module" in outcome.output
    assert "steal is used" in outcome.output
