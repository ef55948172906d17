"""The Windows test set (`tests/windows`), run by a Windows Python under Wine, where `STMPO_WINDOWS_PYTHON` names one."""

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


@pytest.mark.skipif(sys.platform == "win32", reason="this is Windows: the tests there run by themselves")
@pytest.mark.skipif(
    not WINDOWS_PYTHON, reason="STMPO_WINDOWS_PYTHON names no Windows Python to run under Wine"
)
def test_the_windows_set_passes() -> None:
    """Everything in `tests/windows` passes in the Windows Python."""
    root = "Z:" + str(ROOT).replace("/", "\\")
    command = [WINDOWS_PYTHON, "-c", BOOT, root, root + "\\tests\\windows"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=540,
    )
    report = done.stdout.decode(errors="replace")
    assert done.returncode == 0, report
    assert " passed" in report, report
