"""macOS machines, from the lines of `sysctl hw`."""

from __future__ import annotations

import pytest

from stmpo.machine.macos import assemble, parse
from stmpo.model.errors import BadInput

INTEL = """hw.ncpu: 24
hw.logicalcpu: 24
hw.physicalcpu: 12
hw.packages: 1
hw.l3cachesize: 31457280
hw.memsize: 34359738368
hw.model: MacPro7,1
"""

M2_ULTRA = """hw.logicalcpu: 24
hw.physicalcpu: 24
hw.packages: 1
hw.nperflevels: 2
hw.perflevel0.logicalcpu: 16
hw.perflevel0.cpusperl2: 4
hw.perflevel1.logicalcpu: 8
hw.perflevel1.cpusperl2: 4
hw.memsize: 68719476736
"""


def test_an_intel_mac_has_siblings_and_one_cache() -> None:
    machine = assemble(parse(INTEL))
    assert (len(machine.cpus), machine.cores, len({cpu.l3 for cpu in machine.cpus})) == (24, 12, 1)
    assert machine.nodes[0].memory_bytes == 32 << 30


def test_apple_silicon_has_clusters() -> None:
    machine = assemble(parse(M2_ULTRA))
    assert (len(machine.cpus), machine.cores, len({cpu.l3 for cpu in machine.cpus})) == (24, 24, 6)


@pytest.mark.parametrize("text", ["", "hw.logicalcpu: many", "hw.logicalcpu: 0", "hw.logicalcpu: 99999999"])
def test_without_a_number_of_cpus_it_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="sysctl"):
        assemble(parse(text))


def test_values_that_contradict_one_another_leave_the_number_of_cpus() -> None:
    values = {
        "hw.ncpu": 6,
        "hw.physicalcpu": 100,
        "hw.packages": 50,
        "hw.nperflevels": 2,
        "hw.perflevel0.logicalcpu": 2,
    }
    assert len(assemble(values).cpus) == 6
