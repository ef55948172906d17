r"""After Effects as its Windows installer places it.

The path is `<program files>\Adobe\Adobe After Effects <year>\Support Files\aerender.exe`, below every folder
that a `ProgramFiles…` or `ProgramW6432` variable names. A 32-bit Python sees the 64-bit folder only in the
latter. No drive is assumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.renderers.discovery.common import Installation, newest_first

if TYPE_CHECKING:
    from collections.abc import Mapping


def installed(environ: Mapping[str, str]) -> Installation:
    """Find every aerender below the program folders that the environment names."""
    roots = program_folders(environ)
    found = [
        (aerender.parent.parent.name, aerender)
        for root in roots
        for aerender in (root / "Adobe").glob("Adobe After Effects*/Support Files/aerender.exe")
    ]
    searched = " and ".join(str(root / "Adobe") for root in roots)
    return Installation(newest_first(found), searched or "no folder (no ProgramFiles variable is set)")


def program_folders(environ: Mapping[str, str]) -> list[Path]:
    """Return the folders that programs are installed to, each once, in a stable order."""
    named = {
        name.upper(): value
        for name, value in environ.items()
        if name.upper().startswith("PROGRAMFILES") or name.upper() == "PROGRAMW6432"
    }
    folders = {value.casefold(): Path(value) for _, value in sorted(named.items()) if value}
    return list(folders.values())
