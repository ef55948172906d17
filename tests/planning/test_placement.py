"""Where slots lie: what holds on every machine, and the machines that are known by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stmpo.machine import load
from stmpo.machine.cpulist import format_list
from stmpo.machine.model import Cpu, Machine
from stmpo.planning.placement import place
from tests.planning.conftest import even_machines, machines

NPS4 = "pack:2 numa:4 l3:4 core:4 pu:2(indexes=2*128:128*1)"
NPS1 = "pack:2 [numa] l3:16 core:4 pu:2"

Slots = tuple[tuple[Cpu, ...], ...]


def lists(slots: Slots) -> list[str]:
    return [format_list(cpu.id for cpu in slot) for slot in slots]


def touched(slots: Slots, kind: str) -> list[int]:
    """How many caches, nodes, … each slot touches."""
    return [len({getattr(cpu, kind) for cpu in slot}) for slot in slots]


def in_groups(machine: Machine, size: int = 64) -> Machine:
    """The machine as Windows groups its CPUs."""
    cpus = tuple(replace(cpu, group=cpu.id // size, group_index=cpu.id % size) for cpu in machine.cpus)
    return replace(machine, cpus=cpus)


@given(machines(), st.integers(1, 60))
def test_every_slot_has_cpus_of_the_machine_and_of_one_processor_group(machine: Machine, count: int) -> None:
    slots = place(machine.cpus, count)
    assert len(slots) == count
    for slot in slots:
        assert slot
        assert set(slot) <= set(machine.cpus)
        assert len({cpu.group for cpu in slot}) == 1
        assert [cpu.id for cpu in slot] == sorted({cpu.id for cpu in slot})


@given(machines(), st.data())
def test_slots_are_disjoint_while_there_are_cpus_enough(machine: Machine, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(machine.cpus)))
    holders = Counter(cpu.id for slot in place(machine.cpus, count) for cpu in slot)
    assert max(holders.values()) == 1


@given(machines(), st.data())
def test_slots_have_whole_cores_while_there_are_cores_enough(machine: Machine, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, machine.cores))
    owners: dict[int, set[int]] = {}
    for index, slot in enumerate(place(machine.cpus, count)):
        for cpu in slot:
            owners.setdefault(cpu.core, set()).add(index)
    assert all(len(slots) == 1 for slots in owners.values())


@given(machines(), st.integers(1, 40))
def test_more_slots_than_cpus_share_them_all_and_fairly(machine: Machine, more: int) -> None:
    slots = place(machine.cpus, len(machine.cpus) + more)
    holders = Counter(cpu.id for slot in slots for cpu in slot)
    assert set(holders) == {cpu.id for cpu in machine.cpus}
    assert max(holders.values()) - min(holders.values()) <= 2
    assert {len(slot) for slot in slots} == {1}


@given(machines(windows=False), st.data())
def test_no_more_than_a_corner_is_left_idle_without_processor_groups(
    machine: Machine, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(machine.cpus)))
    slots = place(machine.cpus, count)
    idle = len(machine.cpus) - sum(map(len, slots))
    assert idle <= len(machine.cpus) / count


@given(even_machines(), st.data())
def test_on_an_even_machine_slots_differ_by_rounding_only(machine: Machine, data: st.DataObject) -> None:
    """At worst one of three caches (or cores) stands against all three, where two slots share what others
    have alone.
    """
    count = data.draw(st.integers(1, machine.cores))
    sizes = touched(place(machine.cpus, count), "core")
    assert max(sizes) <= 3 * min(sizes)
    assert sum(sizes) == machine.cores


@given(even_machines(), st.data())
def test_on_an_even_machine_no_slot_leaves_a_unit_that_is_large_enough(
    machine: Machine, data: st.DataObject
) -> None:
    """With at least as many slots as caches, or nodes, or packages, none is straddled."""
    count = data.draw(st.integers(1, machine.cores))
    slots = place(machine.cpus, count)
    for kind in ("l3", "node", "package"):
        if count >= len({getattr(cpu, kind) for cpu in machine.cpus}):
            assert max(touched(slots, kind)) == 1


@given(even_machines(), st.data())
def test_slots_are_spread_evenly_over_packages_nodes_and_caches(
    machine: Machine, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, machine.cores))
    slots = place(machine.cpus, count)
    for kind in ("l3", "node", "package"):
        units = {getattr(cpu, kind) for cpu in machine.cpus}
        if count >= len(units):
            each = Counter(getattr(slot[0], kind) for slot in slots)
            assert max(each.values()) - min(each[unit] for unit in units) <= 1


@settings(max_examples=30)
@given(machines(), st.integers(1, 20))
def test_the_same_machine_always_gives_the_same_slots(machine: Machine, count: int) -> None:
    assert place(machine.cpus, count) == place(tuple(machine.cpus), count)


def test_sixteen_on_a_dual_epyc_are_two_whole_caches_each() -> None:
    slots = place(load(NPS4).cpus, 16)
    assert lists(slots)[:3] == ["0-7,128-135", "8-15,136-143", "16-23,144-151"]
    assert touched(slots, "l3") == [2] * 16
    assert touched(slots, "node") == [1] * 16


def test_twenty_four_on_a_dual_epyc_keep_caches_whole_and_share_nodes_evenly() -> None:
    """Three slots in each of eight nodes with four caches: one of the three has two caches."""
    slots = place(load(NPS4).cpus, 24)
    assert sorted(map(len, slots)) == [8] * 16 + [16] * 8
    assert touched(slots, "node") == [1] * 24
    assert Counter(slot[0].node for slot in slots) == dict.fromkeys(range(8), 3)


def test_thirty_two_on_a_dual_epyc_are_a_cache_each() -> None:
    assert touched(place(load(NPS4).cpus, 32), "l3") == [1] * 32


def test_a_hundred_on_a_dual_epyc_are_one_or_two_cores_each() -> None:
    slots = place(load(NPS4).cpus, 100)
    assert set(map(len, slots)) == {2, 4}
    assert touched(slots, "l3") == [1] * 100


@pytest.mark.parametrize("count", [4, 16, 24, 40])
def test_on_windows_slots_use_all_groups_and_never_two(count: int) -> None:
    machine = in_groups(load(NPS1))
    slots = place(machine.cpus, count)
    assert touched(slots, "group") == [1] * count
    assert Counter(slot[0].group for slot in slots) == dict.fromkeys(range(4), count // 4)
    assert sum(map(len, slots)) == 256


def test_on_windows_fewer_slots_than_groups_leave_groups_idle() -> None:
    slots = place(in_groups(load(NPS1)).cpus, 3)
    assert lists(slots) == ["0-63", "64-127", "128-191"]


def test_a_cpu_alone_in_its_node_is_no_slots_remote_corner() -> None:
    """A cpuset that leaves one CPU of node 1: two slots share node 0, and that CPU is idle."""
    machine = load("pack:2 [numa] core:8 pu:1")
    cpus = [cpu for cpu in machine.cpus if cpu.id <= 8]
    assert lists(place(cpus, 2)) == ["0-3", "4-7"]
    assert lists(place(cpus, 9))[-1] == "8", "where it is needed it is used"


def test_hybrid_cores_are_shared_by_their_cpus() -> None:
    """Eight cores of two CPUs and sixteen of one, sixteen slots: two CPUs each."""
    machine = load("core:24 pu:1")
    cpus = [replace(cpu, core=cpu.id // 2 if cpu.id < 16 else cpu.id) for cpu in load("core:32").cpus]
    assert {len(slot) for slot in place(cpus, 16)} == {2}
    assert {len(slot) for slot in place(machine.cpus, 12)} == {2}


def test_siblings_are_split_only_beyond_the_cores() -> None:
    machine = load("core:4 pu:2")
    assert lists(place(machine.cpus, 3)) == ["0-1", "2-3", "4-7"]
    assert lists(place(machine.cpus, 5)) == ["0", "1", "2-3", "4-5", "6-7"]
    assert lists(place(machine.cpus, 10)) == ["0", "0", "1", "2", "2", "3", "4", "5", "6", "7"]


@pytest.mark.parametrize(("cpus", "count"), [((), 1), (load("core:2").cpus, 0)])
def test_nothing_to_place_is_an_error(cpus: tuple[Cpu, ...], count: int) -> None:
    with pytest.raises(ValueError, match="placement needs"):
        place(cpus, count)
