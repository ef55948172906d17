"""The farm's projects are made as those of the tests beside it."""

from tests.deadline.conftest import lot

__all__ = ["lot"]
