"""Process trees that never leak, measured: stopping, random kills, sampling, and what a start costs (Linux).

    python -m benchmarks trees                               everything
    python -m benchmarks trees --only-kills --kills 24 --seed 7   only that many random kills

A tree here has three levels of shells and sleeps; one branch ignores SIGTERM, one has left for a session of
its own, and one has lost its parent too. Every process carries a mark in its environment, by which survivors
are found wherever they hang.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from benchmarks.measure import Bound, Result, parser, report, skipped
from stmpo.processes import ProcessTree, SpawnRequest, containment, sample_all, spawn, stop

GRACE = 1.0
LIMIT_SECONDS = 2.0
"""Within which nothing may be left of the renderers of a killed orchestrator."""

THREE_LEVELS = """
trap '' TERM
sh -c 'sh -c "sleep 600 & wait" & wait' &
setsid sh -c 'trap "" TERM; sleep 600 & wait' &
(setsid sh -c '(sleep 600 &)' &)
while :; do sleep 600; done
"""
PROCESSES = 8
"""Processes of such a tree, once it stands."""


def request(mark: str, label: str) -> SpawnRequest:
    """Return a request for one such tree."""
    return SpawnRequest(["/bin/sh", "-c", THREE_LEVELS], {**os.environ, "BENCH_MARK": mark}, Path("/"), label)


def marked(mark: str) -> dict[int, str]:
    """Process id and command of everything that carries the mark and runs."""
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - run often
        if not name.isdigit():
            continue
        try:
            if mark.encode() in Path(f"/proc/{name}/environ").read_bytes():
                found[int(name)] = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


async def grown(trees: list[ProcessTree], mark: str) -> None:
    """Wait until all processes of all trees run."""
    while len(marked(mark)) < len(trees) * PROCESSES:  # noqa: ASYNC110 - nothing announces it
        await asyncio.sleep(0.02)


async def measure_stop(count: int) -> dict[str, float | int]:
    """Stop this many trees at once."""
    mark = uuid.uuid4().hex
    with containment():
        trees = [await spawn(request(mark, f"{n:02}")) for n in range(count)]
        await grown(trees, mark)
        processes = len(marked(mark))
        began = time.perf_counter()
        leftovers = await stop(trees, GRACE)
        seconds = time.perf_counter() - began
        left = len(marked(mark)) + len(leftovers)
        for tree in trees:
            tree.close()
    return {
        "trees": count,
        "processes": processes,
        "grace_s": GRACE,
        "all_gone_after_s": round(seconds, 3),
        "left": left,
    }


async def measure_sampling(count: int, rounds: int) -> dict[str, float | int]:
    """Return the cost of one sample of this many trees, and of one every two seconds in percent of a core."""
    mark = uuid.uuid4().hex
    with containment():
        trees = [await spawn(request(mark, f"{n:02}")) for n in range(count)]
        await grown(trees, mark)
        began = time.process_time()
        for _ in range(rounds):
            samples = sample_all(trees)
        cost = (time.process_time() - began) / rounds
        await stop(trees, 0)
        for tree in trees:
            tree.close()
    return {
        "trees": count,
        "processes": sum(sample.processes for sample in samples),
        "milliseconds": round(1000 * cost, 2),
        "percent_of_a_core_every_2_s": round(100 * cost / 2.0, 3),
    }


async def measure_start(rounds: int) -> dict[str, float]:
    """From entering the containment to the first renderer, and for each one after it; milliseconds,
    medians.
    """
    firsts: list[float] = []
    others: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        with containment():
            trees = []
            for _ in range(4):
                trees.append(await spawn(SpawnRequest(["/bin/true"], {}, Path("/"), "00")))
                (firsts if len(trees) == 1 else others).append(time.perf_counter() - began)
                began = time.perf_counter()
            await stop(trees, 0)
            for tree in trees:
                tree.close()
    return {"first_ms": round(1000 * median(firsts), 1), "next_ms": round(1000 * median(others), 1)}


def median(values: list[float]) -> float:
    """Return the middle value."""
    return sorted(values)[len(values) // 2]


async def drive(mark: str, count: int) -> None:
    """Be an orchestrator: start trees, say so, stop them when standard input ends. One that dies is let
    go.
    """
    with containment():
        trees = [await spawn(request(mark, f"{n:02}")) for n in range(count)]
        print("up", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await stop(trees, 0.1)
        for tree in trees:
            tree.close()


def descendants(root: int) -> list[int]:
    """Process ids below this one."""
    found = [root]
    for pid in found:
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(word) for word in thread.read_text().split()]
            except OSError:  # noqa: PERF203 - it ended meanwhile
                continue
    return found[1:]


def random_kill(chance: random.Random, count: int = 3) -> tuple[float, dict[int, str]]:
    """One round: `kill -9` somebody, at a random moment; how long it took until nothing was left, and what
    was.

    Somebody is the orchestrator, or first one of its descendants (fork server, shim, launcher, any other)
    and then the orchestrator: by kill, or by the ordinary way of ending.
    """
    mark = uuid.uuid4().hex
    argv = [sys.executable, "-m", "benchmarks.trees", "--drive", mark, "--trees", str(count)]
    driver = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert driver.stdin is not None
    assert driver.stdout is not None
    if chance.random() < 0.6:
        driver.stdout.readline()  # else in the middle of the start
    time.sleep(chance.uniform(0.0, 0.15))
    if chance.random() < 0.6:
        below = descendants(driver.pid)
        if below:
            kill(chance.choice(below))
            time.sleep(chance.choice([0.0, 0.0, 0.01, 0.1]))
    ordinary = chance.random() < 0.3
    if not ordinary:
        kill(driver.pid)
    driver.stdin.close()
    driver.wait()
    began = time.perf_counter()
    while (left := marked(mark)) and time.perf_counter() - began < LIMIT_SECONDS:
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    driver.stdout.close()
    for pid in left:
        kill(pid)
    return seconds, left


def kill(pid: int) -> None:
    """`kill -9`, of something that may have ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def random_kills(rounds: int, seed: int) -> tuple[float, list[str]]:
    """Run that many rounds, the same ones for the same seed as far as the machine's own timing lets them.

    Returns the longest time in seconds until nothing was left, and the processes left.
    """
    chance = random.Random(seed)
    worst, left = 0.0, []
    for number in range(rounds):
        seconds, survivors = random_kill(chance)
        worst = max(worst, seconds)
        left += [f"round {number}: {pid} {command}" for pid, command in survivors.items()]
    return worst, left


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 if a bound was missed or any process was left behind."""
    assert __doc__ is not None
    options = parser(__doc__)
    options.add_argument("--kills", type=int, default=200, help="random kills, default: %(default)s")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--trees", type=int, default=24)
    options.add_argument("--only-kills", action="store_true", help="nothing but the random kills")
    options.add_argument("--drive", metavar="MARK", help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.drive:
        asyncio.run(drive(given.drive, given.trees))
        return 0
    if not Path("/proc/self/environ").exists():
        return skipped("trees", "processes left behind are looked for in /proc", as_json=given.json)
    measured = [] if given.only_kills else trees(given.trees)
    return report("trees", [*measured, *kills(given.kills, given.seed)], as_json=given.json)


def trees(count: int) -> list[Result]:
    """Start, sample and stop that many trees at once."""
    start = asyncio.run(measure_start(5))
    sampling = asyncio.run(measure_sampling(count, 20))
    stopped = asyncio.run(measure_stop(count))
    each = {"each next, ms": start["next_ms"]}
    share = sampling["percent_of_a_core_every_2_s"]
    return [
        Result("making the first contained process", start["first_ms"], "ms", None, each),
        Result(f"sampling {count} trees every 2 s", share, "% of a core", Bound(1.0)),
        Result(
            f"stopping {count} trees, grace {GRACE:g} s", stopped["all_gone_after_s"], "s", Bound(GRACE + 1.0)
        ),
        Result("processes left after stopping", stopped["left"], "processes", Bound(0.0)),
    ]


def kills(rounds: int, seed: int) -> list[Result]:
    """Kill orchestrator and renderers at random."""
    longest, survivors = random_kills(rounds, seed)
    for survivor in survivors:
        print(survivor, file=sys.stderr)
    return [
        Result(f"left after {rounds} random kills", len(survivors), "processes", Bound(0.0)),
        Result("longest time until nothing was left", longest, "s", Bound(LIMIT_SECONDS)),
    ]


if __name__ == "__main__":
    sys.exit(main())
