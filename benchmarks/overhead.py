"""What a frame costs the orchestrator: its own processor time for each frame, 8 fake renderers, 2,000 frames.

Measured over the whole process, start-up and end included, without its children. Each fake takes 50 ms for a
frame: 160 frames a second arrive, each of which is seen, verified, delivered, journaled and told.
"""

from __future__ import annotations

import sys

from benchmarks.measure import Bound, Result, parser, report
from benchmarks.stage import stage

FRAMES = 2_000
RENDERERS = 8
COST = 0.05


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__).parse_args()
    with stage() as here:
        used = here.render(frames=FRAMES, renderers=RENDERERS, cost=COST)
    details = {"whole run, s": used.seconds, "own processor time, s": used.cpu_seconds}
    what = f"orchestrator's own processor time for each of {FRAMES:,} frames, {RENDERERS} renderers"
    result = Result(what, 1000 * used.cpu_seconds / FRAMES, "ms", Bound(2.0), details)
    return report("overhead", [result], as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
