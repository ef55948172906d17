"""Select the module for this operating system: `windows`, `macos` or `linux`.

Files and leases are handled the same everywhere (`stmpo.fonts.install.install`). A system's module knows the
font folder, how a file there becomes a font that programs see, and how to look for a font as programs do.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.fonts.install.protocol import FontSystem


def this_system(environ: Mapping[str, str]) -> FontSystem:
    """Return the fonts of the user of this environment on this system.

    Raises:
        NoHome: the environment does not name the user's folders.
    """
    system: FontSystem
    if sys.platform == "win32":
        from stmpo.fonts.install.windows import Windows  # noqa: PLC0415 - it loads Windows libraries

        system = Windows(environ)
    elif sys.platform == "darwin":
        from stmpo.fonts.install.macos import MacOS  # noqa: PLC0415

        system = MacOS(environ)
    else:
        from stmpo.fonts.install.linux import Linux  # noqa: PLC0415

        system = Linux(environ)
    return system
