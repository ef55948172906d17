"""From the start of `stmpo render` to the start of its first renderer: how soon work begins.

Both moments are the system's own record of when a process was created (Linux keeps hundredths of a second).
Between them lie the interpreter's start, imports, checks of the input, the plan, and the making of a
contained process. The fake's own start-up is not in it; what the fake's clock says when it runs, its imports
done, is reported beside it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from statistics import median

from benchmarks.measure import Bound, Result, parser, report
from benchmarks.stage import stage
from stmpo.testing import starts


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the first renderer, in seconds from the start of `stmpo render`."""

    created: float
    """Its process existed."""

    running: float
    """It ran its first lines, by its own clock."""

    used: float
    """Processor time that `stmpo render` had used by then: what is left of `created` on a machine with
    nothing else to do.
    """


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__, repeats=9).parse_args()
    once()  # so that modules are compiled and read from memory
    measured = [once() for _ in range(given.repeats)]
    created = [start.created for start in measured]
    details = {
        "lowest, s": min(created),
        "highest, s": max(created),
        "own processor time, median s": median(start.used for start in measured),
        "until the fake ran, median s": median(start.running for start in measured),
        "repeats": float(len(measured)),
    }
    what = "from the start of stmpo render to its first renderer's start"
    result = Result(what, median(created), "s", Bound(0.5), details)
    return report("first-start", [result], as_json=given.json)


def once() -> Start:
    """Start a run, see its renderer start, end it."""
    with stage() as here:
        clock = time.time()
        with here.running(frames=100, renderers=1, cost=3600.0) as run:
            (renderer,) = here.renderers(run, 1)
            times = run.cpu_times()
            (said,) = starts(here.folder / "stage")
            return Start(
                renderer.create_time() - run.create_time(), said.began - clock, times.user + times.system
            )


if __name__ == "__main__":
    sys.exit(main())
