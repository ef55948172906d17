"""CTRL_BREAK, the signal of a worker agent on Windows, at any instant; the same chains as on Linux.

Starting Python takes seconds under Wine, so there are few by default: `STMPO_FAULTS_INSTANTS` asks for more.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import FrameCosts, Scenario
from tests.engine.studio import TEST_TIMEOUT, after, frames_in

if TYPE_CHECKING:
    from tests.windows.conftest import WindowsStudio


def only_on_windows() -> None:
    """Skip this file elsewhere."""
    if sys.platform != "win32":
        pytest.skip("needs Windows; elsewhere test_windows_under_wine.py runs this", allow_module_level=True)


only_on_windows()
assert sys.platform == "win32"

CONTROL_C_EXIT = 0xC000013A
"""How Windows ends a program that has no handler yet."""

SEED = int(os.environ.get("STMPO_FAULTS_SEED", "20"))
INSTANTS = int(os.environ.get("STMPO_FAULTS_INSTANTS", "5"))
EIGHT = ("--frames", "1-8", "--concurrency", "2")
SLOW = Scenario(costs=FrameCosts(0.1), tree=False)
PHASES = ("checking", "launching", "rendering", "delivering", "ending")


def _reached(studio: WindowsStudio, phase: str, there: int) -> bool:
    delivered = len(list(studio.out.glob("f_*.png"))) if studio.out.is_dir() else 0
    return {
        "checking": studio.scratch.exists(),
        "launching": bool(studio.starts()),
        "rendering": bool(frames_in(studio.scratch)) or delivered > there,
        "delivering": delivered > there,
        "ending": delivered >= 8,
    }[phase]


def _asked(studio: WindowsStudio, since: int) -> set[int]:
    spans = [(int(after(s.argv, "-s")), int(after(s.argv, "-e"))) for s in studio.starts()[since:]]
    return {frame for first, last in spans for frame in range(first, last + 1)}


def test_a_break_at_any_instant_loses_nothing_and_leaves_nothing(studio: WindowsStudio) -> None:
    chance = random.Random(SEED)
    for number in range(INSTANTS):
        phase, where = PHASES[number % len(PHASES)], f"seed {SEED}, instant {number}"
        whole, before = set(studio.frames()) if studio.out.is_dir() else set(), len(studio.starts())
        with studio.agent_starts(*EIGHT, scenario=SLOW) as run:
            deadline = time.monotonic() + TEST_TIMEOUT
            while (
                run.poll() is None and not _reached(studio, phase, len(whole)) and time.monotonic() < deadline
            ):
                time.sleep(0.01)
            time.sleep(0.2 * chance.random())
            if run.poll() is None:
                run.send_signal(signal.CTRL_BREAK_EVENT)
            code = run.wait(timeout=TEST_TIMEOUT)
        if code == CONTROL_C_EXIT and not studio.log and len(studio.starts()) == before:
            continue  # Python itself was still starting: nobody could hear it, and nothing had begun
        assert code in {0, 4}, (where, code, studio.log)
        assert code == 0 or "cancelled by SIGBREAK" in studio.log, (where, studio.log)
        assert studio.alive() == [], where
        assert studio.named() == {f"f_{frame:04}.png": frame for frame in studio.frames()}, where
        assert _asked(studio, before) & whole == set(), where
    last = studio.render(*EIGHT)
    assert last.code == 0, last.output
    assert studio.frames() == list(range(1, 9))
    assert studio.scratch_files() == []
    assert studio.strangers() == []
