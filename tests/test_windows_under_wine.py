"""Run tests that matter for Windows with a Windows Python under Wine, if `STMPO_WINDOWS_PYTHON` names one.

`tests/windows` is only for Windows. The others here reach files, processes, text or the command line through
Python. Tests of pure code, of other systems' sources and of every byte are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WINDOWS_PYTHON = os.environ.get("STMPO_WINDOWS_PYTHON", "")
BOOT = """
import os, sys
root = sys.argv[1]
sys.path.insert(0, os.path.join(root, 'src'))
os.environ['PYTHONPATH'] = os.path.join(root, 'src')
os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
import pytest
sys.exit(pytest.main(['--rootdir', root, '-p', 'no:cacheprovider', '-q', *sys.argv[2:]]))
"""

TEST_TIMEOUT = 1200.0
"""Seconds for one run. A quiet machine needs a fifth of it."""

WINDOWS_ONLY = ("tests/windows",)
EVERY_SYSTEM = (
    *("tests/core", "tests/delivery", "tests/history", "tests/machine", "tests/model", "tests/renderers"),
    *("tests/reporting", "tests/system", "tests/testing"),
    *(
        f"tests/{name}.py"
        for name in (
            *(
                "engine/test_attempt",
                "engine/test_collector",
                "engine/test_ledger",
                "engine/test_memory_policy",
            ),
            *("engine/test_watchdog", "fonts/test_font_index", "panel/test_panel_install"),
            "planning/test_plan_command",
        )
    ),
    *(
        f"--ignore=tests/{name}.py"
        for name in (
            *("core/test_architecture", "core/test_docs", "delivery/test_verify_encoders"),
            *("machine/test_linux_machine", "machine/test_linux_limits", "machine/test_macos_machine"),
            *("machine/test_hwloc_xml", "machine/test_synthetic_machine", "model/test_frames"),
            "reporting/test_openjd",
        )
    ),
    *("-k", "not any_byte and not wrong_types_are_skipped and not TestEnds"),
)


@pytest.mark.skipif(sys.platform == "win32", reason="this is Windows: the tests there run by themselves")
@pytest.mark.skipif(
    not WINDOWS_PYTHON, reason="STMPO_WINDOWS_PYTHON names no Windows Python to run under Wine"
)
@pytest.mark.parametrize(
    ("tests", "skips_fail"),
    [(WINDOWS_ONLY, True), (EVERY_SYSTEM, False)],
    ids=["for Windows alone", "for every system"],
)
def test_they_pass_there(tests: tuple[str, ...], skips_fail: bool) -> None:
    """The tests for every system may skip what Windows or Wine lacks."""
    root = "Z:" + str(ROOT).replace("/", "\\")
    environment = dict(os.environ)
    if not skips_fail:
        environment.pop("STMPO_SKIPS_FAIL", None)
    done = subprocess.run(
        [WINDOWS_PYTHON, "-c", BOOT, root, *tests],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=TEST_TIMEOUT,
    )
    report = done.stdout.decode(errors="replace")
    assert done.returncode == 0, report
    assert " passed" in report, report
