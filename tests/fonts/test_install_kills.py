"""A session that is killed at any step leaves nothing that the next one does not put right."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory: every step is written through to the disk


@pytest.mark.skipif(sys.platform == "win32", reason="walks by fork; tests/windows kills sessions there")
def test_killed_at_every_step_of_installing_and_removing() -> None:
    """After each of about a hundred deaths the user's folders are, byte for byte, as they would have been."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        walked = subprocess.run(
            [sys.executable, "-m", "tests.fonts.kill_steps", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert walked.returncode == 0, walked.stdout + walked.stderr
    steps = [int(line.split()[1]) for line in walked.stdout.splitlines()]
    assert len(steps) == 4
    assert min(steps) > 10
    assert sum(steps) > 80
