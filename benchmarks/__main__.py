"""Run measurements: `python -m benchmarks [NAME…] [OPTION…]`; without a name, all of them, one after the
other.

Each measurement is a module and runs in its own process, so that none measures the leftovers of another. The
exit code is 0 if every bound was kept, and 1 if one was missed. `python -m benchmarks NAME --help` describes
a measurement and its options.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import takewhile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = (
    "demo",
    "delivery",
    "overhead",
    "idle",
    "memory",
    "version",
    "first-start",
    "plan",
    "resume",
    "scheduling",
    "trees",
    "fonts",
    "bundle",
    "session",
    "panel",
    "soak",
    "kills",
)


def main(arguments: list[str]) -> int:
    """Run the named measurements with the remaining options; return the exit code."""
    names = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    options = arguments[len(names) :]
    known = [name for name in NAMES if module(name).is_file()]
    unknown = [name for name in names if name not in known]
    if unknown or (not names and {"-h", "--help"} & set(options)):
        print(f"{__doc__}\nMeasurements: {', '.join(known)}")
        return 2 if unknown else 0
    missed = [name for name in names or known if not kept(name, options)]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def module(name: str) -> Path:
    """Return the file of a measurement."""
    return HERE / f"{name.replace('-', '_')}.py"


def kept(name: str, options: list[str]) -> bool:
    """Run one measurement; return whether it kept its bounds."""
    command = [sys.executable, "-m", f"benchmarks.{module(name).stem}", *options]
    return subprocess.run(command, cwd=HERE.parent, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
