"""hwloc's synthetic descriptions; where hwloc is installed it is the judge."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from stmpo.machine import hwloc_xml, load
from stmpo.machine.cpulist import format_list
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.machine.model import Machine


def groups(machine: Machine) -> dict[str, list[str]]:
    """The CPUs of each core, cache, node and package."""
    found: dict[str, list[str]] = {}
    for kind in ("core", "l3", "node", "package"):
        parts: dict[int, list[int]] = {}
        for cpu in machine.cpus:
            parts.setdefault(getattr(cpu, kind), []).append(cpu.id)
        found[kind] = sorted(map(format_list, parts.values()))
    return found


def test_levels_are_counted_within_the_level_before() -> None:
    machine = load("pack:2 numa:2 l3:2 core:2 pu:2")
    assert groups(machine)["node"] == ["0-7", "16-23", "24-31", "8-15"]
    assert groups(machine)["core"][:2] == ["0-1", "10-11"]
    assert len({cpu.l3 for cpu in machine.cpus}) == 8


def test_siblings_numbered_as_linux_numbers_them() -> None:
    machine = load("pack:2 core:64 pu:2(indexes=2*128:128*1)")
    assert "0,128" in groups(machine)["core"]
    assert groups(machine)["package"] == ["0-63,128-191", "64-127,192-255"]


def test_memory_of_nodes() -> None:
    machine = load("numa:2(memory=64GiB) core:4 pu:2")
    assert [node.memory_bytes for node in machine.nodes] == [64 << 30, 64 << 30]
    assert machine.memory_available_bytes == 128 << 30


def test_a_last_level_of_cores_means_one_cpu_each() -> None:
    assert load("core:8").cores == 8


@pytest.mark.parametrize(
    "text",
    [
        "pack:2 core:x",
        "pack:2 gpu:4",
        "2 3 4",
        "pack:0 core:2",
        "pack:999 core:999",
        "core:2 pu:2(indexes=0,1)",
        "core:2 pu:2(indexes=0,1,2,2)",
        "core:2 pu:2(indexes=a:b)",
        "core:2 pu:2(indexes=0*0)",
        "numa:2(memory=lots) core:2",
        "pack:2 [core] pu:2",
        "pack:2 [numa pu:2",
        "no such thing",
        "",
        "\0",
        "x" * 10000,
    ],
)
def test_what_is_no_description_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput, match="topology") as caught:
        load(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "pack:2 core:2 pu:2(indexes=2*4:4*1)",
        "pack:2 core:2 pu:2(indexes=4*1:2*4)",
        "pack:2 core:2 pu:2(indexes=0,4,2,6,1,5,3,7)",
        "pack:2 core:2 pu:2(indexes=pack:core)",
        "pack:2 numa:2 core:2 pu:2(indexes=core:numa:pack)",
        "pack:2 numa:4 l3:4 core:4 pu:2",
        "pack:2 [numa(memory=16GB)] core:2 pu:2",
        "pack:2 [numa] l3:16 core:4 pu:2",
        "pack:2 l2:2 core:2 pu:2",
        "numa:4 core:2 pu:2",
        "pack:1 l3:2 [numa] core:2 pu:1",
        "pack:2 die:2 l3:1 core:2 pu:2",
        "pu:4",
    ],
)
@pytest.mark.parametrize("version", ["2", "1"])
def test_read_as_hwloc_reads_it(text: str, version: str, tmp_path: Path) -> None:
    """Hwloc writes what it has read as XML, in either version; both are read here to the same machine."""
    lstopo = shutil.which("lstopo-no-graphics")
    if lstopo is None:
        pytest.skip("needs lstopo-no-graphics (Debian: hwloc-nox) to compare with")
    path = tmp_path / "machine.xml"
    export = ["--of", "xml", "--export-xml-flags", "1" if version == "1" else "0"]
    subprocess.run([lstopo, "-i", text, *export, str(path)], check=True, timeout=30)
    judged = hwloc_xml.read(path)
    assert groups(load(text)) == groups(judged)
    assert [node.memory_bytes for node in load(text).nodes] == [node.memory_bytes for node in judged.nodes]
