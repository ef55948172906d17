"""A studio for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """An empty studio."""
    return Studio(tmp_path)
