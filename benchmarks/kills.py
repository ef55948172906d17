"""Random kills with resume: every run is killed at a random moment, until so many were; then the rest is
finished.

    python -m benchmarks kills [--kills N] [--seed N]

`kill -9` of the orchestrator, alone or right after one of its descendants (fork server, shim, renderer).
An output that is complete, or was killed often enough, makes way for a fresh one. All must end with every
frame whole and nothing running.

What a kill makes unavoidable: the frames that were in work, at most one a renderer, are not whole and have to
be begun again. Nothing that was whole has to be: so the bound is on whole renderings, as the renderers count
them themselves, for each frame that was asked for; those that a kill cut are in neither number. At most 5 %
above one each.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Bound, Result, parser, report
from benchmarks.stage import ROOT, RUN_TIMEOUT, Stage
from benchmarks.trees import descendants, kill, marked
from stmpo.testing import frame_stamp, starts

FRAMES = 40
RENDERERS = 3
COST = 0.05
AT_A_TIME = 4
LONGEST = 2.5
"""Seconds until the kill, at most: most runs are still at work then, some have just ended."""

KILLS_EACH = 6
"""Kills of one output at most, so that every moment of its life is met, and not only the beginning."""

LIMIT = 3.0
"""Seconds in which nothing may be left of a killed run."""


@dataclass
class Tally:
    """What a number of kills came to."""

    kills: int = 0
    outputs: int = 0
    rendered: int = 0
    """Whole renderings."""

    wrong: int = 0
    """Frames that are missing or show another picture."""

    left: int = 0
    """Processes that outlived their run."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.kills + other.kills,
            self.outputs + other.outputs,
            self.rendered + other.rendered,
            self.wrong + other.wrong,
            self.left + other.left,
        )


class Output:
    """One output, and the runs that render it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._stage = Stage(folder)
        self._chance = chance
        self._mark = uuid.uuid4().hex
        self.tally = Tally(outputs=1)

    def killed(self) -> bool:
        """One run, killed; False if it had come to its end before."""
        run = self._start()
        wait = self._chance.uniform(0.05, LONGEST)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(wait)
        if run.poll() is not None:
            return False
        below = descendants(run.pid)
        if below and self._chance.random() < 0.3:
            kill(self._chance.choice(below))
        run.send_signal(signal.SIGKILL)
        run.wait(RUN_TIMEOUT)
        self.tally.kills += 1
        self._see_nothing_left()
        return True

    def finish(self) -> None:
        """Run undisturbed to the end, and count the result."""
        code = self._start().wait(RUN_TIMEOUT)
        self._see_nothing_left()
        shown = {}
        for path in (self._stage.folder / "out").glob("f_*.png"):
            with contextlib.suppress(ValueError):
                shown[int(path.stem[2:])] = frame_stamp(path)
        right = sum(shown.get(frame) == frame for frame in range(FRAMES))
        strange = [p for p in (self._stage.folder / "out").iterdir() if p.suffix not in {".png", ".jsonl"}]
        self.tally.wrong = FRAMES - right + (code != 0) + len(strange)
        self.tally.rendered = sum(len(start.wrote) for start in starts(self._stage.folder / "stage"))

    def _start(self) -> subprocess.Popen[bytes]:
        environment = self._stage.environment(frames=FRAMES, cost=COST) | {"BENCH_MARK": self._mark}
        argv = [sys.executable, "-m", "stmpo", *self._stage.options(frames=FRAMES, renderers=RENDERERS)]
        with (self._stage.folder / "run.log").open("ab") as log:
            return subprocess.Popen(argv, env=environment, cwd=ROOT, stdout=log, stderr=log)

    def _see_nothing_left(self) -> None:
        deadline = time.monotonic() + LIMIT
        while (left := marked(self._mark)) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.tally.left += len(left)
        for pid in left:
            kill(pid)


def series(count: int, seed: int, number: int) -> Tally:
    """So many kills, one after the other."""
    chance = random.Random(f"{seed} {number}")
    total = Tally()
    with tempfile.TemporaryDirectory(prefix="stmpo-kills-") as folder:
        while total.kills < count:
            place = Path(folder) / str(total.outputs)
            place.mkdir()
            output = Output(place, chance)
            for _ in range(min(KILLS_EACH, count - total.kills)):
                if not output.killed():
                    break
            output.finish()
            if output.tally.wrong:
                print(f"seed {seed}, series {number}: {output.tally}", file=sys.stderr)
            total += output.tally
    return total


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    options = parser(__doc__)
    options.add_argument("--kills", type=int, default=500, help="default: %(default)s")
    options.add_argument("--seed", type=int, default=20)
    given = options.parse_args()
    counts = [given.kills // AT_A_TIME + (n < given.kills % AT_A_TIME) for n in range(AT_A_TIME)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        tallies = pool.map(lambda n: series(counts[n], given.seed, n), range(AT_A_TIME))
        total = sum(tallies, Tally())
    wanted = total.outputs * FRAMES
    details = {
        "kills": total.kills,
        "outputs": total.outputs,
        "frames": wanted,
        "rendered whole": total.rendered,
    }
    results = [
        Result("frames lost, wrong or left over", total.wrong, "files", Bound(0.0), details),
        Result("processes left behind", total.left, "processes", Bound(0.0)),
        Result("whole renderings for each frame", total.rendered / wanted, "times", Bound(1.05)),
    ]
    return report("kills", results, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
