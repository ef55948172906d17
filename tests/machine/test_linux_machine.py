"""Linux machines, from folders that are written here and from snapshots of real ones."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.machine import fallback, linux, load
from stmpo.machine.cpulist import format_list, parse_list
from stmpo.model.errors import BadInput
from tests.machine.conftest import TOPOLOGIES, WriteRoot

if TYPE_CHECKING:
    from collections.abc import Callable

    from stmpo.machine.model import Machine

CPU = "sys/devices/system/cpu"
NODE = "sys/devices/system/node"


def cpu(
    number: int, siblings: str, package: int, core: int, l3: str | None, *, l2: str | None = None
) -> dict[str, str]:
    """The files of one CPU, as a current kernel shows them."""
    folder = f"{CPU}/cpu{number}"
    files = {
        f"{folder}/topology/core_id": str(core),
        f"{folder}/topology/physical_package_id": str(package),
        f"{folder}/topology/core_cpus_list": siblings,
    }
    caches = [("1", "Data", siblings), ("1", "Instruction", siblings), ("2", "Unified", l2 or siblings)]
    caches += [("3", "Unified", l3)] if l3 else []
    for index, (level, kind, shared) in enumerate(caches):
        files[f"{folder}/cache/index{index}/level"] = level
        files[f"{folder}/cache/index{index}/type"] = kind
        files[f"{folder}/cache/index{index}/shared_cpu_list"] = shared
    return files


def node(number: int, cpus: str, kilobytes: int = 1048576) -> dict[str, str]:
    """The files of one NUMA node."""
    return {
        f"{NODE}/node{number}/cpulist": cpus,
        f"{NODE}/node{number}/meminfo": f"Node {number} MemTotal: {kilobytes} kB\nNode {number} MemFree: 1024 kB",
    }


def groups(machine: Machine, kind: str) -> list[str]:
    """The CPUs of each core, cache, node or package, as lists."""
    parts: dict[int, list[int]] = {}
    for item in machine.cpus:
        parts.setdefault(getattr(item, kind), []).append(item.id)
    return [format_list(part) for part in parts.values()]


def test_sparse_and_offline_numbers(write_root: WriteRoot) -> None:
    """CPUs 0, 8, 9 and 40 exist, 9 is switched off: the others keep their own numbers."""
    files = {f"{CPU}/online": "0,8,40", f"{CPU}/cpu9/online": "0"}
    for number in (0, 8, 40):
        files |= cpu(number, str(number), 0, number, "0,8,40")
    machine = load(str(write_root(files)))
    assert [item.id for item in machine.cpus] == [0, 8, 40]
    assert machine.offline == (9,)
    assert groups(machine, "l3") == ["0,8,40"]


def test_without_the_list_of_online_cpus_each_says_for_itself(write_root: WriteRoot) -> None:
    files = cpu(0, "0", 0, 0, "0-1") | cpu(1, "1", 0, 1, "0-1") | {f"{CPU}/cpu1/online": "0"}
    machine = load(str(write_root(files)))
    assert [item.id for item in machine.cpus] == [0]
    assert machine.offline == (1,)


def test_a_node_without_memory_and_one_without_cpus(write_root: WriteRoot) -> None:
    files = cpu(0, "0", 0, 0, "0") | cpu(1, "1", 1, 0, "1")
    files |= node(0, "0") | node(1, "1", kilobytes=0) | node(4, "", kilobytes=2048)
    machine = load(str(write_root(files)))
    assert {item.id: item.memory_bytes for item in machine.nodes} == {0: 1 << 30, 1: 0, 4: 2 << 20}
    assert [item.node for item in machine.cpus] == [0, 1]


def test_hybrid_cores_keep_their_different_widths(write_root: WriteRoot) -> None:
    """Two fat cores of two CPUs, four slim ones of one: six cores, one shared cache."""
    files: dict[str, str] = {}
    for number in range(4):
        files |= cpu(number, f"{number & ~1}-{number | 1}", 0, number // 2 * 4, "0-7")
    for number in range(4, 8):
        files |= cpu(number, str(number), 0, 8 + number, "0-7", l2="4-7")
    machine = load(str(write_root(files)))
    assert groups(machine, "core") == ["0-1", "2-3", "4", "5", "6", "7"]
    assert groups(machine, "l3") == ["0-7"]


def test_more_nodes_than_sockets_inside_one_cache(write_root: WriteRoot) -> None:
    """Sub-NUMA clustering: one socket, one cache, two nodes."""
    files: dict[str, str] = {}
    for number in range(4):
        files |= cpu(number, str(number), 0, number, "0-3")
    machine = load(str(write_root(files | node(0, "0-1") | node(1, "2-3"))))
    assert (groups(machine, "package"), groups(machine, "l3"), groups(machine, "node")) == (
        ["0-3"],
        ["0-3"],
        ["0-1", "2-3"],
    )


def test_a_cpuset_that_cuts_through_a_core(write_root: WriteRoot) -> None:
    files = {"proc/self/status": "Name:\tstmpo\nCpus_allowed_list:\t0-2"}
    for number in range(4):
        files |= cpu(number, "0,2" if number % 2 == 0 else "1,3", 0, number % 2, "0-3")
    machine = load(str(write_root(files)))
    assert groups(machine, "core") == ["0,2", "1"]
    assert machine.barred == (3,)


def test_two_cores_of_an_amd_module_are_two_cores(write_root: WriteRoot) -> None:
    """Such processors list both as siblings; their core numbers differ."""
    files = cpu(0, "0-1", 0, 0, "0-1") | cpu(1, "0-1", 0, 1, "0-1")
    assert load(str(write_root(files))).cores == 2


def test_cores_of_two_packages_with_the_same_number_are_two(write_root: WriteRoot) -> None:
    files = {}
    for number in (0, 1):
        files[f"{CPU}/cpu{number}/topology/core_id"] = "0"
        files[f"{CPU}/cpu{number}/topology/physical_package_id"] = str(number)
    assert load(str(write_root(files))).cores == 2


def test_without_level_3_a_cache_that_several_cores_share_counts(write_root: WriteRoot) -> None:
    files: dict[str, str] = {}
    for number in range(4):
        files |= cpu(number, str(number), 0, number, None, l2="0-1" if number < 2 else "2-3")
    assert groups(load(str(write_root(files))), "l3") == ["0-1", "2-3"]


def test_without_a_shared_cache_a_package_is_taken_together(write_root: WriteRoot) -> None:
    files: dict[str, str] = {}
    for number in range(4):
        files |= cpu(number, str(number), number // 2, number, None)
    assert groups(load(str(write_root(files))), "l3") == ["0-1", "2-3"]


def test_nothing_but_empty_cpu_folders(write_root: WriteRoot) -> None:
    machine = load(str(write_root({f"{CPU}/cpu0/x": "", f"{CPU}/cpu3/x": ""})))
    assert [(item.id, item.core, item.node, item.package) for item in machine.cpus] == [
        (0, 0, 0, 0),
        (3, 1, 0, 0),
    ]
    assert machine.memory_available_bytes is None


def test_garbage_in_every_file_is_survived(write_root: WriteRoot) -> None:
    files = cpu(0, "0-1", 0, 0, "0-1") | cpu(1, "0-1", 0, 0, "0-1") | node(0, "0-1")
    garbage = dict.fromkeys(files, "-1\x00 99999999999-7,zz")
    garbage |= {"proc/self/cgroup": "::::", "proc/self/mountinfo": "- - -", "proc/meminfo": "MemTotal:\nx: y"}
    machine = load(str(write_root(garbage)))
    assert [item.id for item in machine.cpus] == [0, 1]
    assert machine.cpu_quota is None


def test_cpus_outside_every_node_are_noted(write_root: WriteRoot) -> None:
    files = cpu(0, "0", 0, 0, "0-1") | cpu(1, "1", 0, 1, "0-1") | node(2, "0")
    machine = load(str(write_root(files)))
    assert [item.node for item in machine.cpus] == [2, 2]
    assert machine.notes == ("CPU 1 is in no NUMA node; spread over node 2",)


def test_lists_that_end_in_a_nul_are_read(write_root: WriteRoot) -> None:
    """As a 5.15 kernel writes them: the NUL stands after the list or after its line feed."""
    files = cpu(0, "0", 0, 0, "0") | cpu(1, "1", 0, 1, "1") | node(0, "0") | node(1, "1")
    for end in ("\x00", "\n\x00", "\x00\x00"):
        machine = load(str(write_root({name: text + end for name, text in files.items()})))
        assert [(item.node, item.l3, item.core) for item in machine.cpus] == [(0, 0, 0), (1, 1, 1)]
        assert machine.notes == ()


def test_nodes_whose_lists_cannot_be_read_share_the_cpus_and_are_noted(write_root: WriteRoot) -> None:
    files = {name: text for n in range(4) for name, text in cpu(n, f"{n}", 0, n, "0-3").items()}
    machine = load(str(write_root(files | node(0, "?") | node(1, "?") | node(2, ""))))
    assert groups(machine, "node") == ["0-1", "2-3"]
    assert machine.notes == (
        "NUMA node 0: the list of its CPUs cannot be read",
        "NUMA node 1: the list of its CPUs cannot be read",
        "CPUs 0-3 are in no NUMA node; spread over nodes 0-1",
    )
    machine = load(str(write_root(files | node(0, "0-1") | node(1, "?"))))
    assert groups(machine, "node") == ["0-1", "2-3"]


def test_cpus_without_a_node_stay_with_their_core_and_package(write_root: WriteRoot) -> None:
    """Package 0 has nodes 0 and 1, package 1 has node 2. CPU 1 is a sibling of 0; 6, 7 and 9 are nobody's."""
    layout = [(0, "0-1", 0), (1, "0-1", 0), (2, "2", 0), (6, "6", 0), (7, "7", 0), (8, "8", 1), (9, "9", 1)]
    files = {
        name: text
        for n, siblings, package in layout
        for name, text in cpu(n, siblings, package, n, None).items()
    }
    machine = load(str(write_root(files | node(0, "0") | node(1, "2") | node(2, "8"))))
    assert {item.id: item.node for item in machine.cpus} == {0: 0, 1: 0, 2: 1, 6: 0, 7: 1, 8: 2, 9: 2}
    assert machine.notes == ("CPUs 1,6-7,9 are in no NUMA node; spread over nodes 0-2",)


def test_nodes_that_overlap_are_noted(write_root: WriteRoot) -> None:
    files = {name: text for n in range(3) for name, text in cpu(n, f"{n}", 0, n, "0-2").items()}
    machine = load(str(write_root(files | node(0, "0-1") | node(1, "1-2"))))
    assert groups(machine, "node") == ["0-1", "2"]
    assert machine.notes == ("NUMA nodes 0-1 overlap: CPU 1 is in more than one; the lowest node is used",)


def test_a_folder_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"sys/devices/system/cpu"):
        load(str(tmp_path))


def test_a_machine_of_which_nothing_may_be_used_is_refused(write_root: WriteRoot) -> None:
    root = write_root({f"{CPU}/cpu0/x": "", "proc/self/status": "Cpus_allowed_list:\t5"})
    with pytest.raises(BadInput, match="online and allowed"):
        load(str(root))


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.skipif(not Path("/sys/devices/system/cpu/cpu0").is_dir(), reason="this sandbox shows no /sys")
def test_this_machine_is_read_as_the_kernel_grants_it() -> None:
    machine = linux.read_live()
    assert [item.id for item in machine.cpus] == fallback._usable()
    assert machine.memory_available_bytes is not None


SNAPSHOTS = ["16amd64-8n2c-cpusets", "16em64t-4s2c2t", "64amd64-4s2n4ca2co", "8em64t-4c2t"]


OBJECTS = [("core", "Core"), ("package", "Package"), ("l3", "L3Cache")]
WITHOUT_L3 = "16amd64-8n2c-cpusets"


@pytest.mark.parametrize(
    ("name", "kind", "hwloc_name"),
    [(name, *each) for name in SNAPSHOTS for each in OBJECTS if (name, each[0]) != (WITHOUT_L3, "l3")],
)
def test_real_machines_are_read_as_hwloc_reads_them(
    snapshot: Callable[[str], Path], name: str, kind: str, hwloc_name: str
) -> None:
    """The CPUs of each core, package and level-3 cache are those in hwloc's own reading of the same files."""
    machine = load(str(snapshot(name)))
    text = (TOPOLOGIES / f"{name}.output").read_text(encoding="utf-8")
    expected = by_object(text, hwloc_name)
    assert expected
    assert sorted(groups(machine, kind)) == sorted(format_list(cpus) for cpus in expected)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_nodes_of_real_machines_have_the_memory_that_hwloc_reads(
    snapshot: Callable[[str], Path], name: str
) -> None:
    machine = load(str(snapshot(name)))
    text = (TOPOLOGIES / f"{name}.output").read_text(encoding="utf-8")
    expected = {
        int(number): int(size) * 1024
        for number, size in re.findall(r"NUMANode L#\d+ \(P#(\d+) local=(\d+)KB", text)
    }
    assert {item.id: item.memory_bytes for item in machine.nodes if item.memory_bytes} == expected


def test_the_cpuset_of_a_real_machine_leaves_the_cpus_that_hwloc_leaves(
    snapshot: Callable[[str], Path],
) -> None:
    machine = load(str(snapshot("16amd64-8n2c-cpusets")))
    assert {item.id for item in machine.cpus} == parse_list("0-3,5-6,12-15")
    assert (machine.offline, machine.barred) == ((4,), (7, 8, 9, 10, 11))
    assert machine.memory_total_bytes == 4 * 8 << 30


def by_object(text: str, name: str) -> list[set[int]]:
    """The PUs below each object of a type in `lstopo`'s text, by indentation."""
    found: list[set[int]] = []
    depth: int | None = None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if depth is not None and indent <= depth:
            depth = None
        if line.lstrip().startswith(f"{name} L#"):
            depth = indent
            found.append(set())
        pu = re.match(r"\s*PU L#\d+ \(P#(\d+)\)", line)
        if pu and depth is not None:
            found[-1].add(int(pu[1]))
    return [cpus for cpus in found if cpus]
