"""The project's commands, the same on every system: `python make.py demo`, `test`, `check`, `bench`, `dist`, `clean`.

Each sets up what it needs in `.venv` beside this file (nothing system-wide) and then runs there. Needs Python 3.10 or
later and a package index; set up again only when `pyproject.toml` has changed. `make demo` and the others call this.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
SIDE_BY_SIDE = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
"""Tests wait for sleeping processes more than they compute; a file keeps its expensive fixtures to itself."""

EVERYTHING = ("-e", ".[cli,lottie,submit]", "--group", "test", "--group", "check")


def main(arguments: list[str]) -> int:
    """Run the command named first with the rest as its arguments; return its exit code."""
    if sys.version_info < (3, 10):  # noqa: UP036 - said in words instead of a syntax error further on
        print(f"Python 3.10 or later is needed; this is {sys.version.split()[0]} ({sys.executable})")
        return 2
    name, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    command = COMMANDS.get(name)
    if command is None:
        print(f"{__doc__}\nCommands: {', '.join(COMMANDS)}")
        return 0 if name == "help" else 2
    return command(rest)


def demo(rest: list[str]) -> int:
    """Render the demo comp by several processes."""
    set_up("-e", ".[cli,lottie]")
    return run("-m", "stmpo", "demo", *rest)


def test(rest: list[str]) -> int:
    """Run every test that this machine can run; what was skipped, and why, is listed at the end."""
    set_up(*EVERYTHING)
    return run("-m", "pytest", *SIDE_BY_SIDE, *rest)


def check(rest: list[str]) -> int:
    """Linter, formatter and types."""
    set_up(*EVERYTHING)
    failed = [
        step
        for step in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
        if run("-m", *step, *rest)
    ]
    return 1 if failed else 0


def bench(rest: list[str]) -> int:
    """Measure what the documentation claims; ratios taken in one run."""
    set_up(*EVERYTHING)
    return run("-m", "benchmarks", *rest)


def dist(rest: list[str]) -> int:
    """Make what is given to others, in `dist`: the panel as a zip to unpack by hand, and this package as a wheel."""
    set_up("-e", ".[cli]")
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet")
    return run("-m", "stmpo", "panel", "zip", "--output-dir", "dist", *rest) or run(
        *pip, "wheel", "--no-deps", "--wheel-dir", "dist", "."
    )


def clean(_: list[str]) -> int:
    """Remove what these commands made."""
    for folder in (VENV, ROOT / "demo-output", ROOT / "dist"):
        shutil.rmtree(folder, ignore_errors=True)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "bench": bench,
    "dist": dist,
    "clean": clean,
}


def set_up(*wanted: str) -> None:
    """Make `.venv` hold these requirements, unless it already does for this `pyproject.toml`."""
    stamp = VENV / "set-up.txt"
    state = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    have = stamp.read_text(encoding="utf-8").split("\n") if stamp.is_file() and PYTHON.is_file() else []
    if have[:1] == [state] and (set(wanted) <= set(have)):
        return
    print("Setting up .venv (once) …", flush=True)
    if not PYTHON.is_file() or have[:1] != [state]:
        venv.create(VENV, clear=True, with_pip=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", "--upgrade", "pip>=25.1"], cwd=ROOT, check=True)  # --group needs 25.1
    subprocess.run([*pip, "install", *wanted], cwd=ROOT, check=True)
    stamp.write_text("\n".join([state, *wanted]), encoding="utf-8")


def run(*arguments: str) -> int:
    """Run Python in `.venv`, from the project's folder."""
    return subprocess.run([str(PYTHON), *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
