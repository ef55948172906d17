"""A session's first command on Windows: a Python under whatever name it has, or one line that says there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.deadline.pieces import load_pieces

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "win32",
    reason="needs Windows: a script for cmd; elsewhere test_windows_under_wine.py runs this",
)

GOOD = f'@"{sys.executable}" %*'
DASH_3 = f'@"{sys.executable}" %2 %3 %4'
STORE = "@echo Python was not found; run without arguments to install from the Microsoft Store & exit /b 9009"


def start(tmp_path: Path, commands: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as a session does, with these commands on the PATH."""
    path, scripts, session = tmp_path / "bin", tmp_path / "R&D (1) größe", tmp_path / "session"
    for folder in (path, scripts, session):
        folder.mkdir()
    (scripts / "runtime.py").write_text(
        "import sys; print(*sys.argv, sep='|'); sys.exit(7)", encoding="utf-8"
    )
    for name, does in commands.items():
        (path / f"{name}.bat").write_text(f"{does}\n", encoding="utf-8")
    (file,) = load_pieces().environments[0]["script"]["embeddedFiles"]
    script = tmp_path / file["filename"]
    script.write_text(file["data"], encoding="utf-8", newline="\r\n")
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "COMSPEC", "PATHEXT") if name in os.environ}
    system = f"{os.environ['SYSTEMROOT']}\\system32"
    return subprocess.run(
        [str(script), str(session)],
        env={
            **kept,
            "PATH": f"{path};{system}",
            "STMPO_SCRIPTS": str(scripts),
            "PYTHONUTF8": "1",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What it printed. Wine's cmd shows the label at the top, which Windows' does not."""
    return [line for line in done.stdout.splitlines() if line and ":<<" not in line]


@pytest.mark.parametrize(
    "commands",
    [{"python": GOOD}, {"python": STORE, "py": DASH_3}, {"python": STORE, "python3": GOOD}],
    ids="+".join,
)
def test_a_python_is_found_under_its_name(tmp_path: Path, commands: dict[str, str]) -> None:
    done = start(tmp_path, commands)
    assert done.returncode == 7, done.stdout + done.stderr
    (line,) = said(done)
    script, session = line.split("|")
    assert os.path.normpath(script) == str(tmp_path / "R&D (1) größe" / "runtime.py")
    assert session.strip('"') == str(tmp_path / "session")


def test_one_that_is_named_is_taken_and_no_other(tmp_path: Path) -> None:
    done = start(tmp_path, {"python": STORE}, STMPO_PYTHON=sys.executable)
    assert done.returncode == 7, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("commands", "environment", "name"),
    [
        ({"python": STORE}, {}, "python, py or python3"),
        ({"python": GOOD}, {"STMPO_PYTHON": "C:\\none.exe"}, "C:\\none.exe"),
    ],
)
def test_where_there_is_none_one_line_says_so(
    tmp_path: Path, commands: dict[str, str], environment: dict[str, str], name: str
) -> None:
    done = start(tmp_path, commands, **environment)
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = said(done)
    assert line.startswith(f"openjd_fail: this worker has no Python 3.10 or later as {name};")
