"""The project's commands, the same on every system: `python make.py COMMAND`.

Each command sets up what it needs in `.venv` beside this file (nothing system-wide) and runs there. It needs
Python 3.10 or later and a package index. The set-up runs again only after a change of `pyproject.toml`.
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
WORKERS = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
"""For many tests: four processes, because tests mostly wait for sleeping processes. A file stays in one
process, which has made its expensive fixtures.
"""

EVERYTHING = ("-e", ".[cli,lottie,submit]", "--group", "test", "--group", "check")


def main(arguments: list[str]) -> int:
    """Run the command named first with the other arguments; return its exit code."""
    if sys.version_info < (3, 10):  # noqa: UP036 - a sentence instead of a syntax error later
        print(f"Python 3.10 or later is needed; this is {sys.version.split()[0]} ({sys.executable})")
        return 2
    name, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if name in COMMANDS:
        return COMMANDS[name](rest)
    print("usage: python make.py COMMAND ...\n")
    for command, function in COMMANDS.items():
        print(f"  {command:6} {(function.__doc__ or '').partition(chr(10))[0]}")
    return 0 if name in {"help", "-h", "--help"} else 2


def demo(rest: list[str]) -> int:
    """Render the demo comp with several processes."""
    set_up("-e", ".[cli,lottie]")
    return run("-m", "stmpo", "demo", *rest)


def test(rest: list[str]) -> int:
    """Run the tests: all, those of FILE ..., or with --quick those that start no renders.

    Tests that this machine cannot run are listed at the end, with the reason. Options are pytest's.
    """
    set_up(*EVERYTHING)
    return run("-m", "pytest", *pytest_arguments(rest))


def pytest_arguments(rest: list[str]) -> list[str]:
    """Return pytest's arguments. A single file or folder runs in one process, which starts faster than
    four.
    """
    arguments = [text for text in rest if text != "--quick"]
    if len(arguments) < len(rest):
        arguments = ["-m", "not slow", *arguments]
    named = [ROOT / text.partition("::")[0] for text in rest if not text.startswith("-")]
    folders = sum(path.is_dir() for path in named)
    alone = folders < 2 and any(path.exists() for path in named)
    return arguments if alone else [*WORKERS, *arguments]


def check(rest: list[str]) -> int:
    """Run linter, formatter and type checker."""
    set_up(*EVERYTHING)
    steps = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    failed = [step for step in steps if run("-m", *step, *rest)]
    return 1 if failed else 0


def bench(rest: list[str]) -> int:
    """Measure what the documentation claims: all benchmarks, or those named."""
    set_up(*EVERYTHING)
    return run("-m", "benchmarks", *rest)


def dist(rest: list[str]) -> int:
    """Build the release in dist: the panel as a zip to unpack by hand, and the package as a wheel."""
    set_up("-e", ".[cli]")
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet")
    return run("-m", "stmpo", "panel", "zip", "--output-dir", "dist", *rest) or run(
        *pip, "wheel", "--no-deps", "--wheel-dir", "dist", "."
    )


def clean(_: list[str]) -> int:
    """Remove what these commands have made."""
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
    """Install these requirements in `.venv`, unless it has them for this `pyproject.toml`."""
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
    """Run Python of `.venv` in the project's folder; return its exit code."""
    return subprocess.run([str(PYTHON), *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
