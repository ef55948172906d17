"""Placeholders: files that stand for frames in a folder where renderers skip existing files.

A placeholder is known by its content, whatever its name says and however small a frame may be.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.system.files import APPEND_FLAGS

if TYPE_CHECKING:
    from stmpo.delivery.file_stability import RenderedFile

PLACEHOLDER = b"stmpo: no frame\n"


def write_placeholder(path: str | os.PathLike[str]) -> None:
    """Put a placeholder in the place of a file, or create it.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, APPEND_FLAGS & ~os.O_APPEND | os.O_TRUNC, 0o666)
    try:
        os.write(descriptor, PLACEHOLDER)
    finally:
        os.close(descriptor)


def is_placeholder(file: RenderedFile) -> bool:
    """Return whether a file is a placeholder.

    Earlier versions wrote one byte, which no frame has. A file that cannot be read is none.
    """
    if file.size <= 1:
        return file.size == 1
    if file.size != len(PLACEHOLDER):
        return False
    try:
        return Path(file.path).read_bytes() == PLACEHOLDER
    except OSError:
        return False
