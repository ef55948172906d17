"""`get_user_fonts.py POSTSCRIPT_NAME…`: prints the file of each font on this machine. It only reads.

One line per name, in the order of the names: the path of the font's file, or `FONT_NOT_FOUND`. The exit code
is 0 if all were found, else 1. Folders are searched in a fixed order (fonts that Adobe Fonts has activated
first), with the standard library alone and without an index.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stmpo.fonts.places import find_fonts
from stmpo.worker.openjd_session import write_line

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_FOUND = "FONT_NOT_FOUND"


def main(arguments: Sequence[str]) -> int:
    """Print the file of each font; return the exit code."""
    if not arguments:
        write_line("Missing font name argument")
        return 1
    found = find_fonts(arguments, os.environ)
    for name in arguments:
        write_line(str(found.get(name, NOT_FOUND)))
    return 0 if found.keys() >= set(arguments) else 1
