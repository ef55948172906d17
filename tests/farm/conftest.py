"""The farm's projects are made as those of the tests beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deadline.conftest import lot
from tests.farm.grounds import Grounds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lot"]


@pytest.fixture(scope="module")
def whole_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """A farm without workers."""
    farm = Grounds(tmp_path_factory.mktemp("farm"))
    try:
        farm.open()
        yield farm
    finally:
        farm.close()
