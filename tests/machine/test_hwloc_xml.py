"""hwloc's XML, both versions, and what is not hwloc's XML."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from stmpo.machine import hwloc_xml, load
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stmpo.machine.model import Machine


def test_version_2_with_hybrid_cores_and_cpus_left_out(data: Path) -> None:
    """CPU 6 is there and not allowed, CPU 7 is offline; memory stands beside the CPUs."""
    machine = load(str(data / "hybrid-v2.xml"))
    assert [(cpu.id, cpu.core) for cpu in machine.cpus] == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 3)]
    assert (machine.offline, machine.barred) == ((7,), (6,))
    assert {cpu.l3 for cpu in machine.cpus} == {0}
    assert machine.memory_total_bytes == machine.memory_available_bytes == 32 << 30
    assert machine.groups == 1


def test_version_1_with_memory_around_the_cpus(data: Path) -> None:
    machine = load(str(data / "two-sockets-v1.xml"))
    assert [(cpu.id, cpu.core, cpu.l3, cpu.node, cpu.package) for cpu in machine.cpus[:3]] == [
        (0, 0, 0, 0, 0),
        (1, 1, 1, 1, 1),
        (2, 2, 0, 0, 0),
    ]
    assert [node.memory_bytes for node in machine.nodes] == [8 << 30, 4 << 30]
    assert machine.cores == 4


def test_a_file_from_windows_gives_processor_groups() -> None:
    pus = "".join(f'<object type="Core"><object type="PU" os_index="{n}"/></object>' for n in (0, 63, 64, 71))
    info = '<info name="Backend" value="Windows"/>'
    machine = hwloc_xml.parse(
        f'<topology><object type="Machine">{info}{pus}</object></topology>'.encode(), "x"
    )
    assert [(cpu.id, cpu.group, cpu.group_index) for cpu in machine.cpus] == [
        (0, 0, 0),
        (63, 0, 63),
        (64, 1, 0),
        (71, 1, 7),
    ]


def xml(nodes: str, pus: int) -> bytes:
    cores = "".join(f'<object type="Core"><object type="PU" os_index="{n}"/></object>' for n in range(pus))
    return f'<topology><object type="Machine">{nodes}{cores}</object></topology>'.encode()


def test_cpus_without_a_node_are_spread_and_noted() -> None:
    """Nodes 1 and 2 list CPU 0 and CPU 1 of six: the other four are divided, not given to the lowest node."""
    nodes = "".join(f'<object type="NUMANode" os_index="{n}" cpuset="0x{n}"/>' for n in (1, 2))
    machine = hwloc_xml.parse(xml(nodes, 6), "x")
    assert [cpu.node for cpu in machine.cpus] == [1, 2, 1, 1, 2, 2]
    assert machine.notes == ("CPUs 2-5 are in no NUMA node; spread over nodes 1-2",)


def test_overlapping_nodes_are_noted() -> None:
    nodes = "".join(
        f'<object type="NUMANode" os_index="{n}" cpuset="{cpus}"/>' for n, cpus in ((0, "0x3"), (1, "0x6"))
    )
    machine = hwloc_xml.parse(xml(nodes, 3), "x")
    assert [cpu.node for cpu in machine.cpus] == [0, 0, 1]
    assert machine.notes == ("NUMA nodes 0-1 overlap: CPU 1 is in more than one; the lowest node is used",)


def test_gzipped_is_read_as_plain(data: Path, tmp_path: Path) -> None:
    packed = tmp_path / "machine.xml.gz"
    packed.write_bytes(gzip.compress((data / "hybrid-v2.xml").read_bytes()))
    assert load(str(packed)).cpus == load(str(data / "hybrid-v2.xml")).cpus


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE topology [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<topology><object type="Machine" cpuset="&b;"/></topology>"""
EXTERNAL = b'<!DOCTYPE topology [<!ENTITY x SYSTEM "file:///etc/passwd">]><topology>&x;</topology>'


@pytest.mark.parametrize("content", [BOMB, EXTERNAL], ids=["bomb", "file"])
def test_entities_are_refused_and_never_expanded(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "machine.xml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="declares the entity"):
        load(str(path))


def test_what_unpacks_to_more_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hwloc_xml, "LARGEST", 1 << 20)
    path = tmp_path / "machine.xml.gz"
    path.write_bytes(gzip.compress(b" " * (4 << 20)))
    with pytest.raises(BadInput, match="more than 1 MB"):
        load(str(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not hwloc XML"),
        (b"<svg/>", "not <topology>"),
        (b"<topology><object type='PU' os_index='0'>", "not hwloc XML"),
        (b"<topology/>", "no PU"),
        (b"<topology><object type='PU'/></topology>", "without a usable os_index"),
        (b"<topology><object type='PU' os_index='999999999'/></topology>", "without a usable os_index"),
        (b"<topology><object type='Machine' cpuset='0xf...f'/></topology>", "malformed"),
        (b"<topology>" + b"<object type='Group'>" * 500, "nested too deeply"),
        (b"\x1f\x8b\x08broken", "topology"),
        (b"\xff\xfe\x00\x00", "not hwloc XML"),
    ],
)
def test_what_is_no_topology_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "machine.xml"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)


def shape(machine: Machine) -> tuple[int, ...]:
    """CPUs, cores, caches, nodes, packages."""
    cpus = machine.cpus
    return (
        len(cpus),
        machine.cores,
        len({cpu.l3 for cpu in cpus}),
        len({cpu.node for cpu in cpus}),
        len({cpu.package for cpu in cpus}),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dual-epyc-7763-smt-off.xml.gz", (128, 128, 16, 1, 2)),
        ("dual-epyc-7742-nps4-linux.xml.gz", (256, 128, 32, 8, 2)),
        ("dual-epyc-7742-nps1-windows.xml.gz", (256, 128, 32, 2, 2)),
    ],
)
def test_large_machines(topology_file: Callable[[str], Path], name: str, expected: tuple[int, ...]) -> None:
    machine = load(str(topology_file(name)))
    assert shape(machine) == expected
    assert machine.memory_total_bytes is None, (
        "hwloc's placeholder of 1 GB a node is not this machine's memory"
    )
