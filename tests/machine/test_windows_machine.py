"""Windows machines, from buffers as the system fills them: no Windows here has more than one group, so they
are made.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.machine.windows import memory_room, read, with_memory
from stmpo.machine.windows_records import JOB_LIMITS_BYTES, Relation, parse_job_memory, parse_relationships
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GB = 2**30
ALL = 0xFFFF
FULL = (1 << 64) - 1

Affinity = tuple[int, int]
"""Mask and group."""


def affinities(masks: Iterable[Affinity]) -> bytes:
    return b"".join(struct.pack("<QHHHH", mask, group, 0, 0, 0) for mask, group in masks)


def record(relation: int, body: bytes) -> bytes:
    return struct.pack("<II", relation, 8 + len(body)) + body


def core(mask: int, group: int, *, smt: bool = True) -> bytes:
    """PROCESSOR_RELATIONSHIP."""
    return record(0, struct.pack("<BB20xH", int(smt), 0, 1) + affinities([(mask, group)]))


def package(*masks: Affinity) -> bytes:
    return record(3, struct.pack("<BB20xH", 0, 0, len(masks)) + affinities(masks))


def node(number: int, *masks: Affinity, count: int | None = None, relation: int = 1) -> bytes:
    """NUMA_NODE_RELATIONSHIP; a count of 0 is the layout of older systems."""
    head = struct.pack("<I18xH", number, len(masks) if count is None else count)
    return record(relation, head + affinities(masks))


def cache(level: int, *masks: Affinity, kind: int = 0, count: int | None = None) -> bytes:
    """CACHE_RELATIONSHIP."""
    head = struct.pack("<BBHII18xH", level, 16, 64, 32 << 20, kind, len(masks) if count is None else count)
    return record(2, head + affinities(masks))


def group_info(*masks: int) -> bytes:
    """GROUP_RELATIONSHIP."""
    infos = b"".join(struct.pack("<BB38xQ", 64, mask.bit_count(), mask) for mask in masks)
    return record(4, struct.pack("<HH20x", len(masks), len(masks)) + infos)


@dataclass
class FakeWindows:
    """The system's answers, given by a test."""

    buffers: Mapping[int, bytes]
    confined: tuple[int, int, int] | None = None
    memory: Mapping[int, int] = field(default_factory=dict)

    def relationships(self, relation: int) -> bytes | None:
        return self.buffers.get(relation)

    def confined_to(self) -> tuple[int, int, int] | None:
        return self.confined

    def node_available(self, number: int) -> int | None:
        return self.memory.get(number)

    def job_limits(self) -> bytes | None:
        return None


def epyc(groups: int) -> bytes:
    """Groups of 64 CPUs: cores of two, caches of eight, a node and a package for each pair of groups."""
    parts = [group_info(*[FULL] * groups)]
    for group in range(groups):
        parts += [core(0b11 << 2 * place, group) for place in range(32)]
        parts += [cache(3, (0xFF << 8 * place, group)) for place in range(8)]
        parts += [cache(2, (0b11 << 2 * place, group)) for place in range(32)]
    for socket in range(-(-groups // 2)):
        masks = [(FULL, group) for group in range(2 * socket, min(2 * socket + 2, groups))]
        parts += [node(socket, *masks, relation=6), package(*masks)]
    return b"".join(parts)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_every_group_is_read(groups: int) -> None:
    """CPU 70 is number 6 of group 1, and so on; cores, caches, nodes and packages are complete."""
    machine = read(FakeWindows({ALL: epyc(groups)}))
    assert [cpu.id for cpu in machine.cpus] == list(range(64 * groups))
    assert all((cpu.group, cpu.group_index) == divmod(cpu.id, 64) for cpu in machine.cpus)
    assert (machine.cores, machine.groups) == (32 * groups, groups)
    assert len({cpu.l3 for cpu in machine.cpus}) == 8 * groups
    sockets = -(-groups // 2)
    assert (
        {cpu.node for cpu in machine.cpus} == {cpu.package for cpu in machine.cpus} if groups < 3 else {0, 1}
    )
    assert len(machine.nodes) == sockets


def test_the_older_layout_has_one_mask_and_a_count_of_zero() -> None:
    """Windows before 11 and Server 2022, and Wine: nodes and caches."""
    buffer = group_info(0b1111) + core(0b0011, 0) + core(0b1100, 0)
    buffer += node(0, (0b0011, 0), count=0) + node(1, (0b1100, 0), count=0) + cache(3, (0b1111, 0), count=0)
    machine = read(FakeWindows({ALL: buffer}))
    assert [cpu.node for cpu in machine.cpus] == [0, 0, 1, 1]
    assert {cpu.l3 for cpu in machine.cpus} == {0}


def test_a_node_over_two_groups_is_whole_where_the_system_says_so() -> None:
    """`RelationNumaNode` reports only its part in one group, `RelationNumaNodeEx` all of it."""
    buffer = group_info(0b11, 0b11) + core(0b11, 0) + core(0b11, 1) + node(5, (0b11, 0))
    whole = node(5, (0b11, 0), (0b11, 1), relation=Relation.NODE_EX)
    assert [cpu.node for cpu in read(FakeWindows({ALL: buffer, 6: whole})).cpus] == [5] * 4
    assert [cpu.node for cpu in read(FakeWindows({ALL: buffer})).cpus] == [5, 5, 0, 0]


def test_groups_need_not_be_full() -> None:
    """Two groups of 36 CPUs: numbers 36 to 63 do not exist."""
    half = (1 << 36) - 1
    buffer = group_info(half, half) + b"".join(core(1 << bit, group) for group in (0, 1) for bit in range(36))
    machine = read(FakeWindows({ALL: buffer}))
    assert [cpu.id for cpu in machine.cpus] == [*range(36), *range(64, 100)]


def test_processors_that_are_switched_off_are_not_listed() -> None:
    machine = read(FakeWindows({ALL: group_info(0b01) + core(0b01, 0) + core(0b10, 0)}))
    assert [cpu.id for cpu in machine.cpus] == [0]


def test_a_confined_process_uses_only_its_part() -> None:
    machine = read(FakeWindows({ALL: epyc(2)}, confined=(0xFF, FULL, 1)))
    assert [cpu.id for cpu in machine.cpus] == list(range(64, 72))
    assert len(machine.barred) == 120


def test_a_process_with_its_whole_group_is_not_confined() -> None:
    assert len(read(FakeWindows({ALL: epyc(2)}, confined=(FULL, FULL, 0))).cpus) == 128


def test_memory_of_nodes_where_the_system_says() -> None:
    machine = read(FakeWindows({ALL: epyc(4)}, memory={0: 3 * GB}))
    assert [item.memory_bytes for item in machine.nodes] == [3 * GB, None]


def test_without_level_3_a_cache_that_several_cores_share_counts() -> None:
    buffer = b"".join(core(1 << bit, 0, smt=False) for bit in range(4))
    buffer += cache(2, (0b0011, 0)) + cache(2, (0b1100, 0)) + cache(1, (0b1111, 0), kind=1)
    assert [cpu.l3 for cpu in read(FakeWindows({ALL: buffer})).cpus] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "buffer", [b"", b"\0" * 5, core(3, 0)[:-4], record(0, b""), struct.pack("<II", 0, 0)]
)
def test_no_answer_and_a_cut_answer_are_refused(buffer: bytes) -> None:
    """`discover` then falls back to a flat machine."""
    with pytest.raises(BadInput, match=r"^Windows: "):
        read(FakeWindows({ALL: buffer} if buffer else {}))


def test_kinds_that_a_later_windows_adds_are_passed_over() -> None:
    records = parse_relationships(record(9, b"\1" * 40) + core(0b1, 0) + record(7, b"\2" * 40))
    assert [item.relation for item in records] == [Relation.CORE]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(buffer: bytes) -> None:
    try:
        parse_relationships(buffer)
    except ValueError as error:
        assert "processor information" in str(error)  # noqa: PT017 - not every input raises


def test_masks_of_a_32_bit_python_are_half_as_wide() -> None:
    body = struct.pack("<BB20xH", 1, 0, 1) + struct.pack("<IHHHH", 0b11, 0, 0, 0, 0)
    assert parse_relationships(record(0, body), pointer_bytes=4)[0].cpus == {0, 1}


def job(flags: int, limit: int) -> bytes:
    buffer = bytearray(JOB_LIMITS_BYTES)
    struct.pack_into("<I", buffer, 16, flags)
    struct.pack_into("<Q", buffer, 120, limit)
    return bytes(buffer)


def test_a_memory_limit_of_the_job_counts() -> None:
    assert parse_job_memory(job(0x2200, 8 * GB)) == 8 * GB
    assert parse_job_memory(job(0x2000, 8 * GB)) is None
    assert parse_job_memory(b"") is None
    machine = with_memory(read(FakeWindows({ALL: epyc(1)})), 64 * GB, 32 * GB, 8 * GB)
    assert (machine.memory_total_bytes, machine.memory_available_bytes) == (8 * GB, 8 * GB)
    assert machine.notes == ("a job limits memory to 8.0 GB",)
    unbound = with_memory(machine, 64 * GB, 32 * GB, 100 * GB)
    assert (unbound.memory_total_bytes, unbound.memory_available_bytes) == (64 * GB, 32 * GB)


def test_the_room_now_counts_memory_the_commit_limit_and_the_jobs() -> None:
    gb = 2**30

    def room(available: int, commit: int, limit: int | None) -> tuple[int, int, str]:
        status = struct.pack("<IIQQQQQQQ", 64, 50, 64 * gb, available * gb, 80 * gb, commit * gb, 0, 0, 0)
        found = memory_room(status, None if limit is None else limit * gb, 5 * gb)
        assert found is not None
        return found.total // gb, found.available // gb, found.what

    assert room(20, 30, None) == (64, 20, "of memory")
    assert room(20, 3, None) == (80, 3, "of the commit limit")
    assert room(20, 30, 16) == (16, 11, "of the job's memory")
    assert room(20, 30, 4) == (4, 0, "of the job's memory")
    assert memory_room(b"", None, 0) is None
