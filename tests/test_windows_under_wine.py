"""The tests that say something about Windows, run by a Windows Python under Wine, where `STMPO_WINDOWS_PYTHON` names one.

`tests/windows` is for Windows alone. Of the others those are run again there that reach files, processes, text or the
command line through Python; what is pure, what reads other systems' sources and what tries every byte is not.
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

PATIENCE = 1200.0
"""Seconds after which they are given up; on a quiet machine a fifth of it is enough."""

FOR_WINDOWS_ALONE = ("tests/windows",)
FOR_EVERY_SYSTEM = (
    *("tests/core", "tests/delivery", "tests/machine", "tests/renderers", "tests/sinks", "tests/testing"),
    *("tests/planning/test_plan_command.py", "tests/engine/test_collector.py"),
    "tests/fonts/test_font_index.py",
    "tests/panel/test_panel_install.py",
    *(
        f"--ignore=tests/{name}.py"
        for name in (
            *(
                "core/test_architecture",
                "core/test_docs",
                "core/test_frames",
                "delivery/test_verify_encoders",
            ),
            *("machine/test_linux_machine", "machine/test_linux_limits", "machine/test_macos_machine"),
            *("machine/test_hwloc_xml", "machine/test_synthetic_machine", "sinks/test_openjd"),
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
    [(FOR_WINDOWS_ALONE, True), (FOR_EVERY_SYSTEM, False)],
    ids=["for Windows alone", "for every system"],
)
def test_they_pass_there(tests: tuple[str, ...], skips_fail: bool) -> None:
    """All of them; the general ones may skip what Windows or Wine has not."""
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
        timeout=PATIENCE,
    )
    report = done.stdout.decode(errors="replace")
    assert done.returncode == 0, report
    assert " passed" in report, report
