"""What a job's session costs a worker before its first frame: the runtime environment on a Python that has
nothing.

`scripts/runtime.py` of a bundle is run as the session runs it, by a Python without stmpo, psutil and pip,
into a new folder each time: both packages are unpacked and psutil is imported once, to see that it can be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measure import Bound, Result, parser, report, seconds
from benchmarks.stage import RUN_TIMEOUT, ordinary_environment
from stmpo.deadline.fragments import copy_scripts
from stmpo.deadline.wheels import collect_wheels


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__, repeats=7).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_scripts(folder / "scripts")
        collect_wheels(folder / "scripts" / "wheels", download=False)
        venv.create(folder / "bare", symlinks=sys.platform != "win32")
        python = shutil.which(
            "python", path=os.pathsep.join(str(folder / "bare" / part) for part in ("bin", "Scripts"))
        )
        assert python is not None
        taken = [
            seconds(partial(entered, python, folder / "scripts", folder / f"session-{number}"))
            for number in range(given.repeats + 1)
        ][1:]  # the first one reads everything from the disk
    details = {"lowest, s": min(taken), "highest, s": max(taken), "repeats": float(len(taken))}
    result = Result("runtime environment entered", median(taken), "s", Bound(3.0), details)
    return report("session", [result], as_json=given.json)


def entered(python: str, scripts: Path, session: Path) -> None:
    """Enter the environment once.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    session.mkdir()
    environment = {
        name: value for name, value in ordinary_environment().items() if not name.startswith("PYTHON")
    }
    subprocess.run(
        [python, str(scripts / "runtime.py"), str(session)],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=RUN_TIMEOUT,
    )


if __name__ == "__main__":
    sys.exit(main())
