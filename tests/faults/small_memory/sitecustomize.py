"""A machine of 320 MB for the orchestrator: what its renderers' trees really have is taken off that."""

import sys

if "stmpo" in sys.orig_argv:
    from stmpo import machine
    from stmpo.engine import memory_policy
    from stmpo.machine.model import MemoryRoom

    TOTAL = 320 << 20

    def _room(ours: int) -> MemoryRoom:
        return MemoryRoom(TOTAL, max(0, TOTAL - ours))

    machine.memory_room = _room
    memory_policy.HOLD = 0.5
