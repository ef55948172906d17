"""The demo comp rendered by two processes, against one.

Both sides are the whole command, `stmpo render`, from its start to its end with every frame delivered, as a
user waits for it: start-up, planning, rendering, verification and delivery. One process may use both cores as
it likes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Bound, Result, paired, parser, ratios, report, seconds, skipped
from benchmarks.stage import ordinary_environment
from stmpo.demo import DEMO_COMP


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    options = parser(__doc__, repeats=3)
    options.add_argument("--frames", metavar="RANGE", help="frames to render (default: all)")
    given = options.parse_args()
    if (os.cpu_count() or 1) < 2:
        return skipped("demo", "two processes need two cores", as_json=given.json)
    pairs = paired(partial(render, 2, given.frames), partial(render, 1, given.frames), given.repeats)
    value, details = ratios(pairs, speed_up=True)
    what = "demo comp, two processes against one"
    result = Result(what, value, "times as fast", Bound(1.8, at_least=True), details)
    return report("demo", [result], as_json=given.json)


def render(processes: int, frames: str | None) -> float:
    """Seconds of one whole run into an empty folder."""
    with tempfile.TemporaryDirectory(prefix="stmpo-bench-") as folder:
        command = [
            *(sys.executable, "-m", "stmpo", "render", str(DEMO_COMP), "--concurrency", str(processes)),
            *("--output", str(Path(folder) / "demo_[####].png")),
            *(("--frames", frames) if frames else ()),
        ]
        environment = ordinary_environment()
        return seconds(
            lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        )


if __name__ == "__main__":
    sys.exit(main())
