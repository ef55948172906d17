"""The soak and the random kills, in short: `python -m benchmarks soak kills` runs them at length."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _measured(name: str, *options: str) -> dict[str, float]:
    """What a benchmark measured, by what it is called."""
    argv = [sys.executable, "-m", f"benchmarks.{name}", *options, "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.stdout, done.stderr
    return {result["what"]: result["value"] for result in json.loads(done.stdout)["results"]}


def test_a_soak_loses_no_frame_and_doubles_none() -> None:
    """Faults at every tenth frame, so that a short one meets each kind. Memory is judged over a long one."""
    found = _measured("soak", "--frames", "160", "--processes", "4", "--faults", "0.1")
    assert found["frames lost"] == found["frames delivered twice"] == found["frames that show another"] == 0
    assert found["growth of open files"] <= 4


def test_after_random_kills_every_frame_is_whole_and_none_was_rendered_twice() -> None:
    found = _measured("kills", "--kills", "12")
    assert found["frames lost, wrong or left over"] == found["processes left behind"] == 0
    assert found["whole renderings for each frame"] <= 1.05
