"""Fixtures for the tests of fonts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.deadline import wheels

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot


@pytest.fixture
def lot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lot:
    """An empty project. Nothing is downloaded for its bundles, and this user's cache is left alone."""
    pytest.importorskip("py_aep", reason="py_aep is not installed: pip install 'stmpo[submit]'")
    from tests.deadline.lot import Lot  # noqa: PLC0415

    monkeypatch.setattr(wheels, "_download", lambda *_: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Lot(tmp_path)
