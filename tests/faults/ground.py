"""A studio that can be searched: everything a run starts carries a mark, and its home is a folder of its
own.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.engine.studio import TEST_TIMEOUT, Outcome, Studio, after
from tests.processes.conftest import survivors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stmpo.testing import Scenario

MARK = "FAULTS_TEST_MARK"


@dataclass
class Ground(Studio):
    """One row's own place."""

    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    destination: Path | None = None
    """Where frames go instead of `folder/out`."""

    @property
    def out(self) -> Path:
        """The destination."""
        return self.destination or self.folder / "out"

    @property
    def home(self) -> Path:
        """The user's own folder, where fonts would be."""
        path = self.folder / "home"
        path.mkdir(exist_ok=True)
        return path

    def environment(self, scenario: Scenario, **more: str) -> dict[str, str]:
        """As a studio's, with the mark."""
        own = {MARK: self.mark, "HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "share")}
        return super().environment(scenario, **{**own, **more})

    def survivors(self, timeout: float = 0.0) -> dict[int, str]:
        """What still runs of all that was started here, after that many seconds at the latest."""
        deadline = time.monotonic() + timeout
        while (left := survivors(self.mark)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def clear(self) -> None:
        """End whatever a failed row has left."""
        for pid in survivors(self.mark):
            os.kill(pid, signal.SIGKILL)

    def asked(self, since: int = 0) -> list[int]:
        """Frames that renderers were asked for, after the first `since` starts."""
        spans = [(int(after(s.argv, "-s")), int(after(s.argv, "-e"))) for s in self.starts()[since:]]
        return sorted(frame for first, last in spans for frame in range(first, last + 1))

    def attended(
        self,
        meanwhile: Callable[[Ground, int], None],
        *options: str,
        scenario: Scenario,
        output: str = "f_[####].png",
        **environment: str,
    ) -> Outcome:
        """Run in the background, and do something to it or to its place meanwhile."""
        with self.start(*options, scenario=scenario, output=output, **environment) as run:
            try:
                meanwhile(self, run.pid)
                code = run.wait(TEST_TIMEOUT)
            finally:
                run.kill()
        return Outcome(code, self.log)

    def delivered(self) -> int:
        """How many frames stand at the destination."""
        return len(list(self.out.glob("f_*.png"))) if self.out.is_dir() else 0
