"""Windows: the records of `GetLogicalProcessorInformationEx`, from bytes to values. Pure; runs on any system.

The buffer is a row of `SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX` records of differing lengths: relationship (4
bytes), length of the whole record (4), and a part that depends on the relationship. Offsets below count from
the record's start and are those of winnt.h. All sets of processors are `GROUP_AFFINITY`: a mask of pointer
size and a group number.

Some layouts grew. Until Windows Server 2022 and Windows 11 a NUMA node and a cache had one mask, and reserved
zero bytes where the count of masks stands today. A count of 0 therefore means one mask. Later systems report
a node of more than 64 processors with one mask per group for `RelationNumaNodeEx`, and only its part in one
group for `RelationNumaNode`. Both kinds are read here, and they add up.

A CPU's number is 64 x group + bit, as everywhere in this program.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CPUS_IN_GROUP = 64


class Relation(IntEnum):
    """`LOGICAL_PROCESSOR_RELATIONSHIP`: the values that are read."""

    CORE = 0
    """SMT siblings."""

    NODE = 1
    """A NUMA node, or its part in one group."""

    CACHE = 2
    """Processors that share a cache."""

    PACKAGE = 3
    """A socket; it may reach into several groups."""

    GROUP = 4
    """The processor groups, all in one record."""

    NODE_EX = 6
    """A NUMA node with all of its groups."""


@dataclass(frozen=True, slots=True)
class ProcessorRecord:
    """One record: the kind of unit, and its processors."""

    relation: Relation
    cpus: frozenset[int]
    number: int = 0
    """The node's number; a cache's level; else 0."""

    cache_type: int = 0
    """0 unified, 1 instruction, 2 data, 3 trace."""


_MASK_COUNT_AT = {
    Relation.CORE: 30,
    Relation.PACKAGE: 30,
    Relation.NODE: 30,
    Relation.NODE_EX: 30,
    Relation.CACHE: 38,
}
"""Offset of the count of masks (2 bytes); the masks follow it."""

_GROUPS_AT = 32
_ACTIVE_GROUPS_AT = 10


def parse_relationships(buffer: bytes, pointer_bytes: int = 8) -> list[ProcessorRecord]:
    """Return the records of a buffer. Kinds that are not in `Relation` are skipped: newer systems add some.

    Raises:
        ValueError: a record is cut short, or its length makes no sense.
    """
    found: list[ProcessorRecord] = []
    at = 0
    while at < len(buffer):
        if at + 8 > len(buffer):
            raise ValueError(f"processor information ends inside a record at byte {at}")
        kind, size = struct.unpack_from("<II", buffer, at)
        if size < 8 or at + size > len(buffer):
            raise ValueError(f"processor information has a record of {size} bytes at byte {at}")
        if kind in Relation.__members__.values():
            try:
                found.extend(_record(Relation(kind), buffer[at : at + size], pointer_bytes))
            except struct.error:
                raise ValueError(f"processor information has a cut record at byte {at}") from None
        at += size
    return found


def _record(relation: Relation, data: bytes, pointer_bytes: int) -> Iterator[ProcessorRecord]:
    if relation is Relation.GROUP:
        yield from _groups(data, pointer_bytes)
    elif relation is Relation.CACHE:
        (cache_type,) = struct.unpack_from("<I", data, 16)
        yield ProcessorRecord(relation, _cpus(relation, data, pointer_bytes), data[8], cache_type)
    elif relation in {Relation.NODE, Relation.NODE_EX}:
        (node,) = struct.unpack_from("<I", data, 8)
        yield ProcessorRecord(relation, _cpus(relation, data, pointer_bytes), node)
    else:
        yield ProcessorRecord(relation, _cpus(relation, data, pointer_bytes))


def _cpus(relation: Relation, data: bytes, pointer_bytes: int) -> frozenset[int]:
    count_at = _MASK_COUNT_AT[relation]
    (count,) = struct.unpack_from("<H", data, count_at)
    affinity = struct.Struct("<QHHHH" if pointer_bytes == 8 else "<IHHHH")
    numbers: set[int] = set()
    for index in range(max(count, 1)):
        mask, group, *_ = affinity.unpack_from(data, count_at + 2 + index * affinity.size)
        numbers |= mask_cpus(mask, group)
    return frozenset(numbers)


def _groups(data: bytes, pointer_bytes: int) -> Iterator[ProcessorRecord]:
    """Yield one record per active group; its number is the group's."""
    (active,) = struct.unpack_from("<H", data, _ACTIVE_GROUPS_AT)
    info = struct.Struct("<BB38xQ" if pointer_bytes == 8 else "<BB38xI")
    for group in range(active):
        _, _, mask = info.unpack_from(data, _GROUPS_AT + group * info.size)
        yield ProcessorRecord(Relation.GROUP, frozenset(mask_cpus(mask, group)), group)


def mask_cpus(mask: int, group: int) -> set[int]:
    """Return the CPU numbers of a group's affinity mask."""
    return {group * CPUS_IN_GROUP + bit for bit in range(mask.bit_length()) if mask >> bit & 1}


_JOB_MEMORY, _JOB_FLAGS_AT, _JOB_MEMORY_AT = 0x200, 16, 120
JOB_LIMITS_BYTES = 144
"""Size of `JOBOBJECT_EXTENDED_LIMIT_INFORMATION` on 64-bit Windows."""


def parse_job_memory(buffer: bytes) -> int | None:
    """Return the bytes that all processes of a job may commit together; None without such a limit.

    `buffer` is a `JOBOBJECT_EXTENDED_LIMIT_INFORMATION` of 64-bit Windows.
    """
    if len(buffer) < JOB_LIMITS_BYTES:
        return None
    (flags,) = struct.unpack_from("<I", buffer, _JOB_FLAGS_AT)
    (limit,) = struct.unpack_from("<Q", buffer, _JOB_MEMORY_AT)
    return limit if flags & _JOB_MEMORY else None
