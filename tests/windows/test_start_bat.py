"""A session's first command on Windows finds a Python under any name, or says that there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.deadline.fragments import load_fragments

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "win32",
    reason="needs Windows: a script for cmd; elsewhere test_windows_under_wine.py runs this",
)

GOOD = f'@"{sys.executable}" %*'
DASH_3 = f'@set rest=%*\n@"{sys.executable}" %rest:~3%'
ODD = "R&D (1) größe, 50%% ^ of 100%"
SESSION = "a=b,c;d"
STORE = "@echo Python was not found; run without arguments to install from the Microsoft Store & exit /b 9009"


def start(
    tmp_path: Path, commands: dict[str, str], *, newline: str = "\r\n", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run it as a session does, with these commands on the PATH."""
    path, scripts, session = tmp_path / "bin", tmp_path / ODD, tmp_path / SESSION
    for folder in (path, scripts, session):
        folder.mkdir()
    (scripts / "runtime.py").write_text(
        "import sys; print(*sys.argv, sep='|'); sys.exit(7)", encoding="utf-8"
    )
    for name, does in commands.items():
        (path / f"{name}.bat").write_text(f"{does}\n", encoding="utf-8")
    (file,) = load_fragments().environments[0]["script"]["embeddedFiles"]
    script = tmp_path / file["filename"]
    script.write_text(file["data"], encoding="utf-8", newline=newline)
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
    """Return its output without the label at the top, which only Wine's cmd prints."""
    return [line for line in done.stdout.splitlines() if line and ":<<" not in line]


@pytest.mark.parametrize("newline", ["\r\n", "\n"], ids=["Windows' line ends", "a session's"])
@pytest.mark.parametrize(
    "commands",
    [{"python": GOOD}, {"python": STORE, "py": DASH_3}, {"python": STORE, "python3": GOOD}],
    ids="+".join,
)
def test_a_python_is_found_under_its_name(tmp_path: Path, commands: dict[str, str], newline: str) -> None:
    done = start(tmp_path, commands, newline=newline)
    assert done.returncode == 7, done.stdout + done.stderr
    (line,) = said(done)
    script, session = line.split("|")
    assert os.path.normpath(script) == str(tmp_path / ODD / "runtime.py")
    assert session.strip('"') == str(tmp_path / SESSION)


@pytest.mark.parametrize("written", ["{}", '"{}"'], ids=["as it is", "in quotation marks"])
def test_one_that_is_named_is_taken_and_no_other(tmp_path: Path, written: str) -> None:
    done = start(tmp_path, {"python": STORE}, STMPO_PYTHON=written.format(sys.executable))
    assert done.returncode == 7, done.stdout + done.stderr


def test_one_that_is_named_may_have_an_odd_name_and_be_a_batch_file(tmp_path: Path) -> None:
    named = tmp_path / "R&D (x86) py.bat"
    named.write_text(f"{GOOD}\n", encoding="utf-8")
    done = start(tmp_path, {"python": STORE}, STMPO_PYTHON=str(named))
    assert done.returncode == 7, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("commands", "environment", "name"),
    [
        ({"python": STORE}, {}, "python, py or python3"),
        ({"python": GOOD}, {"STMPO_PYTHON": "C:\\none.exe"}, "C:\\none.exe"),
        ({"python": GOOD}, {"STMPO_PYTHON": "C:\\R&D (x86) <1>\\py.exe"}, "C:\\R&D (x86) <1>\\py.exe"),
    ],
)
def test_where_there_is_none_one_line_says_so(
    tmp_path: Path, commands: dict[str, str], environment: dict[str, str], name: str
) -> None:
    done = start(tmp_path, commands, **environment)
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = said(done)
    assert line.startswith(f"openjd_fail: this worker has no Python 3.10 or later as {name};")
