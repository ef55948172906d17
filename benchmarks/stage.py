"""A stage for `stmpo render`: a project, a destination and fake renderers, in a temporary folder.

The fakes are one process each (`tree=False`) and sleep for their frames' costs, so that many of them leave
the machine to what is measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from stmpo.testing import FAKE_AERENDER, FrameCosts, Scenario, starts

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
RUN_TIMEOUT = 600.0
"""Seconds after which a measurement is given up."""


def ordinary_environment() -> dict[str, str]:
    """Return this process's environment without STMPO's options, and with compiled modules kept, as in an
    installation.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STMPO_") and name != "PYTHONDONTWRITEBYTECODE"
    }


@dataclass(frozen=True, slots=True)
class Used:
    """The resources of a run of `stmpo render`."""

    seconds: float
    """From its start to its end."""

    cpu_seconds: float
    """Of its own process; see `benchmarks.own`."""

    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything under one folder."""

    folder: Path

    def options(self, *, frames: int, renderers: int) -> list[str]:
        """Return the command line after `stmpo`."""
        project = self.folder / "shot.aep"
        project.write_bytes(b"RIFX a project")
        return [
            *("render", str(project), "--comp", "Main", "--frames", f"0-{frames - 1}"),
            *("--output", str(self.folder / "out" / "f_[#####].png")),
            *("--scratch-dir", str(self.folder / "scratch"), "--aerender-path", str(FAKE_AERENDER)),
            *("--concurrency", str(renderers), "--max-concurrency", str(renderers), "--spawn-delay", "0"),
        ]

    def environment(self, *, frames: int, cost: float) -> dict[str, str]:
        """Return the environment with a scenario: frames that each take `cost` seconds, and no failure."""
        scenario = Scenario(costs=FrameCosts(cost), tree=False, last=frames - 1)
        return {**ordinary_environment(), **scenario.environment(self.folder / "stage"), "PYTHONUTF8": "1"}

    def render(self, *, frames: int, renderers: int, cost: float) -> Used:
        """Run to the end.

        Raises:
            RuntimeError: it did not deliver all frames.
        """
        report = self.folder / "used.json"
        began = time.perf_counter()
        with (self.folder / "run.log").open("wb") as log:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.own",
                    str(report),
                    *self.options(frames=frames, renderers=renderers),
                ],
                env=self.environment(frames=frames, cost=cost),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=RUN_TIMEOUT,
                check=False,
            )
        took = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(f"the run ended with {done.returncode}: {self.last_words()}")
        used = json.loads(report.read_text(encoding="utf-8"))
        return Used(took, used["cpu_seconds"], used["peak_bytes"])

    @contextlib.contextmanager
    def running(self, *, frames: int, renderers: int, cost: float) -> Iterator[psutil.Process]:
        """Start a run in the background; end it with all its processes on the way out."""
        with (self.folder / "run.log").open("wb") as log:
            run = psutil.Popen(
                [sys.executable, "-m", "stmpo", *self.options(frames=frames, renderers=renderers)],
                env=self.environment(frames=frames, cost=cost),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield run
        finally:
            tree = run.children(recursive=True)
            for signal_once in (run.terminate, run.terminate):  # the second one asks for haste
                with contextlib.suppress(psutil.NoSuchProcess):
                    signal_once()
                time.sleep(0.2)
            run.wait(RUN_TIMEOUT)
            psutil.wait_procs(tree, RUN_TIMEOUT)

    def renderers(self, run: psutil.Process, wanted: int) -> list[psutil.Process]:
        """Wait until the run has started so many fakes, and return them.

        Raises:
            RuntimeError: they were not.
        """
        deadline = time.monotonic() + RUN_TIMEOUT
        while len(begun := starts(self.folder / "stage")) < wanted:
            if time.monotonic() > deadline or not run.is_running() or run.status() == psutil.STATUS_ZOMBIE:
                raise RuntimeError(f"only {len(begun)} of {wanted} renderers: {self.last_words()}")
            time.sleep(0.02)
        return [psutil.Process(start.pid) for start in begun]

    def last_words(self) -> str:
        """Return the end of the run's output."""
        return (self.folder / "run.log").read_text(encoding="utf-8", errors="replace")[-1000:]


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Create a fresh stage, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="stmpo-bench-") as folder:
        yield Stage(Path(folder))
