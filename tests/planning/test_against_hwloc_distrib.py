"""Placement against `hwloc-distrib`, the tool made for it: never worse, in anything that is counted.

Counted: caches and nodes that slots straddle (one less than they touch, summed over the slots), and the
spread of slot sizes in CPUs. On whole machines each is at most hwloc's, and no CPU is left idle, so that
nothing is gained by leaving some out. On machines that a cpuset has cut one may be had for another: nodes
count first, then caches, then sizes.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.machine import load
from stmpo.machine.cpulist import parse_mask
from stmpo.planning.placement import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stmpo.machine.model import Machine

TOPOLOGIES = Path(__file__).resolve().parents[3] / "shared" / "data" / "topologies"

SYNTHETIC = [
    "pack:1 core:1 pu:2",
    "pack:1 core:6 pu:1",
    "pack:1 l3:2 core:3 pu:2",
    "pack:1 l3:1 core:96 pu:1",
    "pack:1 numa:4 l3:2 core:3 pu:4",
    "pack:2 core:8 pu:2",
    "pack:2 numa:1 l3:3 core:7 pu:2",
    "pack:2 l3:1 numa:2 core:9 pu:2",
    "pack:2 numa:4 l3:4 core:4 pu:2",
    "pack:2 numa:1 l3:12 core:8 pu:2",
    "pack:3 numa:2 l3:1 core:5 pu:2",
    "pack:4 numa:1 l3:1 core:10 pu:2",
    "pack:5 core:5 pu:1",
    "numa:2 pack:2 l3:2 core:4 pu:1",
]


def distrib(arguments: Sequence[str], count: int) -> list[set[int]]:
    """`hwloc-distrib`'s slots; the test is skipped where it is not installed."""
    program = shutil.which("hwloc-distrib")
    if program is None:
        pytest.skip("needs hwloc-distrib (Debian: hwloc-nox) to compare with")
    done = subprocess.run(
        [program, *arguments, str(count)], capture_output=True, text=True, check=True, timeout=60
    )
    return [set(parse_mask(line)) for line in done.stdout.split()]


def measure(machine: Machine, slots: Iterable[Iterable[int]]) -> tuple[int, int, int]:
    """Caches straddled, nodes straddled, spread of sizes."""
    by_id = {cpu.id: cpu for cpu in machine.cpus}
    known = [[by_id[number] for number in slot] for slot in slots]
    sizes = [len(slot) for slot in known]
    return (
        sum(len({cpu.l3 for cpu in slot}) - 1 for slot in known),
        sum(len({cpu.node for cpu in slot}) - 1 for slot in known),
        max(sizes) - min(sizes),
    )


def counts(machine: Machine) -> list[int]:
    """Every number of slots up to 24, then some, to just beyond the CPUs."""
    cpus = len(machine.cpus)
    return [
        count
        for count in (*range(1, 25), 28, 31, 32, 33, 40, 48, 63, 64, 96, 100, 128, 200)
        if count <= cpus + 1
    ]


def compare(machine: Machine, arguments: Sequence[str]) -> None:
    for count in counts(machine):
        theirs = distrib(arguments, count)
        ours = [{cpu.id for cpu in slot} for slot in place(machine.cpus, count)]
        measured = list(zip(measure(machine, ours), measure(machine, theirs), strict=True))
        assert all(mine <= other for mine, other in measured), f"{count} slots: {measured}"
        assert set().union(*ours) == {cpu.id for cpu in machine.cpus}, f"{count} slots leave CPUs idle"


@pytest.mark.parametrize("description", SYNTHETIC)
def test_synthetic_machines(description: str) -> None:
    compare(load(description), ["-i", description])


@pytest.mark.parametrize(
    "name",
    [
        "dual-epyc-7742-nps1-windows.xml.gz",
        "dual-epyc-7742-nps4-linux.xml.gz",
        "dual-epyc-7763-smt-off.xml.gz",
    ],
)
def test_large_machines(name: str, tmp_path: Path) -> None:
    import gzip  # noqa: PLC0415 - only here; hwloc reads no gzipped XML

    if not (TOPOLOGIES / name).is_file():
        pytest.skip(f"needs {name}, which is not part of this repository")
    plain = tmp_path / "machine.xml"
    plain.write_bytes(gzip.decompress((TOPOLOGIES / name).read_bytes()))
    compare(load(str(TOPOLOGIES / name)), ["-i", str(plain)])


@pytest.mark.parametrize(
    "name", ["16amd64-8n2c-cpusets", "16em64t-4s2c2t", "64amd64-4s2n4ca2co", "8em64t-4c2t"]
)
def test_snapshots_of_real_machines(name: str, tmp_path: Path) -> None:
    import tarfile  # noqa: PLC0415 - only here

    if not (TOPOLOGIES / f"{name}.tar.bz2").is_file():
        pytest.skip(f"needs {name}.tar.bz2, which is not part of this repository")
    with tarfile.open(TOPOLOGIES / f"{name}.tar.bz2") as packed:
        packed.extraction_filter = tarfile.data_filter
        packed.extractall(tmp_path)  # noqa: S202 - the filter above refuses what would leave the folder
    compare(load(str(tmp_path / name)), ["-i", str(tmp_path / name)])


@pytest.mark.parametrize("seed", range(12))
def test_machines_that_a_cpuset_has_cut(seed: int) -> None:
    """A random part of a machine's CPUs is left, through cores and nodes."""
    chance = random.Random(seed)
    description = chance.choice(
        ["pack:2 numa:2 l3:2 core:4 pu:2", "pack:2 [numa] l3:4 core:4 pu:2", "pack:3 core:6 pu:2"]
    )
    whole = load(description)
    left = {cpu.id for cpu in whole.cpus if chance.random() < chance.choice([0.4, 0.9])} or {0}
    machine = replace(whole, cpus=tuple(cpu for cpu in whole.cpus if cpu.id in left))
    mask = hex(sum(1 << number for number in left))
    for count in range(1, len(left) + 1, 2):
        slots = [[cpu.id for cpu in slot] for slot in place(machine.cpus, count)]
        caches, nodes, spread = measure(
            machine, distrib(["-i", description, "--restrict", words(mask)], count)
        )
        ours = measure(machine, slots)
        assert (ours[1], ours[0], ours[2]) <= (nodes, caches, spread), f"{count} slots: {ours}"


def words(mask: str) -> str:
    """A mask as hwloc takes it: words of 32 bits."""
    digits = mask.removeprefix("0x")
    digits = digits.zfill(-(-len(digits) // 8) * 8)
    return ",".join("0x" + digits[at : at + 8] for at in range(0, len(digits), 8))
