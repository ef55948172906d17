"""Exclusive locks on open files. The system releases a lock when its process ends, however it ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from stmpo.system.locks.windows import try_lock
else:
    from stmpo.system.locks.posix import try_lock

__all__ = ["try_lock"]
