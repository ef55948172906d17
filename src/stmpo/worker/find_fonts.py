"""`get_user_fonts.py POSTSCRIPT_NAME…`: where fonts lie on this machine. It reads, and does nothing else.

A line for each name, in their order: the path of its file, or `FONT_NOT_FOUND`. The exit code is 0 when all were found,
and 1 otherwise. Folders are looked through in the same order as ever (what Adobe Fonts has activated first), by the
standard library alone, and without an index.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stmpo.fonts.places import find_fonts
from stmpo.worker.openjd_session import say

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_FOUND = "FONT_NOT_FOUND"


def main(arguments: Sequence[str]) -> int:
    """Say where each font lies; return the exit code."""
    if not arguments:
        say("Missing font name argument")
        return 1
    found = find_fonts(arguments, os.environ)
    for name in arguments:
        say(str(found.get(name, NOT_FOUND)))
    return 0 if found.keys() >= set(arguments) else 1
