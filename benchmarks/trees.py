"""Process trees that never leak, measured: stopping, random kills, sampling, and what a start costs (Linux).

    python benchmarks/trees.py                      everything, as a table and as JSON
    python benchmarks/trees.py --kills 24 --seed 7  only that many random kills; exit code 1 if anything was left

A tree here has three levels of shells and sleeps; one branch ignores SIGTERM, one has left for a session of its own,
and one has lost its parent too. Every process carries a mark in its environment, by which survivors are found wherever
they hang.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

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
    """A request for one such tree."""
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
    """What one look at this many trees costs, and so one every two seconds in percent of a core."""
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
    """From entering the containment to the first renderer, and for each one after it; milliseconds, medians."""
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
    """The middle one."""
    return sorted(values)[len(values) // 2]


async def drive(mark: str, count: int) -> None:
    """Be an orchestrator: start trees, say so, stop them when standard input ends. One that dies is let go."""
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
    """One round: `kill -9` somebody, at a random moment; how long it took until nothing was left, and what was.

    Somebody is the orchestrator, or first one of its descendants (warden, keeper, launcher, anything below) and then
    the orchestrator: by kill, or by the ordinary way of ending.
    """
    mark = uuid.uuid4().hex
    argv = [sys.executable, __file__, "--drive", mark, "--trees", str(count)]
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


def random_kills(rounds: int, seed: int) -> dict[str, float | int | list[str]]:
    """That many rounds, the same ones for the same seed as far as the machine's own timing lets them."""
    chance = random.Random(seed)
    worst, left = 0.0, []
    for number in range(rounds):
        seconds, survivors = random_kill(chance)
        worst = max(worst, seconds)
        left += [f"round {number}: {pid} {command}" for pid, command in survivors.items()]
    return {"kills": rounds, "seed": seed, "left": left, "longest_s": round(worst, 3)}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 if any process was left behind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, help="only this many random kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trees", type=int, default=24)
    parser.add_argument("--drive", metavar="MARK", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.drive:
        asyncio.run(drive(given.drive, given.trees))
        return 0
    if given.kills:
        kills = random_kills(given.kills, given.seed)
        print(json.dumps(kills))
        return 1 if kills["left"] else 0
    stopped = asyncio.run(measure_stop(given.trees))
    results = {
        "start": asyncio.run(measure_start(5)),
        "sampling": asyncio.run(measure_sampling(given.trees, 20)),
        "stop": stopped,
        "random_kills": (kills := random_kills(200, given.seed)),
    }
    print(json.dumps(results, indent=2))
    return 1 if kills["left"] or stopped["left"] else 0


if __name__ == "__main__":
    sys.exit(main())
