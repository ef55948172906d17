"""Shared by all tests.

With `STMPO_SKIPS_FAIL=1` (continuous integration sets it) a skipped test fails the run: what a machine
cannot test has to be installed there, not passed over. Without it, what was skipped and why is listed at the
end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

# A busy machine is no failure: no test here is about time.
settings.register_profile("stmpo", deadline=None)
# The quick set tries fewer examples of each property.
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("stmpo")


ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the options, the renderer or the session that the machine happens to have."""
    for name in list(os.environ):
        if name.startswith(("STMPO_", "OPENJD_", "DEADLINE_")) and name not in _FOR_TESTS:
            monkeypatch.delenv(name)
    monkeypatch.delenv("AERENDER_PATH", raising=False)
    monkeypatch.delenv("AERENDER_EXECUTABLE", raising=False)


_FOR_TESTS = {
    "STMPO_WINDOWS_PYTHON",
    "STMPO_DEADLINE_CLIENT",
    "STMPO_DEADLINE_WORKER",
    "STMPO_SKIPS_FAIL",
}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker and set up the run.

    A run under `nohup` ignores SIGHUP. Programs started by tests would inherit that and miss the signal.
    """
    config.addinivalue_line(
        "markers", "slow: starts real runs (set by folder or fixture, see tests/conftest.py)"
    )
    if config.option.markexpr == "not slow":
        settings.load_profile("quick")
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


SLOW_FOLDERS = {"deadline", "farm", "faults", "panel", "processes", "security", "windows"}
"""Folders whose tests start real renders, a farm, a browser, Node.js or processes that are killed."""

SLOW_FIXTURES = {"studio"}
"""Fixtures of tests that start the real command with stand-ins for aerender."""

LONG_FILES = (
    "test_windows_under_wine.py",
    "test_instants.py",
    "test_farm.py",
    "test_farm_fonts.py",
    "test_farm_faults.py",
)
"""Files that take minutes. They begin first, so that the end of a run does not wait for one of them."""


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that `python make.py test --quick` leaves out."""
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    fixtures = set(getattr(item, "fixturenames", ()))
    if folder in SLOW_FOLDERS or folder == "test_windows_under_wine.py" or fixtures & SLOW_FIXTURES:
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(trylast=True)  # after the order was drawn
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Count skips as failures where that is asked for."""
    reporter: TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("STMPO_SKIPS_FAIL") != "1":
        return
    skips = sorted({str(report.longrepr) for report in reporter.stats.get("skipped", [])})
    refused = [reason for reason in skips if not _allowed(reason)]
    for reason in refused:
        reporter.write_line(
            f"\nskipped, which counts as a failure here (STMPO_SKIPS_FAIL=1): {reason}", red=True
        )
    if refused and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _allowed(reason: str) -> bool:
    """What cannot be installed here, or is tested elsewhere in the same run.

    Data that may lie beside the repository is not always there, and a container may not make control groups.
    What needs Windows runs in the Windows Python.
    """
    if "needs control groups" in reason:
        return True
    if "needs Windows" in reason:
        return bool(os.environ.get("STMPO_WINDOWS_PYTHON"))
    return "not part of this repository" in reason and not (ROOT.parent / "shared").is_dir()
