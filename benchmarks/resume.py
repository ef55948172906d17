"""How long it takes to find out that there is nothing to do: 10,000 frames, all of them delivered by an
earlier run.

The second run reads the journal and every frame to its end, renders nothing, and says so. There is no bound;
the frames are tiny, so this is what each frame costs beyond the reading of its bytes.
"""

from __future__ import annotations

import sys

from benchmarks.measure import Result, parser, report
from benchmarks.stage import stage

FRAMES = 10_000


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__).parse_args()
    with stage() as here:
        first = here.render(frames=FRAMES, renderers=8, cost=0.0)
        again = here.render(frames=FRAMES, renderers=8, cost=0.0)
    details = {
        "own processor time, s": again.cpu_seconds,
        "peak memory, MB": again.peak_bytes / 1e6,
        "first run, s": first.seconds,
    }
    what = f"run again over {FRAMES:,} delivered frames"
    return report("resume", [Result(what, again.seconds, "s", None, details)], as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
