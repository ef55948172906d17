"""The orchestrator's memory: the peak of its resident set over a run with 24 renderers and 10,000 frames.

The fakes take no time for a frame, so that as much waits for delivery as ever can. Megabytes are 10^6 bytes.
"""

from __future__ import annotations

import sys

from benchmarks.measure import Bound, Result, parser, report
from benchmarks.stage import stage

FRAMES = 10_000
RENDERERS = 24


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__).parse_args()
    with stage() as here:
        used = here.render(frames=FRAMES, renderers=RENDERERS, cost=0.0)
    details = {"whole run, s": used.seconds, "own processor time, s": used.cpu_seconds}
    what = f"orchestrator's peak memory, {RENDERERS} renderers and {FRAMES:,} frames"
    result = Result(what, used.peak_bytes / 1e6, "MB", Bound(80.0), details)
    return report("memory", [result], as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
