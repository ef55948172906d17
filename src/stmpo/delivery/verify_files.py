"""Verify files by their paths, in worker threads: a file that cannot be read at this moment is not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.delivery.verify import Broken, Whole, verify_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.delivery.file_stability import RenderedFile


def verify_all(files: Sequence[RenderedFile], minimum_bytes: int) -> list[Whole | Broken]:
    """Verify several files, one result for each, in their order."""
    return [verify_path(file.path, minimum_bytes) for file in files]


def verify_path(path: str, minimum_bytes: int) -> Whole | Broken:
    """Verify one file. An error of the file system becomes `Broken`, since the file may be readable later."""
    try:
        return verify_frame(path, minimum_bytes=minimum_bytes)
    except OSError as error:
        return Broken(f"cannot be read: {error.strerror or error}")
