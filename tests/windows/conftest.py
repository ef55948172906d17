"""A studio whose runs can be cancelled as a worker agent cancels them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE_NEW_PROCESS_GROUP = 0x200
"""Of `subprocess`, which has it on Windows alone; this file is read on every system."""


class WindowsStudio(Studio):
    """A `Studio` on Windows."""

    def agent_starts(self, *options: str, **settings: object) -> subprocess.Popen[str]:
        """Run in the background as a worker agent does: in its own process group, for CTRL_BREAK."""
        with (self.folder / "run.log").open("w", encoding="utf-8") as log:
            return subprocess.Popen(
                self.command(*options),
                env=self.environment(**settings),  # type: ignore[arg-type]  # the scenario, and variables
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                creationflags=CREATE_NEW_PROCESS_GROUP,
            )


@pytest.fixture
def studio(tmp_path: Path) -> WindowsStudio:
    """An empty studio."""
    return WindowsStudio(tmp_path)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[str]:
    r"""An empty folder as a network path, `\\server\share\...`: this computer's own share, or Wine's."""
    prefix = os.environ.get("WINEPREFIX")
    if prefix is None:
        yield f"\\\\localhost\\{tmp_path.drive[0]}${str(tmp_path)[len(tmp_path.drive) :]}\\share"
        return
    server = Path("\\\\?\\unix" + prefix.replace("/", "\\")) / "dosdevices" / "unc" / "studio"
    folder = server / f"projects-{os.getpid()}-{os.urandom(3).hex()}"
    folder.mkdir(parents=True)
    yield f"\\\\studio\\{folder.name}"
    shutil.rmtree(folder)
