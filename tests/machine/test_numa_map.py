"""A site's numa_map.json: as a machine of its own, and laid over the machine at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stmpo.machine import apply_numa_map, load
from stmpo.model.errors import BadInput

WriteMap = Callable[[Any], Path]

MACHINE = "pack:2 numa:2 l3:1 core:2 pu:2"  # 16 CPUs, 4 a node


@pytest.fixture
def write_map(tmp_path: Path) -> WriteMap:
    def write(content: Any) -> Path:
        path = tmp_path / "numa_map.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


FULL = {
    "memory_gb": 64,
    "nodes": [
        {
            "node": 0,
            "package": 0,
            "cpus": "0-3,8-11",
            "l3": ["0-1,8-9", "2-3,10-11"],
            "cores": ["0,8", [1, 9]],
        },
        {"node": 4, "package": 0, "processor_group": 1, "memory_gb": 16, "cpus": [64, 65]},
    ],
}


def test_the_short_form_as_a_machine(write_map: WriteMap) -> None:
    machine = load(str(write_map({"group_0": [0, 1, 2, 3], "group_1": [8, 9]})))
    assert [(cpu.id, cpu.node, cpu.package) for cpu in machine.cpus][3:5] == [(3, 0, 0), (8, 1, 1)]
    assert machine.memory_available_bytes is None


def test_the_full_form_as_a_machine(write_map: WriteMap) -> None:
    machine = load(str(write_map(FULL)))
    by_id = {cpu.id: cpu for cpu in machine.cpus}
    assert by_id[0].core == by_id[8].core != by_id[1].core
    assert by_id[1].l3 == by_id[9].l3 != by_id[2].l3
    assert (by_id[65].group, by_id[65].group_index, by_id[65].node) == (1, 1, 4)
    assert machine.memory_available_bytes == 64 << 30
    assert {node.id: node.memory_bytes for node in machine.nodes} == {0: None, 4: 16 << 30}


def test_a_map_groups_the_machine_and_leaves_the_rest_as_discovered(write_map: WriteMap) -> None:
    machine = load(MACHINE)
    grouped, warnings = apply_numa_map(
        machine, write_map({"a": list(range(0, 16, 4)), "b": [1, 2, 3, 5, 6, 7]})
    )
    assert (
        warnings == [f"numa map {write_map({})}: does not list CPUs 9-11,13-15; they are not used"]
        or warnings
    )
    assert [cpu.id for cpu in grouped.cpus] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 12]
    assert {cpu.id: cpu.package for cpu in grouped.cpus}[12] == 0
    assert {cpu.id: cpu.node for cpu in grouped.cpus}[12] == 3, "node numbers are the system's own"


def test_a_map_with_cpus_that_are_not_there_is_a_warning_that_names_them(write_map: WriteMap) -> None:
    """The first version's map, of a machine with 256 CPUs, on one with 16."""
    machine = load(MACHINE)
    same, warnings = apply_numa_map(
        machine, write_map({"group_0": list(range(128)), "group_1": list(range(128, 256))})
    )
    assert same is machine
    assert len(warnings) == 1
    assert "this machine has no CPUs 16-255; the discovered topology is used" in warnings[0]


def test_a_map_may_name_cpus_that_are_barred_here(data: Path, write_map: WriteMap) -> None:
    machine = load(str(data / "hybrid-v2.xml"))
    grouped, warnings = apply_numa_map(machine, write_map({"all": list(range(8))}))
    assert (len(grouped.cpus), warnings) == (6, [])


def test_a_map_of_only_barred_cpus_is_a_warning(data: Path, write_map: WriteMap) -> None:
    machine = load(str(data / "hybrid-v2.xml"))
    same, warnings = apply_numa_map(machine, write_map({"all": [6, 7]}))
    assert same is machine
    assert "none of its CPUs may be used here" in warnings[0]


def test_the_full_form_laid_over_a_machine(write_map: WriteMap) -> None:
    content = {
        "nodes": [{"node": 7, "memory_gb": 8, "cpus": "0-15", "l3": ["0-7", "8-15"], "cores": ["0-3"]}]
    }
    grouped, warnings = apply_numa_map(load(MACHINE), write_map(content))
    assert not warnings
    assert {cpu.node for cpu in grouped.cpus} == {7}
    assert len({cpu.l3 for cpu in grouped.cpus}) == 2
    assert grouped.cores == 7
    assert next(node for node in grouped.nodes if node.id == 7).memory_bytes == 8 << 30


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "numa map"),
        ("[]", "a JSON object"),
        ("{}", "a JSON object"),
        ({"group_0": []}, "no CPU in it"),
        ({"group_0": ["0"]}, "a list of CPU numbers"),
        ({"group_0": [True]}, "a list of CPU numbers"),
        ({"group_0": [-1]}, "a list of CPU numbers"),
        ({"group_0": [10**9]}, "a list of CPU numbers"),
        ({"group_0": "0-99999999"}, "out of range"),
        ({"a": [0, 1], "b": [1]}, "CPU 1 is in a and in b"),
        ({"nodes": 3}, "a list of objects"),
        ({"nodes": [3]}, "not an object"),
        ({"nodes": [{"cpus": "0", "cores": 3}]}, "a list of sets"),
        ({"nodes": [{"cpus": "0", "l3": ["1"]}]}, "not all of this node"),
        ({"nodes": [{"cpus": "0", "node": "x"}]}, "a whole number"),
        ({"nodes": [{"cpus": "0", "speed": 1}]}, "unknown key 'speed'"),
        ({"memory_gb": "x", "a": [0]}, "memory_gb"),
        ("[" * 100000, "numa map"),
    ],
)
def test_what_is_no_map_is_refused_in_one_line(write_map: WriteMap, content: Any, words: str) -> None:
    path = write_map(content)
    with pytest.raises(BadInput, match=words) as caught:
        apply_numa_map(load(MACHINE), path)
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match=words):
        load(str(path))


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        apply_numa_map(load(MACHINE), tmp_path / "none.json")
