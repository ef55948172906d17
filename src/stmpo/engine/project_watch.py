"""Notice that the project is saved while it is rendered.

Renderers that start later would open the new version, and the sequence would show two of them.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from stmpo.history.journal_model import ProjectVersion

if TYPE_CHECKING:
    from pathlib import Path


class ProjectWatch:
    """Compares a project file with the version that a run renders. `look` is called in a thread."""

    def __init__(self, project: Path, version: ProjectVersion | None) -> None:
        self._project = project
        self._version = version
        self._state: tuple[int, ...] = ()
        self.changed = False
        """Whether the file holds another version now."""

        self.unchanged_at = time.monotonic()
        """When it was last seen with the run's version, in monotonic seconds."""

    def look(self) -> None:
        """Look at the file. It is read only if its size, times or identity have changed.

        A file that is away for a moment is no change: programs save by renaming.
        """
        now = time.monotonic()
        try:
            before = _state(self._project)
            if before == self._state:
                self.unchanged_at = now
                return
            version = ProjectVersion.of(self._project)
        except OSError:
            return
        if self._version is None or version == self._version:
            self._version, self._state, self.unchanged_at = version, before, now
        else:
            self.changed = True


def _state(path: Path) -> tuple[int, ...]:
    status = os.stat(path)  # noqa: PTH116 - as a program opens it, links followed
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino
