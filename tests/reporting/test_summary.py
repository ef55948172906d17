"""The summary: what a run achieved, in numbers that hold when there are none."""

from __future__ import annotations

import json
from dataclasses import replace

from stmpo.model.errors import ExitCode
from stmpo.reporting.summary import Summary

GOOD = Summary(
    exit_code=ExitCode.OK,
    reason="",
    title="film.aep, Main",
    output="out/shot_[####].png",
    total=120,
    delivered=120,
    resumed=20,
    failed=(),
    missing=(),
    elapsed=25.0,
    processes=4,
    starts=5,
    retries=1,
    strategy="steal",
    steals=0,
    rendered_twice=0,
    too_many="",
    start_up=2.0,
    frame_cost=0.5,
    peak_memory=1 << 30,
    journal="out/.shot.stmpo.jsonl",
    kept="",
)


def test_a_run_tells_frames_rate_retries_start_up_and_speed_up() -> None:
    assert GOOD.lines() == [
        "120 of 120 frames delivered in 25.0 s (20 were there already)",
        "4.00 frames/s, 4 processes, 5 starts, 1 retry, start-up 2.0 s",
        "2.08 times as fast as one process, which would have needed about 52.0 s (estimated from the frame costs)",
    ]


def test_a_failed_run_names_frames_reason_and_what_was_kept() -> None:
    bad = replace(
        GOOD,
        exit_code=ExitCode.FRAMES_FAILED,
        delivered=115,
        failed=(7,),
        missing=(9, 8, 10, 12),
        reason="why",
        kept="/scratch/stmpo-1",
    )
    assert bad.lines()[-4:] == [
        "failed: frames 7",
        "not rendered: frames 8-10,12",
        "why",
        "scratch kept, because it holds undelivered frames: /scratch/stmpo-1",
    ]


def test_the_json_summary_has_every_number_and_the_result_in_words() -> None:
    values = json.loads(json.dumps(replace(GOOD, failed=(3, 2, 1), missing=(9,)).as_json()))
    assert values["exit_code"] == 0
    assert values["result"] == "ok"
    assert values["failed"] == "1-3"
    assert values["missing"] == "9"
    assert values["rendered"] == 100
    assert values["rate"] == 4.0
    assert values["one_process"] == 52.0
    assert values["speed_up"] == 2.08


def test_nothing_rendered_has_no_rate_and_no_speed_up() -> None:
    nothing = replace(GOOD, resumed=120, elapsed=0.0, frame_cost=None, start_up=None, processes=0, starts=0)
    assert (nothing.rate, nothing.one_process, nothing.speed_up) == (0.0, None, None)
    assert len(nothing.lines()) == 1


def test_adopted_frames_that_could_not_be_delivered_are_not_counted_backwards() -> None:
    assert replace(GOOD, delivered=3, resumed=10).rendered == 0


def test_one_process_is_not_compared_with_itself() -> None:
    assert not any("times as fast" in line for line in replace(GOOD, processes=1).lines())
