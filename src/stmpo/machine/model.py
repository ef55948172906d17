"""A computer as planning and pinning see it: values only, whatever the source.

`Machine` is the one type that the sources (the files beside this one) produce and that `stmpo.planning`
consumes. Numbers are the operating system's own: CPU 17 here is CPU 17 in `taskset`, `numactl` and the log.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cpu:
    """One logical CPU and its groups. Equal group numbers mean "together"; their values mean nothing else."""

    id: int
    """The system's number; on Windows 64 x processor group + number in the group."""

    core: int
    """CPUs with the same `core` are SMT siblings."""

    l3: int
    """CPUs with the same `l3` share a last-level cache."""

    node: int
    """NUMA node, the system's number."""

    package: int
    """The socket."""

    group: int = 0
    """Windows processor group; 0 elsewhere."""

    group_index: int = 0
    """Number inside the processor group (bit in its affinity mask); the same as `id` elsewhere."""


@dataclass(frozen=True, slots=True)
class NumaNode:
    """One NUMA node."""

    id: int
    memory_bytes: int | None = None
    """Memory attached to it (on Windows: the part that is free now). None where the source does not say, 0
    for a node without memory or with memory that this process may not use.
    """


@dataclass(frozen=True, slots=True)
class MemoryRoom:
    """Memory that there is now, by the tightest limit of this process. Bytes."""

    total: int
    available: int
    what: str = "of memory"
    """The words after the total in messages "3.1 of 64 GB … available": "of memory", "of the control group's
    memory".
    """

    kills: int = 0
    """Processes that the system has killed so far because memory ran out; 0 where it does not count them."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer. `cpus` are those that are online and usable by this process, sorted by `id`."""

    source: str
    """The source, for people: "Linux /sys", "lstopo.xml", "synthetic"."""

    cpus: tuple[Cpu, ...]
    nodes: tuple[NumaNode, ...] = (NumaNode(0),)
    memory_total_bytes: int | None = None
    """Installed memory; a control group's or job's limit if that is less. None where the source does not
    say.
    """

    memory_available_bytes: int | None = None
    """Memory available now, within this process's cgroup or job limit."""

    cpu_quota: float | None = None
    """CPUs' worth of time that a cgroup grants (`cpu.max`); None without a limit."""

    offline: tuple[int, ...] = ()
    """Numbers of CPUs that exist and are switched off."""

    barred: tuple[int, ...] = ()
    """Numbers of CPUs that are online and not usable by this process (affinity, cpuset)."""

    notes: tuple[str, ...] = ()
    """Facts that could not be read, or that were interpreted; one line each, for the log."""

    @property
    def cores(self) -> int:
        """Return the number of physical cores with at least one usable CPU."""
        return len({cpu.core for cpu in self.cpus})

    @property
    def groups(self) -> int:
        """Return the number of processor groups with at least one usable CPU; 1 on systems without groups."""
        return len({cpu.group for cpu in self.cpus})
