"""A small studio: a project, a destination, a fake After Effects, and the real `stmpo render` as a process of
its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from stmpo.testing import FAKE_AERENDER, Scenario, Start, frame_stamp, starts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FRAME = re.compile(r"(?:frame|f)_(\d+)\.png")
"""The name of a frame's file, in scratch or at the destination."""

TEST_TIMEOUT = 120.0
"""Seconds after which a test gives up waiting; nothing here is expected to take a tenth of it."""


@dataclass
class Outcome:
    """What a finished command left."""

    code: int
    output: str
    """Standard output and error together."""

    summary: dict[str, Any] = field(default_factory=dict)


@dataclass
class Studio:
    """Everything under one temporary folder."""

    folder: Path

    @property
    def project(self) -> Path:
        """An After Effects project, as far as anything here looks at it."""
        path = self.folder / "shot.aep"
        if not path.exists():
            path.write_bytes(b"RIFX a project")
        return path

    @property
    def out(self) -> Path:
        """The destination."""
        return self.folder / "out"

    @property
    def scratch(self) -> Path:
        """Where renderers write."""
        return self.folder / "scratch"

    @property
    def stage(self) -> Path:
        """The fake's folder: its scenario, and what it recorded."""
        return self.folder / "stage"

    def command(self, *options: str, output: str = "f_[####].png") -> list[str]:
        """`stmpo render` on the project, with the fake and without waits; later options win."""
        return [
            *(sys.executable, "-m", "stmpo", "render", str(self.project), "--comp", "Main"),
            *("--output", str(self.out / output), "--scratch-dir", str(self.scratch)),
            *("--aerender-path", str(FAKE_AERENDER), "--spawn-delay", "0", "--child-grace-sec", "1"),
            *options,
        ]

    def environment(self, scenario: Scenario, **more: str) -> dict[str, str]:
        """The environment of a command, with the scenario and a user's cache of its own."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STMPO_")}
        cache = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA"), str(self.folder / "cache"))
        return {**inherited, **cache, **scenario.environment(self.stage), "PYTHONUTF8": "1", **more}

    def render(
        self,
        *options: str,
        scenario: Scenario | None = None,
        output: str = "f_[####].png",
        **environment: str,
    ) -> Outcome:
        """Run to the end."""
        done = subprocess.run(
            self.command(*options, output=output),
            env=self.environment(scenario or Scenario(), **environment),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=TEST_TIMEOUT,
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def start(
        self,
        *options: str,
        scenario: Scenario | None = None,
        output: str = "f_[####].png",
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Run in the background; output goes to `run.log`."""
        with (self.folder / "run.log").open("w", encoding="utf-8") as log:
            return subprocess.Popen(
                self.command(*options, output=output),
                env=self.environment(scenario or Scenario(), **environment),
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @property
    def log(self) -> str:
        """What a background run has said."""
        return (self.folder / "run.log").read_text(encoding="utf-8", errors="replace")

    def frames(self, pattern: str = "f_*.png") -> list[int]:
        """Frame numbers at the destination, read out of the pictures themselves."""
        return sorted(frame_stamp(path) for path in self.out.glob(pattern))

    def named(self, pattern: str = "f_*.png") -> dict[str, int]:
        """File name to the frame number that its picture shows."""
        return {path.name: frame_stamp(path) for path in sorted(self.out.glob(pattern))}

    def rendered(self) -> set[int]:
        """Frames that there are files of, in scratch or at the destination."""
        return frames_in(self.scratch, self.out)

    def strangers(self) -> list[str]:
        """Files at the destination that are neither frames nor the journal."""
        names = (path.name for path in self.out.iterdir())
        return [name for name in names if not name.startswith("f_") and not name.endswith(".stmpo.jsonl")]

    def starts(self) -> list[Start]:
        """What the fake recorded of its starts."""
        return starts(self.stage)

    def alive(self) -> list[int]:
        """Processes of any start that still run."""
        return [pid for start in self.starts() for pid in start.pids if _runs(pid, start)]

    def journal(self) -> list[dict[str, Any]]:
        """The events of the journal beside the frames."""
        (path,) = self.out.glob(".*.stmpo.jsonl")
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def scratch_files(self) -> list[Path]:
        """What is left in scratch."""
        return [path for path in self.scratch.rglob("*") if path.is_file()] if self.scratch.exists() else []


def frames_in(*folders: Path) -> set[int]:
    """Numbers of the frames that there are files of in and under these folders, which may go while they are
    read.
    """
    names = (name for folder in folders for _, _, files in os.walk(folder) for name in files)
    return {int(found[1]) for name in names if (found := FRAME.fullmatch(name))}


def _runs(pid: int, start: Start) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() >= start.began - 60
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Any, what: str) -> None:
    """Poll until `condition()` is true.

    Raises:
        AssertionError: it did not become true in time.
    """
    deadline = time.monotonic() + TEST_TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def after(argv: Sequence[str], flag: str) -> str:
    """The value that follows a flag."""
    return argv[list(argv).index(flag) + 1]
