"""What tests of reading, bundling and sending share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.deadline import wheels

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot


@pytest.fixture
def lot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lot:
    """An empty project in a folder whose name needs care. Nothing is downloaded for its jobs."""
    pytest.importorskip("py_aep", reason="py_aep is not installed: pip install 'stmpo[submit]'")
    from tests.deadline.lot import Lot  # noqa: PLC0415

    monkeypatch.setattr(wheels, "_download", lambda *_: None)
    folder = tmp_path / "Größe, 映像"
    folder.mkdir()
    return Lot(folder)
