"""What installing a font needs of a system: one file each, and this is the one place that picks.

Files and folders are the same everywhere and are `stmpo.fonts.install.install`'s. A system adds where they go, how a file
there becomes a font that programs see, and how to look for one as programs do.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.fonts.install.protocol import FontSystem


def this_system(environ: Mapping[str, str]) -> FontSystem:
    """The system that this program runs on, for the user of this environment.

    Raises:
        NoHome: the environment does not say where the user's files lie.
    """
    system: FontSystem
    if sys.platform == "win32":
        from stmpo.fonts.install.windows import Windows  # noqa: PLC0415 - it loads Windows' libraries

        system = Windows(environ)
    elif sys.platform == "darwin":
        from stmpo.fonts.install.macos import MacOS  # noqa: PLC0415

        system = MacOS(environ)
    else:
        from stmpo.fonts.install.linux import Linux  # noqa: PLC0415

        system = Linux(environ)
    return system
