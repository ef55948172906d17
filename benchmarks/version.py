"""`stmpo --version` against `python -c pass`: what the smallest command costs over the interpreter's own
start.

The console script as it is installed, which is how people call it, and the interpreter that it runs on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from functools import partial

from benchmarks.measure import Bound, Result, paired, parser, ratios, report, seconds, skipped
from benchmarks.stage import ordinary_environment


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__, repeats=31).parse_args()
    script = shutil.which("stmpo", path=sysconfig.get_path("scripts"))
    if script is None:
        return skipped("version", "stmpo is not installed as a command", as_json=given.json)
    version, nothing = [script, "--version"], [sys.executable, "-c", "pass"]
    for command in (version, nothing):  # once each, so that neither side reads from the disk
        timed(command)
    pairs = paired(partial(timed, version), partial(timed, nothing), given.repeats)
    value, details = ratios(pairs)
    what = "stmpo --version against python -c pass"
    return report("version", [Result(what, value, "times as long", Bound(4.0), details)], as_json=given.json)


def timed(command: list[str]) -> float:
    """Seconds of one call."""
    environment = ordinary_environment()
    return seconds(lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL))


if __name__ == "__main__":
    sys.exit(main())
