"""The topology and plan of a machine of 256 CPUs, from a cold start: the interpreter's own start is in it.

`stmpo plan` as people call it, on a description of two packages of 64 cores in four NUMA nodes each, with 1
TB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from statistics import median

from benchmarks.measure import Bound, Result, parser, report, seconds, skipped
from benchmarks.stage import ordinary_environment

MACHINE = ("--topology", "pack:2 numa:4 l3:4 core:4 pu:2", "--memory", "1024GB")


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__, repeats=15).parse_args()
    script = shutil.which("stmpo", path=sysconfig.get_path("scripts"))
    if script is None:
        return skipped("plan", "stmpo is not installed as a command", as_json=given.json)
    timed(script)  # so that modules are compiled and read from memory
    values = [timed(script) for _ in range(given.repeats)]
    details = {"lowest, s": min(values), "highest, s": max(values), "repeats": float(len(values))}
    what = "stmpo plan for 256 CPUs, from a cold start"
    return report("plan", [Result(what, median(values), "s", Bound(0.3), details)], as_json=given.json)


def timed(script: str) -> float:
    """Seconds of one call."""
    command = [script, "plan", *MACHINE]
    environment = ordinary_environment()
    return seconds(lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL))


if __name__ == "__main__":
    sys.exit(main())
