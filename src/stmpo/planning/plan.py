"""The plan: how many processes, on which CPUs, and why that many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.planning.limits import Limit, PlanRequest, binding, exceeded, work_out
from stmpo.planning.placement import place

if TYPE_CHECKING:
    from stmpo.machine.model import Cpu, Machine


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one renderer process at a time."""

    index: int
    cpus: tuple[Cpu, ...]
    """At least one, sorted by number. Shared with other slots only when there are more slots than CPUs."""

    mfr_percent: int
    """This process's share of the machine, 1 to 100: the number in `-mfr ON n`."""

    @property
    def cpu_ids(self) -> tuple[int, ...]:
        """Return the system's numbers of its CPUs."""
        return tuple(cpu.id for cpu in self.cpus)

    @property
    def nodes(self) -> tuple[int, ...]:
        """Return the NUMA nodes that it touches; one, wherever that is possible."""
        return tuple(sorted({cpu.node for cpu in self.cpus}))

    @property
    def packages(self) -> tuple[int, ...]:
        """Return the packages that it touches."""
        return tuple(sorted({cpu.package for cpu in self.cpus}))

    @property
    def l3_groups(self) -> tuple[int, ...]:
        """Return the last-level caches that it touches."""
        return tuple(sorted({cpu.l3 for cpu in self.cpus}))

    @property
    def group(self) -> int:
        """Return its processor group; a slot is never in two."""
        return self.cpus[0].group

    @property
    def cores(self) -> int:
        """Return the number of physical cores that it has, or has a part of."""
        return len({cpu.core for cpu in self.cpus})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will run on a machine."""

    machine: Machine
    slots: tuple[Slot, ...]
    limits: tuple[Limit, ...]
    bound: Limit
    """The limit that decided."""

    threads_per_process: int
    """Logical CPUs planned per process; a slot has about as many, or more where CPUs are to spare."""

    warnings: tuple[str, ...] = ()

    @property
    def idle(self) -> tuple[Cpu, ...]:
        """Return the CPUs that belong to no slot."""
        used = {cpu.id for slot in self.slots for cpu in slot.cpus}
        return tuple(cpu for cpu in self.machine.cpus if cpu.id not in used)


def make_plan(machine: Machine, request: PlanRequest) -> Plan:
    """Return the plan for a request on a machine. It always has at least one slot."""
    limits = work_out(machine, request)
    bound = binding(limits)
    count = max(bound.processes, 1)
    places = place(machine.cpus, count)
    shares = _percentages(machine, places)
    slots = tuple(
        Slot(index, cpus, percent) for index, (cpus, percent) in enumerate(zip(places, shares, strict=True))
    )
    return Plan(machine, slots, limits, bound, request.threads_per_process, _warnings(limits, bound, count))


def _percentages(machine: Machine, places: tuple[tuple[Cpu, ...], ...]) -> list[int]:
    """Return each slot's share of the machine in whole percent, rounded down so that the sum is at most 100.

    A CPU of several slots counts for each in part. If a control group grants less CPU time than the machine
    has, the share is that of the granted time.
    """
    holders: dict[int, int] = {}
    for cpus in places:
        for cpu in cpus:
            holders[cpu.id] = holders.get(cpu.id, 0) + 1
    total = len(machine.cpus)
    granted = min((machine.cpu_quota or total) / total, 1.0)
    shares = [sum(1 / holders[cpu.id] for cpu in cpus) / total for cpus in places]
    return [max(int(100 * granted * share + 1e-9), 1) for share in shares]


def _warnings(limits: tuple[Limit, ...], bound: Limit, count: int) -> tuple[str, ...]:
    warnings = []
    for limit in exceeded(limits, count):
        if bound.name == "concurrency":
            warnings.append(
                f"{count} process{'' if count == 1 else 'es'} as requested; {limit.name} would allow {limit.processes}: {limit.reason}"
            )
        else:
            warnings.append(f"one process starts although {limit.name} allows none: {limit.reason}")
    if not any(limit.name == "memory" for limit in limits):
        warnings.append("available memory is unknown and was not considered; give --memory")
    return tuple(warnings)
