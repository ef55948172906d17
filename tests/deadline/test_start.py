"""A session's first command finds a Python by itself, and `python` is that one from then on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stmpo.deadline.fragments import copy_scripts, load_fragments
from stmpo.deadline.wheels import collect_wheels

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_start_bat.py has the other half")

REAL = Path(sys.executable).resolve()
ODD = "R&D $(x) `y` größe 'z'"
PRINTS = "import sys; print(sys.argv)\n"


def start(tmp_path: Path, commands: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as a session does, with these commands on the PATH: what each does, in sh."""
    path, scripts = tmp_path / "bin", tmp_path / ODD
    path.mkdir()
    scripts.mkdir()
    (scripts / "runtime.py").write_text(PRINTS, encoding="utf-8")
    for name, does in commands.items():
        (path / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (path / name).chmod(0o755)
    (file,) = load_fragments().environments[0]["script"]["embeddedFiles"]
    script = tmp_path / file["filename"]
    script.write_text(file["data"], encoding="utf-8")
    script.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$1"', str(script), "/the session"],
        env={"PATH": str(path), "STMPO_SCRIPTS": str(scripts), **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


GOOD = f'exec "{REAL}" "$@"'
TOO_OLD = 'echo "a very old Python"; exit 1'


@pytest.mark.parametrize(
    "commands",
    [
        {"python": GOOD},
        {"python3": GOOD},
        {"python": TOO_OLD, "python3": GOOD},
        {"python": "exit 127", "python3": TOO_OLD, "python3.12": GOOD},
    ],
    ids="+".join,
)
def test_the_first_that_is_new_enough_is_taken(tmp_path: Path, commands: dict[str, str]) -> None:
    done = start(tmp_path, commands)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{[f'{tmp_path}/{ODD}/runtime.py', '/the session']}\n"


@pytest.mark.parametrize("commands", [{}, {"python": TOO_OLD, "python3": TOO_OLD}], ids=["none", "too old"])
def test_where_there_is_none_one_line_says_so(tmp_path: Path, commands: dict[str, str]) -> None:
    done = start(tmp_path, commands)
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert line.startswith("openjd_fail: this worker has no Python 3.10 or later as python python3 ")
    assert done.stderr == ""


def test_one_that_is_named_is_taken_and_no_other(tmp_path: Path) -> None:
    named = tmp_path / "a named one"
    named.symlink_to(REAL)
    assert start(tmp_path, {"python": "exit 9"}, STMPO_PYTHON=str(named)).returncode == 0
    shutil.rmtree(tmp_path / "bin")
    shutil.rmtree(tmp_path / ODD)
    refused = start(tmp_path, {"python": GOOD}, STMPO_PYTHON="python9")
    assert refused.returncode == 2
    assert "no Python 3.10 or later as python9;" in refused.stdout


def test_python_means_that_one_for_the_rest_of_the_session(tmp_path: Path) -> None:
    """On a worker that has it only as `python3`; other commands stay where they were."""
    copy_scripts(tmp_path / "scripts")
    collect_wheels(tmp_path / "scripts" / "wheels", download=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(REAL)
    entered = subprocess.run(
        [str(tmp_path / "bin" / "python3"), str(tmp_path / "scripts" / "runtime.py"), str(tmp_path)],
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    said = dict(
        line.removeprefix("openjd_env: ").split("=", 1)
        for line in entered.stdout.splitlines()
        if line.startswith("openjd_env: ")
    )
    first, rest = said["PATH"].split(os.pathsep)
    assert rest == str(tmp_path / "bin")
    assert [path.name for path in Path(first).iterdir()] == ["python"]
    code = "import stmpo, psutil, sys; print(sys.argv[1])"
    done = subprocess.run(
        [f"{first}/python", "-c", code, 'it\'s "$1"'], env=said, capture_output=True, text=True, check=False
    )
    assert done.stdout == 'it\'s "$1"\n', done.stderr
