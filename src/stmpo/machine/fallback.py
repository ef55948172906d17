"""The live machine when its topology cannot be read: usable CPUs only, without their grouping."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from stmpo.machine import memory
from stmpo.machine.build import flat_machine

if TYPE_CHECKING:
    from stmpo.machine.model import Machine


def read(why: str) -> Machine:
    """Return a flat machine of the CPUs that this process may use; `why` becomes its note."""
    total, available = memory.installed_and_available()
    machine = flat_machine(_usable(), "operating system", notes=(f"topology not known: {why}",))
    return replace(machine, memory_total_bytes=total, memory_available_bytes=available)


def _usable() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
