"""What tests of reading projects share."""

from tests.deadline.conftest import lot

__all__ = ["lot"]
