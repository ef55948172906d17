"""Windows: all processor groups, by `GetLogicalProcessorInformationEx`.

`windows_api.py` makes the calls and `windows_records.py` reads their records; this module assembles a machine
from them. Three things differ from other systems:

- A CPU is known by group and number in the group (0 to 63). A process that pins itself by a mask stays in one
  group, so the planner keeps each slot inside one.
- NUMA nodes larger than a group are reported whole only under `RelationNumaNodeEx`. Older systems refuse it
  and split such a node into several, one per group. Both answers are usable as they are.
- A worker may have been confined before it started this program. A process mask narrower than its group shows
  that, and then only those CPUs are used. The memory limit of the innermost job counts as well; outer jobs
  cannot be queried.

Windows does not report a node's total memory; the available part is given instead.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from stmpo.machine.build import CpuFacts, complete_nodes, number_cpus
from stmpo.machine.model import Machine, MemoryRoom, NumaNode
from stmpo.machine.windows_records import (
    CPUS_IN_GROUP,
    ProcessorRecord,
    Relation,
    mask_cpus,
    parse_relationships,
)
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALL_RELATIONS = 0xFFFF

MEMORY_STATUS_BYTES = 64
"""Size of `MEMORYSTATUSEX`."""


class MachineCalls(Protocol):
    """The system's answers that describe a machine. None: the system does not give one."""

    def relationships(self, relation: int) -> bytes | None:
        """Return the buffer of `GetLogicalProcessorInformationEx` for one relation."""

    def confined_to(self) -> tuple[int, int, int] | None:
        """Return process mask, system mask and group, if the process is in one group only."""

    def node_available(self, node: int) -> int | None:
        """Return the bytes available on a NUMA node."""

    def job_limits(self) -> bytes | None:
        """Return `JOBOBJECT_EXTENDED_LIMIT_INFORMATION` of the job that this process is in."""


def read(api: MachineCalls) -> Machine:
    """Return the machine that the system's answers describe, without its memory as a whole.

    Raises:
        BadInput: there is no answer, or none that makes sense.
    """
    try:
        records = parse_relationships(api.relationships(_ALL_RELATIONS) or b"", struct.calcsize("P"))
        extended = parse_relationships(api.relationships(Relation.NODE_EX) or b"", struct.calcsize("P"))
    except ValueError as error:
        raise BadInput(f"Windows: {error}") from None
    machine = assemble([*extended, *records])
    confined = _confined(api.confined_to(), machine)
    cpus = tuple(cpu for cpu in machine.cpus if confined is None or cpu.id in confined)
    nodes = tuple(replace(node, memory_bytes=api.node_available(node.id)) for node in machine.nodes)
    barred = tuple(cpu.id for cpu in machine.cpus if cpu not in cpus)
    return replace(machine, cpus=cpus, nodes=nodes, barred=barred)


def with_memory(machine: Machine, total: int | None, available: int | None, limit: int | None) -> Machine:
    """Return the machine with its memory in bytes; `limit` is a job's, None without one."""
    if limit is not None and (total is None or limit < total):
        note = f"a job limits memory to {limit / 2**30:.1f} GB"
        machine = replace(machine, notes=(*machine.notes, note))
        total, available = limit, limit if available is None else min(available, limit)
    return replace(machine, memory_total_bytes=total, memory_available_bytes=available)


def memory_room(status: bytes, limit: int | None, ours: int) -> MemoryRoom | None:
    """Return the tightest memory now: installed, of the commit limit, and of a job's `limit`, all in bytes.

    `status` is a `MEMORYSTATUSEX`. With a small page file the commit limit is reached before memory is full:
    allocations then fail although memory is free. A job does not report how much of its limit is used; `ours`
    is the memory that this program's renderers have committed.
    """
    if len(status) < MEMORY_STATUS_BYTES:
        return None
    total, available, most, left = struct.unpack_from("<8xQQQQ", status)
    rooms = [MemoryRoom(total, available), MemoryRoom(most, left, "of the commit limit")]
    if limit is not None:
        rooms.append(MemoryRoom(limit, max(limit - ours, 0), "of the job's memory"))
    return min(rooms, key=lambda room: room.available)


def assemble(records: Iterable[ProcessorRecord]) -> Machine:
    """Return the machine that the records describe. The first record that names a CPU in a relation counts.

    Raises:
        BadInput: they name no processor.
    """
    known = list(records)
    cores = _labels(record for record in known if record.relation is Relation.CORE)
    groups = _labels(record for record in known if record.relation is Relation.GROUP)
    packages = _labels(record for record in known if record.relation is Relation.PACKAGE)
    nodes = [record for record in known if record.relation in {Relation.NODE_EX, Relation.NODE}]
    node_of = {cpu: record.number for record in reversed(nodes) for cpu in record.cpus}
    caches = _labels(_last_level([record for record in known if record.relation is Relation.CACHE], cores))
    numbers = cores.keys() & groups.keys() if groups else cores.keys()
    if not numbers:
        raise BadInput("Windows: the system names no processor")
    cpus = number_cpus(
        CpuFacts(
            id=cpu,
            core=cores[cpu],
            l3=caches.get(cpu),
            node=node_of.get(cpu, 0),
            package=packages.get(cpu, 0),
            group=cpu // CPUS_IN_GROUP,
            group_index=cpu % CPUS_IN_GROUP,
        )
        for cpu in numbers
    )
    return Machine("Windows", cpus, complete_nodes(cpus, [NumaNode(record.number) for record in nodes]))


def _labels(records: Iterable[ProcessorRecord]) -> dict[int, int]:
    """Return for each CPU the place of the first record that has it."""
    found: dict[int, int] = {}
    for place, record in enumerate(records):
        for cpu in record.cpus:
            found.setdefault(cpu, place)
    return found


def _last_level(caches: list[ProcessorRecord], cores: dict[int, int]) -> list[ProcessorRecord]:
    """Return the caches of level 3 where there is any, else those of the highest level that hold more than
    one core.
    """
    holding = [cache for cache in caches if cache.cache_type != 1 and cache.number <= 3]
    level_3 = [cache for cache in holding if cache.number == 3]
    shared = [cache for cache in holding if len({cores.get(cpu) for cpu in cache.cpus}) > 1]
    return level_3 + sorted(shared, key=lambda cache: -cache.number)


def _confined(answer: tuple[int, int, int] | None, machine: Machine) -> set[int] | None:
    """Return the CPUs that this process was confined to before it began; None without a restriction."""
    if answer is None:
        return None
    process, system, group = answer
    wanted = mask_cpus(process, group) & {cpu.id for cpu in machine.cpus}
    return wanted if wanted and process & system != system else None
