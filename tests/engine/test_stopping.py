"""Signals: every renderer is gone, what is whole is delivered, and the next run goes on."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from stmpo.engine.cancel import granted_seconds
from stmpo.testing import Fault, FaultKind, FrameCosts, Scenario
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.studio import Studio

SLOW_TAIL = Scenario(costs=FrameCosts(0.02, {5: 60.0, 10: 60.0}))
"""Frames 1 to 4 and 6 to 9 at once, 5 and 10 not in the time of a test."""

TEN = ("--frames", "1-10", "--concurrency", "2")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_stops_all_renderers_and_delivers_what_is_whole(studio: Studio, name: str) -> None:
    run = studio.start(*TEN, scenario=SLOW_TAIL)
    wait_for(lambda: len(studio.rendered()) >= 8, "eight frames, in scratch or delivered")
    run.send_signal(getattr(signal, name))
    assert run.wait(timeout=30) == 4
    assert studio.alive() == []
    assert studio.frames() == [1, 2, 3, 4, 6, 7, 8, 9]
    assert f"cancelled by {name}" in studio.log
    assert "run the same command again" in studio.log
    again = studio.render(*TEN)
    assert again.code == 0
    assert "(8 were there already)" in again.output


def test_renderers_that_ignore_the_signal_are_killed_after_the_grace(studio: Studio) -> None:
    stubborn = Scenario(
        costs=FrameCosts(60.0), faults=(Fault(FaultKind.STUBBORN), Fault(FaultKind.ESCAPE, seconds=300.0))
    )
    run = studio.start(*TEN, scenario=stubborn)
    wait_for(
        lambda: len([pid for start in studio.starts() for pid in start.pids]) >= 6, "trees of three processes"
    )
    run.terminate()
    assert run.wait(timeout=30) == 4
    assert studio.alive() == []


def test_a_signal_while_renderers_wait_for_their_turn_ends_the_run(studio: Studio) -> None:
    run = studio.start(*TEN, "--spawn-delay", "60", scenario=SLOW_TAIL)
    wait_for(lambda: len(studio.starts()) == 1, "the first start")
    run.terminate()
    assert run.wait(timeout=30) == 4
    assert len(studio.starts()) == 1
    assert studio.alive() == []


def test_a_closed_standard_output_does_not_end_the_render(studio: Studio) -> None:
    import subprocess  # noqa: PLC0415 - this test alone needs a pipe of its own

    run = subprocess.Popen(
        studio.command("--frames", "1-6", "--concurrency", "1"),
        env=studio.environment(Scenario(costs=FrameCosts(0.1))),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert run.stdout is not None
    run.stdout.readline()
    run.stdout.close()
    assert run.wait(timeout=30) == 0
    assert studio.frames() == [1, 2, 3, 4, 5, 6]


def test_a_stopped_and_continued_run_goes_on(studio: Studio) -> None:
    run = studio.start("--frames", "1-6", "--concurrency", "2", scenario=Scenario(costs=FrameCosts(0.1)))
    wait_for(lambda: len(studio.starts()) == 2, "two starts")
    os.kill(run.pid, signal.SIGSTOP)
    time.sleep(0.5)
    os.kill(run.pid, signal.SIGCONT)
    assert run.wait(timeout=30) == 0
    assert studio.frames() == [1, 2, 3, 4, 5, 6]


def test_the_time_that_a_session_grants_is_read_from_its_cancel_info(tmp_path: Path) -> None:
    now = time.time()
    assert granted_seconds(tmp_path, now) is None
    end = datetime.fromtimestamp(now, tz=timezone.utc) + timedelta(seconds=30)
    (tmp_path / "cancel_info.json").write_text(json.dumps({"NotifyEnd": end.strftime("%Y-%m-%dT%H:%M:%SZ")}))
    granted = granted_seconds(tmp_path, now)
    assert granted is not None
    assert 28 <= granted <= 30
    (tmp_path / "cancel_info.json").write_text("{")
    assert granted_seconds(tmp_path, now) is None
    assert granted_seconds(None, now) is None
