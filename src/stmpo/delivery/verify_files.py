"""Verify many files in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.delivery.verify import Broken, Whole, verify_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.delivery.file_stability import RenderedFile


def verify_all(ready: Sequence[RenderedFile], minimum_bytes: int) -> list[Whole | Broken]:
    """Verify several files in one go, in a thread of the pool."""
    return [verify_one(found, minimum_bytes) for found in ready]


def verify_one(found: RenderedFile, minimum_bytes: int) -> Whole | Broken:
    """Verify one file that was found."""
    return verify_path(found.path, minimum_bytes)


def verify_path(path: str, minimum_bytes: int) -> Whole | Broken:
    """Verify one file; a file that cannot be read now is not whole now."""
    try:
        return verify_frame(path, minimum_bytes=minimum_bytes)
    except OSError as error:
        return Broken(f"cannot be read: {error.strerror or error}")
