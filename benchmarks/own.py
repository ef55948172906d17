"""Run `stmpo` in this process and write down the resources it used: `python -m benchmarks.own REPORT.json
ARGS…`.

Processor time is that of all threads of this process without its children: renderers, and the small processes
that hold them, are not in it. Memory is the peak of this process's resident set. Start-up and imports are in
both.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from stmpo.cli.main import run


def peak_memory() -> int:
    """Return the largest resident set that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # not getrusage: there a child begins with its parent's peak
        (line,) = (
            line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")
        )
        return int(line.split()[1]) << 10
    import psutil  # noqa: PLC0415 - loaded after all that is measured

    windows = getattr(psutil.Process().memory_info(), "peak_wset", None)
    if windows is not None:
        return int(windows)
    import resource  # noqa: PLC0415 - macOS, where it is in bytes

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main(report: Path, arguments: list[str]) -> int:
    """Run the command line, then write the report."""
    code = run(arguments)
    used = {"code": code, "cpu_seconds": time.process_time(), "peak_bytes": peak_memory()}
    report.write_text(json.dumps(used), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
