"""Memory that runs short: fewer renderers, no failed frames; and one that eats without end is named.

The machine's memory is played: so much in all, less what the renderers' trees really have.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import TEST_TIMEOUT, Outcome

if TYPE_CHECKING:
    from tests.engine.studio import Studio

PLAYED = """
import sys
from stmpo import machine
from stmpo.engine import memory_policy
from stmpo.machine.model import MemoryRoom
total = {total} << 20
machine.memory_room = lambda ours: MemoryRoom(total, max(0, total - ours))
memory_policy.HOLD = 0.5
from stmpo.__main__ import main
sys.exit(main())
"""


def _render(
    studio: Studio, megabytes: int, *options: str, scenario: Scenario, played: str = PLAYED
) -> Outcome:
    command = [sys.executable, "-c", played.format(total=megabytes), *studio.command(*options)[3:]]
    done = subprocess.run(
        command,
        env=studio.environment(scenario),
        cwd=studio.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TEST_TIMEOUT,
        check=False,
    )
    return Outcome(done.returncode, done.stdout)


def test_when_memory_is_short_fewer_renderers_run_and_no_frame_fails(studio: Studio) -> None:
    scenario = Scenario(costs=FrameCosts(2.5), faults=(Fault(FaultKind.BALLAST, megabytes=120),))
    outcome = _render(studio, 400, "--frames", "1-12", "--concurrency", "4", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 13))
    assert "memory is short" in outcome.output
    assert "failed" not in outcome.output
    assert studio.alive() == []
    assert studio.scratch_files() == []


def test_a_frame_that_eats_all_memory_fails_in_words_and_takes_no_other_along(studio: Studio) -> None:
    eats = Fault(FaultKind.BALLAST, On(frame=5), megabytes=300)
    scenario = Scenario(costs=FrameCosts(0.0, {5: 30.0}), faults=(eats,))
    options = ("--frames", "1-8", "--concurrency", "2", "--max-frame-retries", "1", "--no-kill-on-fail")
    outcome = _render(studio, 320, *options, scenario=scenario)
    assert outcome.code == 1, outcome.output
    assert studio.frames() == [1, 2, 3, 4, 6, 7, 8]
    assert "f_0005.png failed 2 times: it has taken 3" in outcome.output
    assert studio.alive() == []


def test_what_the_system_ended_for_want_of_memory_counts_against_no_frame(studio: Studio) -> None:
    """Its own killer is faster than any guard; it says how many processes it has ended."""
    killed = Fault(FaultKind.CRASH, On(frame=6, times=1), signal="SIGKILL")
    scenario = Scenario(costs=FrameCosts(0.4), tree=False, faults=(killed,))
    counted = "machine.memory_room = lambda ours: MemoryRoom(total, total - ours, kills=next(counter))"
    played = PLAYED.replace("import sys\n", "import itertools, sys\ncounter = itertools.count()\n").replace(
        "machine.memory_room = lambda ours: MemoryRoom(total, max(0, total - ours))", counted
    )
    options = ("--frames", "1-8", "--concurrency", "2", "--max-frame-retries", "0")
    outcome = _render(studio, 4000, *options, scenario=scenario, played=played)
    assert outcome.code == 0, outcome.output
    assert "the system ended it, because memory ran out" in outcome.output
    assert studio.frames() == list(range(1, 9))
