"""The test kit: a fake aerender that plays scenarios, for this project's tests and its users' tests.

    from stmpo.testing import FAKE_AERENDER, FrameCosts, Fault, FaultKind, On, Scenario, frame_stamp, starts

`FAKE_AERENDER` is a path for `--aerender-path`; the command `stmpo-fake-aerender` is the same program.
"""

from __future__ import annotations

from pathlib import Path

from stmpo.testing.images import frame_stamp
from stmpo.testing.scenario import VARIABLE, Fault, FaultKind, FrameCosts, On, Scenario
from stmpo.testing.state import Start, starts

FAKE_AERENDER = Path(__file__).with_name("fake_aerender.py")
"""The fake aerender as a file, run with the Python that runs this."""

__all__ = [
    "FAKE_AERENDER",
    "VARIABLE",
    "Fault",
    "FaultKind",
    "FrameCosts",
    "On",
    "Scenario",
    "Start",
    "frame_stamp",
    "starts",
]
