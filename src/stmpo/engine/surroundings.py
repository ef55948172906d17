"""What of this machine and job makes some causes of a stall likelier: said with the stall, never decided by.

A service of Windows runs in session 0, where nobody sees a dialog and nobody answers one. A project on a network path
opens only when the network answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo import machine
from stmpo.system import paths

if TYPE_CHECKING:
    from pathlib import Path


def circumstances(project: Path) -> tuple[str, ...]:
    """One phrase for each."""
    found = []
    if machine.in_session_zero():
        found.append("this worker runs in session 0, which has no desktop")
    if paths.is_remote(str(project)):
        found.append(f"{project.name} lies on a network path")
    return tuple(found)
