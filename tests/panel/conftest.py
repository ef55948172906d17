"""Fixtures for the tests of the panel: a project under construction, and the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.panel.panel_host import NO_NODE, NODE, Panel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    """An empty project in a folder whose name needs care."""
    pytest.importorskip("py_aep", reason="py_aep is not installed: pip install 'stmpo[submit]'")
    from tests.deadline.lot import Lot  # noqa: PLC0415

    folder = tmp_path / "Größe, 映像 100%41 a & b 'it\u2019s' #?;[x]{y}~ ."
    folder.mkdir()
    return Lot(folder)


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    """The panel in an After Effects without a project."""
    if NODE is None:
        pytest.skip(NO_NODE)
    return Panel(tmp_path / "ae")
