"""All commands: help, and how fast they start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stmpo.cli.main import COMMANDS
from tests.cli.command import stmpo


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(
    "command",
    [
        *([name] for name in COMMANDS),
        *(["panel", name] for name in ("install", "uninstall", "status", "zip")),
        *(["fonts", name] for name in ("show", "clean")),
    ],
    ids=" ".join,
)
def test_each_command_has_its_help(command: list[str], flag: str) -> None:
    answer = stmpo(*command, flag)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"usage: stmpo {' '.join(command)}")


@pytest.mark.parametrize("command", [[], ["panel"], ["fonts"]])
def test_without_a_command_the_help_goes_to_standard_error(command: list[str]) -> None:
    answer = stmpo(*command)
    assert (answer.code, answer.out) == (2, "")
    assert "commands:" in answer.err


@pytest.mark.parametrize(
    ("argument", "loaded"),
    [("--version", {"stmpo.__main__"}), ("--help", {"argparse", "stmpo.model.options", "asyncio", "psutil"})],
)
def test_version_and_help_load_almost_nothing(argument: str, loaded: set[str]) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['stmpo', {argument!r}]\n"
        "try: runpy.run_module('stmpo', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    if argument == "--version":
        assert {name for name in modules if name.startswith("stmpo.")} == set()
    else:
        assert not modules & loaded
