"""Frames shared out by each strategy, with real processes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.model.frames import FrameSet
from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from tests.engine.studio import Studio

HEAVY_END = Scenario(costs=FrameCosts(0.02, dict.fromkeys(range(21, 41), 0.3)))
"""The second of two equal ranges takes six seconds, the first less than one."""

TWO = ("--frames", "1-40", "--concurrency", "2")


def finished(studio: Studio) -> dict[str, Any]:
    """The numbers of the last run."""
    return [line for line in studio.journal() if line["event"] == "finished"][-1]


def spans(studio: Studio) -> list[tuple[int, int]]:
    """What each renderer was asked for, in the order of the starts."""
    started = [line["frames"] for line in studio.journal() if line["event"] == "started"]
    ranges = (FrameSet.parse(frames).frames for frames in started)
    return [(frames[0], frames[-1]) for frames in ranges]


def test_who_is_done_takes_the_back_of_the_longest_range(studio: Studio) -> None:
    outcome = studio.render(*TWO, scenario=HEAVY_END)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
    assert spans(studio)[:2] == [(1, 20), (21, 40)]
    thief = spans(studio)[2]
    assert 21 < thief[0] <= thief[1] == 40
    assert finished(studio)["steals"] >= 1
    assert finished(studio)["strategy"] == "steal"
    assert "rendered twice" in outcome.output
    assert not studio.alive()
    assert not studio.scratch_files()


def test_each_frame_is_delivered_once_whoever_rendered_it(studio: Studio) -> None:
    assert studio.render(*TWO, scenario=HEAVY_END).code == 0
    delivered = [line["frame"] for line in studio.journal() if line["event"] == "delivered"]
    assert sorted(delivered) == list(range(1, 41))


def test_few_frames_are_rendered_in_vain(studio: Studio) -> None:
    """A robbed renderer is stopped when its own frames are there, not at the end of what it was asked for."""
    assert studio.render(*TWO, scenario=HEAVY_END).code == 0
    numbers = finished(studio)
    assert numbers["rendered_twice"] <= 4 * numbers["steals"]


def test_static_takes_nothing_from_anybody(studio: Studio) -> None:
    assert studio.render(*TWO, "--strategy", "static", scenario=HEAVY_END).code == 0
    assert spans(studio) == [(1, 20), (21, 40)]
    assert finished(studio)["steals"] == 0


def test_the_next_run_begins_with_ranges_weighted_by_what_the_first_has_learned(studio: Studio) -> None:
    assert studio.render(*TWO, scenario=HEAVY_END).code == 0
    begun = len(studio.starts())
    assert studio.render(*TWO, "--no-resume", scenario=HEAVY_END).code == 0
    first, second = spans(studio)[begun : begun + 2]
    assert first[0] == 1
    assert second[1] == 40
    assert first[1] > 24, "the first range is the lighter one"


def test_a_robbed_renderer_that_dies_loses_only_its_own_frames(studio: Studio) -> None:
    scenario = Scenario(
        costs=HEAVY_END.costs,
        faults=(Fault(FaultKind.CRASH, On(frame=24, times=1), signal="SIGKILL", code=9),),
    )
    outcome = studio.render(*TWO, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))


def test_a_steal_is_undone_if_the_renderer_reaches_the_frames_before_its_helper_begins(
    studio: Studio,
) -> None:
    """The third process starts slowly, and the frames that it was started for turn out to be cheap."""
    scenario = Scenario(
        costs=FrameCosts(0.02, dict.fromkeys(range(21, 25), 0.6)),
        faults=(Fault(FaultKind.BUSY, On(start=3), seconds=20.0),),
    )
    outcome = studio.render(*TWO, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
    assert [line for line in studio.journal() if line["event"] == "reclaimed"], outcome.output
    assert finished(studio)["retries"] == 0
    assert finished(studio)["elapsed"] < 20
    delivered = [line["frame"] for line in studio.journal() if line["event"] == "delivered"]
    assert sorted(delivered) == list(range(1, 41))


def test_a_run_with_thefts_that_is_cancelled_resumes_with_nothing_lost(studio: Studio) -> None:
    run = studio.start(*TWO, scenario=HEAVY_END)
    try:
        deadline = 0
        while len(studio.starts()) < 3 and deadline < 600:
            deadline += 1
            if run.poll() is not None:
                break

            time.sleep(0.05)
    finally:
        run.terminate()
        run.wait(30)
    outcome = studio.render(*TWO, scenario=HEAVY_END)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
    renders = [line["frame"] for line in studio.journal() if line["event"] == "delivered"]
    assert len(renders) == len(set(renders))


def test_lines_of_an_unknown_language_do_not_keep_a_robbed_renderer_alive(studio: Studio) -> None:
    """Without frame lines its files show that it is done, two seconds later."""
    scenario = Scenario(
        costs=HEAVY_END.costs, faults=(Fault(FaultKind.MISSING_LINES, On(start=2), count=20),)
    )
    assert studio.render(*TWO, scenario=scenario).code == 0
    assert studio.frames() == list(range(1, 41))


def test_a_single_file_is_never_shared_out(studio: Studio) -> None:
    assert studio.render(*TWO, "--strategy", "steal", output="m.mov").code == 0
    assert len(studio.starts()) == 1


@pytest.mark.parametrize("where", ["option", "variable"])
def test_an_unknown_strategy_is_refused_in_one_line(studio: Studio, where: str) -> None:
    if where == "option":
        outcome = studio.render(*TWO, "--strategy", "greedy")
    else:
        outcome = studio.render(*TWO, STMPO_STRATEGY="greedy")
    assert outcome.code == 2
    assert "choose one of auto, static, steal, shared" in outcome.output
    assert not studio.starts()


def test_frames_with_gaps_are_shared_out_too(studio: Studio) -> None:
    frames = "1-10,15-40"
    assert studio.render("--frames", frames, "--concurrency", "3", scenario=HEAVY_END).code == 0
    assert studio.frames() == list(FrameSet.parse(frames))


SHARED = (*TWO, "--strategy", "shared")


def test_renderers_that_share_a_folder_are_started_once_each(studio: Studio) -> None:
    outcome = studio.render(*SHARED, scenario=HEAVY_END)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
    assert spans(studio) == [(1, 40), (1, 40)]
    assert all("Skip Existing Files: true" in start.argv for start in studio.starts())
    delivered = [line["frame"] for line in studio.journal() if line["event"] == "delivered"]
    assert sorted(delivered) == list(range(1, 41))
    assert finished(studio)["strategy"] == "shared"
    assert not studio.scratch_files()


def test_frames_between_those_asked_for_are_not_rendered_by_sharing_renderers(studio: Studio) -> None:
    outcome = studio.render("--frames", "1-20:3", "--concurrency", "2", "--strategy", "shared")
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21, 3))


def test_sharing_goes_on_where_an_earlier_run_stopped(studio: Studio) -> None:
    assert studio.render("--frames", "1-10", "--concurrency", "2", "--strategy", "shared").code == 0
    assert studio.render("--frames", "1-20", "--concurrency", "2", "--strategy", "shared").code == 0
    delivered = [line["frame"] for line in studio.journal() if line["event"] == "delivered"]
    assert sorted(delivered) == list(range(1, 21))


def test_a_sharing_renderer_that_dies_costs_the_frame_it_had_in_work(studio: Studio) -> None:
    crash = Fault(FaultKind.CRASH, On(frame=5, times=1), signal="SIGKILL", code=9)
    outcome = studio.render(*SHARED, scenario=Scenario(costs=FrameCosts(0.05), faults=(crash,)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))


def test_a_frame_that_kills_every_renderer_is_named_and_the_others_are_delivered(studio: Studio) -> None:
    crash = Fault(FaultKind.CRASH, On(frame=5), signal="SIGKILL", code=9)
    options = ("--no-kill-on-fail", "--max-frame-retries", "1")
    outcome = studio.render(*SHARED, *options, scenario=Scenario(faults=(crash,)))
    assert outcome.code == 1, outcome.output
    assert "frame 5 failed" in outcome.output
    assert studio.frames() == [frame for frame in range(1, 41) if frame != 5]


def test_words_of_one_sharing_renderer_condemn_what_lies_in_the_folder(studio: Studio) -> None:
    black = Fault(FaultKind.BLACK, On(frame=9, times=1))
    outcome = studio.render(*SHARED, scenario=Scenario(costs=FrameCosts(0.1), faults=(black,)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41)), "no black picture was delivered"


def test_an_older_after_effects_is_not_asked_to_share(studio: Studio) -> None:
    folder = studio.folder / "Adobe After Effects 2021"
    folder.mkdir()
    wrapper = folder / "aerender.py"
    wrapper.write_text(f"import runpy; runpy.run_path({str(FAKE_AERENDER)!r}, run_name='__main__')")
    outcome = studio.render(*SHARED, "--aerender-path", str(wrapper), scenario=Scenario(tree=False))
    assert outcome.code == 0, outcome.output
    assert "shared needs After Effects 2022, this is version 21; steal is used" in outcome.output
    assert finished(studio)["strategy"] == "steal"


IGNORES_FILES = Fault(FaultKind.NO_SKIPPING)


def test_renderers_that_do_not_share_the_frames_out_cost_two_frames_each(studio: Studio) -> None:
    """They render the same frames: what is whole is kept, and the rest is divided as by `steal`."""
    scenario = Scenario(costs=FrameCosts(0.2), faults=(IGNORES_FILES,))
    outcome = studio.render(*SHARED, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
    assert "were rendered by two renderers; steal is used for the rest" in outcome.output
    assert finished(studio)["retries"] == 0
    assert finished(studio)["rendered_twice"] <= 4 + 2 * finished(studio)["steals"]
    later = spans(studio)[2:]
    assert len(later) >= 2
    assert later[0][0] > 1, "the frames that were whole are not rendered again"
    assert not studio.scratch_files()


AUTO = (*TWO, "--strategy", "auto")


def test_auto_shares_frames_of_unknown_cost_and_steals_once_costs_are_known(studio: Studio) -> None:
    scenario = Scenario(costs=FrameCosts(0.05))
    outcome = studio.render(*AUTO, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert finished(studio)["strategy"] == "shared"
    assert "strategy: shared, since the frames' costs are not known" in outcome.output
    outcome = studio.render(*AUTO, "--no-resume", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert finished(studio)["strategy"] == "steal"
    assert "strategy: steal, since the costs of 40 of 40 frames are known" in outcome.output


def test_auto_remembers_that_a_version_does_not_share(studio: Studio) -> None:
    outcome = studio.render(*AUTO, scenario=Scenario(costs=FrameCosts(0.2), faults=(IGNORES_FILES,)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
    elsewhere = ("--output", str(studio.folder / "other" / "f_[####].png"))
    outcome = studio.render(*AUTO, *elsewhere, "--comp", "Other")
    assert outcome.code == 0, outcome.output
    assert "strategy: steal, since" in outcome.output
    assert "in an earlier run with this version" in outcome.output


@pytest.mark.parametrize("frames", ["1-40", "1-900:300"])
def test_auto_does_not_share_where_it_cannot_pay(studio: Studio, frames: str) -> None:
    count = "1" if frames == "1-40" else "2"
    outcome = studio.render("--frames", frames, "--concurrency", count, "--strategy", "auto")
    assert outcome.code == 0, outcome.output
    assert finished(studio)["strategy"] == "steal"
    assert "one process renders all" in outcome.output or "need a placeholder" in outcome.output


def test_one_frame_that_two_sharing_renderers_render_is_tolerated(studio: Studio) -> None:
    crash = Fault(FaultKind.NO_SKIPPING, On(start=2, frame=40))
    outcome = studio.render(
        "--frames",
        "39-40",
        "--concurrency",
        "2",
        "--strategy",
        "shared",
        scenario=Scenario(costs=FrameCosts(0.3), faults=(crash,)),
    )
    assert outcome.code == 0, outcome.output
    assert studio.frames() == [39, 40]


def test_a_cancelled_sharing_run_resumes_with_nothing_lost(studio: Studio) -> None:
    run = studio.start(*SHARED, scenario=HEAVY_END)
    wait_for(
        lambda: (
            any(line["event"] == "delivered" for line in studio.journal())
            if studio.out.exists() and list(studio.out.glob(".*.jsonl"))
            else False
        ),
        "a frame",
    )
    run.terminate()
    run.wait(30)
    outcome = studio.render(*SHARED, scenario=HEAVY_END)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 41))
