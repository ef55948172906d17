"""From what a source says about each CPU to a `Machine`: one place numbers cores and caches and keeps the invariants.

Systems number cores inside a package, or by APIC number, or not at all, and caches never. A source therefore gives any
hashable label (`(package, core_id)`, the set of sharers, …); here each label becomes a number, counted from 0 in the
order of the lowest CPU that has it. Nodes, packages and processor groups keep the system's own numbers.

Invariants of a built machine: at least one CPU; CPU numbers are unique and sorted; every CPU's node is in `nodes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.machine.model import Cpu, Machine, NumaNode

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """What a source knows of one logical CPU. Equal labels mean the same core, or the same cache."""

    id: int
    core: Hashable
    l3: Hashable = None
    """None: no cache is known to be shared; the CPUs of a package that are in one node are then taken together."""

    node: int = 0
    package: int = 0
    group: int = 0
    group_index: int | None = None
    """None: the same as `id`."""


def number_cpus(facts: Iterable[CpuFacts]) -> tuple[Cpu, ...]:
    """CPUs sorted by number, with labels turned into numbers. A CPU that is given twice keeps its first facts."""
    by_id: dict[int, CpuFacts] = {}
    for fact in facts:
        by_id.setdefault(fact.id, fact)
    cores: dict[Hashable, int] = {}
    caches: dict[Hashable, int] = {}
    cpus = []
    for number in sorted(by_id):
        fact = by_id[number]
        cache = ("none", fact.package, fact.node) if fact.l3 is None else ("l3", fact.l3)
        cpus.append(
            Cpu(
                id=number,
                core=cores.setdefault(fact.core, len(cores)),
                l3=caches.setdefault(cache, len(caches)),
                node=fact.node,
                package=fact.package,
                group=fact.group,
                group_index=number if fact.group_index is None else fact.group_index,
            )
        )
    return tuple(cpus)


def complete_nodes(cpus: Iterable[Cpu], known: Iterable[NumaNode] = ()) -> tuple[NumaNode, ...]:
    """The known nodes, and one of unknown memory for each further node that a CPU is in; sorted by number."""
    nodes = {cpu.node: NumaNode(cpu.node) for cpu in cpus}
    nodes.update({node.id: node for node in known})
    return tuple(nodes[number] for number in sorted(nodes))


def flat_machine(
    numbers: Iterable[int],
    source: str,
    *,
    siblings: int = 1,
    notes: tuple[str, ...] = (),
) -> Machine:
    """A machine of which nothing but the CPU numbers is known: one package, one node, `siblings` CPUs in a row a core."""
    ordered = sorted(set(numbers)) or [0]
    cpus = number_cpus(CpuFacts(number, core=place // siblings) for place, number in enumerate(ordered))
    return Machine(source=source, cpus=cpus, nodes=complete_nodes(cpus), notes=notes)
