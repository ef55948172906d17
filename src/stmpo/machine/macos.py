"""macOS: the answers of `sysctl hw`. The system neither names CPUs nor pins to them; the numbers only size
the plan.

Intel Macs have one or two packages, each with one level-3 cache. Apple silicon has clusters of like cores,
each with a level-2 cache of its own (`hw.perflevelN.cpusperl2`), performance cores first as `perflevel0`. It
has no SMT.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace

from stmpo.machine import memory
from stmpo.machine.build import CpuFacts, complete_nodes, number_cpus
from stmpo.machine.cpulist import MOST_CPUS
from stmpo.machine.model import Machine, MemoryRoom, NumaNode
from stmpo.model.errors import BadInput

_SYSCTL = ("/usr/sbin/sysctl", "hw")


def read_live() -> Machine:
    """Return this computer.

    Raises:
        BadInput: `sysctl` does not say how many CPUs there are.
        OSError: it cannot be run.
    """
    answer = subprocess.run(_SYSCTL, capture_output=True, check=False, timeout=10)
    machine = assemble(parse(answer.stdout.decode("utf-8", "replace")))
    total, available = memory.installed_and_available()
    return replace(machine, memory_total_bytes=total, memory_available_bytes=available)


def memory_room(ours: int) -> MemoryRoom | None:  # noqa: ARG001 - every system's has the same parameters
    """Return how much memory there is now."""
    total, available = memory.installed_and_available()
    return None if total is None or available is None else MemoryRoom(total, available)


def parse(text: str) -> dict[str, int]:
    """Return the whole numbers among the lines `hw.logicalcpu: 8`."""
    pairs = (line.partition(":") for line in text.splitlines())
    found = {name.strip(): value.strip() for name, _, value in pairs}
    return {
        name: int(value)
        for name, value in found.items()
        if value.isascii() and value.isdigit() and len(value) < 19
    }


def assemble(values: dict[str, int]) -> Machine:
    """Return the machine that the values describe. If they contradict one another, the number of CPUs counts.

    Raises:
        BadInput: they do not say how many CPUs there are.
    """
    count = values.get("hw.logicalcpu", values.get("hw.activecpu", values.get("hw.ncpu", 0)))
    if not 0 < count < MOST_CPUS:
        raise BadInput("macOS: sysctl does not say how many CPUs there are")
    siblings = max(count // (values.get("hw.physicalcpu") or count), 1)
    packages = values.get("hw.packages") or 1
    in_package = max(-(-count // packages), 1)
    clusters = _clusters(values, count)
    cpus = number_cpus(
        CpuFacts(id=cpu, core=cpu // siblings, l3=clusters.get(cpu), package=cpu // in_package)
        for cpu in range(count)
    )
    return Machine("macOS sysctl", cpus, complete_nodes(cpus, [NumaNode(0, values.get("hw.memsize"))]))


def _clusters(values: dict[str, int], count: int) -> dict[int, tuple[int, int]]:
    """Return the performance level of each CPU and its cluster there, on Apple silicon. Empty on an Intel
    Mac.
    """
    found: dict[int, tuple[int, int]] = {}
    for level in range(values.get("hw.nperflevels", 0)):
        size = values.get(f"hw.perflevel{level}.cpusperl2") or count
        for place in range(values.get(f"hw.perflevel{level}.logicalcpu", 0)):
            found[len(found)] = (level, place // size)
    return found if len(found) == count else {}
