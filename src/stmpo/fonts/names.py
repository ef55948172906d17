"""The PostScript names that a font file holds, by the standard library alone.

After Effects knows a font by this name. A file that is cut, or no font, has no names; reading it never fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.fonts.sfnt import read_faces

if TYPE_CHECKING:
    from pathlib import Path


def postscript_names(path: Path) -> tuple[str, ...]:
    """The PostScript names in a font file, in the order of its faces, a variable font's instances included.

    Empty where it is no font.
    """
    return tuple(dict.fromkeys(name for face in read_faces(path) for name in face.all_names()))
