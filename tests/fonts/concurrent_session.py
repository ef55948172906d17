"""One of several sessions at the same time: a program of its own.

    python -m tests.fonts.concurrent_session FOLDER SESSION

Installs the fonts of `job-SESSION`, waits until all other sessions have done so, checks its own, and removes
them.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from stmpo.fonts.install.install import install, remove
from stmpo.fonts.install.linux import Linux
from stmpo.fonts.install.manifest import read_manifest

OTHERS = 4
TIMEOUT = 60.0


def main(folder: Path, session: str) -> int:
    """Install, check and remove."""
    wanted = read_manifest(folder / f"job-{session}")
    system = Linux(os.environ)
    installed = install(wanted, folder / session, system)
    (folder / "wait" / session).touch()
    end = time.monotonic() + TIMEOUT
    while len(list((folder / "wait").iterdir())) < OTHERS and time.monotonic() < end:
        time.sleep(0.02)
    seen = system.visible(dict.fromkeys(entry.name for entry in wanted))
    removed = remove(folder / session, system)
    complete = not installed.missing and not installed.refused and seen == {entry.name for entry in wanted}
    return 0 if complete and not removed.locked else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
