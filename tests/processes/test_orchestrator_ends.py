"""Whatever ends the orchestrator, nothing of its renderers is left after 2 s (Linux)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.processes.stopping import KILL_TIMEOUT

if TYPE_CHECKING:
    from tests.processes.conftest import Bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tests/windows has the same for Windows")

LIMIT_SECONDS = 2.0
ROOT = Path(__file__).resolve().parents[2]
DRIVER = r"""
import asyncio, os, signal, sys
from pathlib import Path
from stmpo.processes import SpawnRequest, containment, spawn

TREE = "trap '' TERM; setsid sh -c 'trap \"\" TERM; (sleep 300 &); sleep 300; :' & echo up; while :; do sleep 300; done"

async def main():
    with containment():
        trees = [await spawn(SpawnRequest(["/bin/sh", "-c", TREE], dict(os.environ), Path("/"), str(n))) for n in range(4)]
        for tree in trees:
            await tree.read()
        if sys.argv[1] == "exception":
            raise RuntimeError
        print("up", flush=True)
        if sys.argv[1] == "crash":
            os.abort()
        if sys.argv[1] == "exit":
            os._exit(0)
        await asyncio.sleep(300)

asyncio.run(main())
"""


def start(bench: Bench, how: str) -> subprocess.Popen[bytes]:
    """Start an orchestrator with running trees, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, how],
        env={**os.environ, "TEST_MARK": bench.mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def left_after_limit(bench: Bench) -> dict[int, str]:
    """Return what still runs after the limit; returns early once nothing does."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (left := bench.alive()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
@pytest.mark.parametrize("whom", ["it alone", "its process group"])
def test_a_signal_that_it_does_not_handle(bench: Bench, number: signal.Signals, whom: str) -> None:
    """The worker agent kills the process group after its grace period. A closing terminal sends SIGHUP."""
    with start(bench, "sleep") as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        assert len(bench.alive()) > 16
        (os.kill if whom == "it alone" else os.killpg)(driver.pid, number)
        assert driver.wait(20) == -number
        assert left_after_limit(bench) == {}


@pytest.mark.parametrize("how", ["crash", "exit", "exception"])
def test_an_end_of_its_own_making(bench: Bench, how: str) -> None:
    """An abort inside a library, an exit past all clean-up, an exception past everything."""
    with start(bench, how) as driver:
        driver.wait(20)
        assert left_after_limit(bench) == {}


def test_random_kills_leave_nothing() -> None:
    """A part of the benchmark with a fixed seed, which kills any process at random moments."""
    argv = [
        sys.executable,
        "-m",
        "benchmarks.trees",
        "--only-kills",
        "--kills",
        "16",
        "--seed",
        "20",
        "--json",
    ]
    done = subprocess.run(argv, capture_output=True, check=False, cwd=ROOT, timeout=60 * KILL_TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    left = json.loads(done.stdout)["results"][0]
    assert (left["what"], left["value"]) == ("left after 16 random kills", 0)
