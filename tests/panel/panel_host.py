"""Run the panel with Node.js in a simulated After Effects."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ASSETS = ROOT / "DeadlineCloudSubmitter_Assets"
PARTS = sorted((ASSETS / "panel").glob("*.jsxinc"))
ENTRY = ROOT / "DeadlineCloudSubmitter_STMPO.jsx"
NODE = shutil.which("node")
NO_NODE = "needs Node.js 18 or later on PATH (apt install nodejs npm)"
NO_MODULES = "needs tests/panel/node_modules (npm install --prefix tests/panel)"
NODE_TIMEOUT = 60.0


@dataclass
class Answer:
    """The result of a run of the panel."""

    values: list[Any]
    """The value of each step, in order."""

    calls: dict[str, Any]
    """The number of host calls (`host`), and the commands given to the system (`system`)."""

    said: list[str]
    stored: dict[str, str]
    milliseconds: list[float]


@dataclass
class Panel:
    """An installed panel in a folder of its own, and the After Effects that it runs in."""

    folder: Path
    app: dict[str, Any] = field(default_factory=dict)
    platform: str = "posix"
    root: str = ""
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        self.temp, self.user_data = self.folder / "temp", self.folder / "user"
        for folder in (self.temp, self.user_data, self.home / "wheels"):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("panel", "JobTemplate"):
            if not (self.home / name).exists():
                (self.home / name).symlink_to(ASSETS / name)
        shutil.copyfile(ENTRY, self.folder / "installed" / ENTRY.name)

    @property
    def home(self) -> Path:
        """The installed assets."""
        return self.folder / "installed" / ASSETS.name

    def wheel(self, name: str = "stmpo-1.0-py3-none-any.whl") -> Path:
        """A wheel beside the panel, so that the check for it passes."""
        path = self.home / "wheels" / name
        path.write_bytes(b"wheel")
        return path

    def run(self, *steps: str, timeout: float = 30) -> Answer:
        """Load the panel and run these steps: code, or "tick" for scheduled tasks."""
        folders = {"temp": self._seen(self.temp), "userData": self._seen(self.user_data)}
        entry = self._seen(self.folder / "installed" / ENTRY.name)
        options = {"app": self.app, "platform": self.platform, "root": self.root, "env": self.environ}
        request = {
            "entry": entry,
            "host": {**options, "folders": folders, "script": entry},
            "steps": steps,
            "timeout": timeout,
        }
        assert NODE is not None
        done = subprocess.run(
            [NODE, str(HERE / "run.js")],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            timeout=NODE_TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert not [text for text in answer["said"] if "cannot start" in text], answer["said"]
        return Answer(**answer)

    def _seen(self, path: Path) -> str:
        """Return a path as the host sees it: relative to the root of its disk."""
        return str(path).removeprefix(self.root)

    def value(self, code: str) -> Any:
        """Return the value of one step."""
        return self.run(code).values[0]
