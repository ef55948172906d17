"""What waiting costs: the orchestrator's processor time while 24 renderers compute and say nothing.

The fakes sleep over their first frame. Once all of them have settled, the processor time of the
orchestrator's process is read, and again after a while. The small processes that hold the renderers are read
too, and reported beside it.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from benchmarks.measure import Bound, Result, parser, report
from benchmarks.stage import stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psutil

RENDERERS = 24
SETTLING = 5.0
"""Seconds between the last renderer's start and the first reading."""


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    options = parser(__doc__)
    options.add_argument(
        "--seconds", type=float, default=30.0, metavar="N", help="how long to watch (default: 30)"
    )
    given = options.parse_args()
    with stage() as here, here.running(frames=RENDERERS, renderers=RENDERERS, cost=3600.0) as run:
        renderers = {process.pid for process in here.renderers(run, RENDERERS)}
        time.sleep(SETTLING)
        holders = [process for process in run.children(recursive=True) if process.pid not in renderers]
        before, holders_before, began = own_seconds([run]), own_seconds(holders), time.perf_counter()
        time.sleep(given.seconds)
        watched = time.perf_counter() - began
        own, held = own_seconds([run]) - before, own_seconds(holders) - holders_before
        memory = run.memory_info().rss
    details = {
        "holders of renderers, %": 100 * held / watched,
        "resident, MB": memory / 1e6,
        "watched, s": watched,
    }
    what = f"orchestrator's use of one core while {RENDERERS} renderers compute silently"
    return report("idle", [Result(what, 100 * own / watched, "%", Bound(1.0), details)], as_json=given.json)


def own_seconds(processes: Iterable[psutil.Process]) -> float:
    """Processor time of these processes, without that of children."""
    times = [process.cpu_times() for process in processes]
    return sum(time.user + time.system for time in times)


if __name__ == "__main__":
    sys.exit(main())
