"""Machines of random shapes: what hardware, cpusets and firmware have been seen to do, and more."""

from __future__ import annotations

from hypothesis import strategies as st

from stmpo.machine.build import CpuFacts, complete_nodes, number_cpus
from stmpo.machine.model import Machine


@st.composite
def machines(draw: st.DrawFn, *, windows: bool | None = None, most: int = 12) -> Machine:
    """Up to a few dozen CPUs: uneven packages, nodes and caches that nest or cross, cores of one to four
    CPUs.
    """
    many = draw(st.integers(1, most))
    numbers = draw(st.randoms(use_true_random=False))
    grouped = draw(st.booleans()) if windows is None else windows
    nested = draw(st.booleans())
    facts: list[CpuFacts] = []
    sparse = draw(st.integers(1, 3))
    for core in range(many):
        package = numbers.randrange(3) if not nested else core * 3 // many
        node = numbers.randrange(4) if not nested else core * draw(st.sampled_from([1, 5])) // many
        cache = numbers.randrange(5) if not nested else core * 6 // many
        group = numbers.randrange(3) if grouped else 0
        for _ in range(draw(st.sampled_from([1, 2, 2, 4]))):
            number = len(facts) * sparse
            facts.append(CpuFacts(number, core=core, l3=cache, node=node, package=package, group=group))
    cpus = number_cpus(facts)
    return Machine("random", cpus, complete_nodes(cpus), memory_available_bytes=2**40)


@st.composite
def even_machines(draw: st.DrawFn) -> Machine:
    """Every package has as many nodes, every node as many caches, and so on."""
    packages, nodes, caches = (draw(st.integers(1, 3)) for _ in range(3))
    cores, siblings = draw(st.integers(1, 8)), draw(st.integers(1, 2))
    facts = [
        CpuFacts(
            core * siblings + place,
            core=core,
            l3=core // cores,
            node=core // cores // caches,
            package=core // cores // caches // nodes,
        )
        for core in range(packages * nodes * caches * cores)
        for place in range(siblings)
    ]
    cpus = number_cpus(facts)
    return Machine("even", cpus, complete_nodes(cpus), memory_available_bytes=2**40)
