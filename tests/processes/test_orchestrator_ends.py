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
import stmpo.processes
from stmpo.processes import SpawnRequest, containment, spawn
from stmpo.processes.forkserver.linux import LinuxKernel
from stmpo.processes.posix.linux import PosixSystem, ProcTable

stmpo.processes._loaded = PosixSystem(LinuxKernel(namespace=sys.argv[2] == "namespace"), ProcTable())
TREE = os.environ.get("TEST_TREE") or "trap '' TERM; setsid sh -c 'trap \"\" TERM; (sleep 300 &); sleep 300; :' & echo up; while :; do sleep 300; done"

async def main():
    with containment():
        trees = [await spawn(SpawnRequest(["/bin/sh", "-c", TREE], dict(os.environ), Path("/"), str(n))) for n in range(4)]
        for tree in trees:
            await tree.read()
        ours = [tree.handle.shim for tree in trees] + [stmpo.processes._loaded._fork_server.pid]
        if sys.argv[1] == "exception":
            raise RuntimeError
        print("up", *ours, flush=True)
        if sys.argv[1] == "crash":
            os.abort()
        if sys.argv[1] == "exit":
            os._exit(0)
        await asyncio.sleep(300)

asyncio.run(main())
"""


@pytest.fixture(params=["namespace", "shared"])
def isolation(request: pytest.FixtureRequest) -> str:
    """With a PID namespace, and as where none may be made."""
    chosen: str = request.param
    if chosen == "namespace" and not may_make_namespaces():
        pytest.skip("no PID namespace may be made here")
    return chosen


def may_make_namespaces() -> bool:
    """Return whether `unshare` makes a PID namespace with a /proc of its own."""
    unshare = ["unshare", "--pid", "--fork", "--mount-proc", "true"]
    try:
        return subprocess.run(unshare, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def start(bench: Bench, how: str, isolation: str = "namespace", tree: str = "") -> subprocess.Popen[bytes]:
    """Start an orchestrator with running trees, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, how, isolation],
        env={**os.environ, "TEST_MARK": bench.mark, "TEST_TREE": tree},
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


def children(pid: int) -> list[int]:
    """Return the children of a process with a single thread."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
@pytest.mark.parametrize("whom", ["it alone", "its process group"])
def test_a_signal_that_it_does_not_handle(
    bench: Bench, number: signal.Signals, whom: str, isolation: str
) -> None:
    """The worker agent kills the process group after its grace period. A closing terminal sends SIGHUP."""
    with start(bench, "sleep", isolation) as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        assert len(bench.alive()) > 16
        (os.kill if whom == "it alone" else os.killpg)(driver.pid, number)
        assert driver.wait(20) == -number
        assert left_after_limit(bench) == {}


@pytest.mark.parametrize("how", ["crash", "exit", "exception"])
def test_an_end_of_its_own_making(bench: Bench, how: str, isolation: str) -> None:
    """An abort inside a library, an exit past all clean-up, an exception past everything."""
    with start(bench, how, isolation) as driver:
        driver.wait(20)
        assert left_after_limit(bench) == {}


STOPS_ITS_PARENTS = r"""
trap '' TERM CONT
setsid sh -c 'trap "" TERM; (sleep 300 &); sleep 300; :' &
server=$(cut -d ' ' -f 4 /proc/$PPID/stat)
guard=$(cut -d ' ' -f 4 /proc/$server/stat 2>/dev/null)
echo up
sleep 0.3
for each in $PPID $server $guard; do [ $each -gt 1 ] && kill -STOP $each; done
sleep 300
"""


def test_a_renderer_that_has_stopped_its_parents(bench: Bench, isolation: str) -> None:
    """Stopped processes notice nothing: they are continued, or end with their parents."""
    with start(bench, "sleep", isolation, STOPS_ITS_PARENTS) as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        time.sleep(0.6)  # until they have stopped them
        driver.kill()
        driver.wait(20)
        assert left_after_limit(bench) == {}


def test_a_kill_of_everything_that_contains_the_renderers(bench: Bench, isolation: str) -> None:
    """All in one call. Without a namespace, the guard has to be spared: nothing could notice otherwise."""
    with start(bench, "sleep", isolation) as driver:
        assert driver.stdout is not None
        *shims, guard = map(int, driver.stdout.readline().split()[1:])
        servers = children(guard)
        assert len(shims) == 4
        assert len(servers) == 1
        victims = [driver.pid, *servers, *shims, *([guard] if isolation == "namespace" else [])]
        subprocess.run(["/bin/kill", "-9", *map(str, victims)], capture_output=True, check=False)
        driver.wait(20)
        assert left_after_limit(bench) == {}


def test_a_kill_by_the_name_of_the_program(bench: Bench, isolation: str) -> None:
    """As `pkill -9 -f stmpo` does, here among the test's own processes."""
    with start(bench, "sleep", isolation) as driver:
        assert driver.stdout is not None
        driver.stdout.readline()
        named = [pid for pid, command in bench.alive().items() if "stmpo" in command]
        assert driver.pid in named
        subprocess.run(["/bin/kill", "-9", *map(str, named)], check=True)
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
