"""Build a `Machine` from a source's facts about each CPU: cores and caches are numbered here, and the
invariants kept.

Systems number cores inside a package, by APIC number, or not at all, and caches never. A source therefore
gives any hashable label (`(package, core_id)`, the set of sharers, …). Each label becomes a number, counted
from 0 in the order of the lowest CPU that has it. Nodes, packages and processor groups keep the system's own
numbers.

Invariants of a built machine: at least one CPU; CPU numbers are unique and sorted; every CPU's node is in
`nodes`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stmpo.machine.cpulist import format_list
from stmpo.machine.model import Cpu, Machine, NumaNode

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """What a source knows of one logical CPU. Equal labels mean the same core, or the same cache."""

    id: int
    core: Hashable
    l3: Hashable = None
    """None: no shared cache is known. The CPUs of a package that are in one node are then taken together."""

    node: int = 0
    package: int = 0
    group: int = 0
    group_index: int | None = None
    """None: the same as `id`."""


def number_cpus(facts: Iterable[CpuFacts]) -> tuple[Cpu, ...]:
    """Return CPUs sorted by number, with labels turned into numbers. A CPU that is given twice keeps its
    first facts.
    """
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


def assign_nodes(
    facts: Iterable[CpuFacts], nodes: Mapping[int, frozenset[int]]
) -> tuple[list[CpuFacts], list[str]]:
    """Return the facts with each CPU's NUMA node, and a note for each contradiction or gap in the source.

    `nodes` has the CPUs of each node, as the source lists them; an empty set is a list that could not be
    read. A CPU that several nodes list goes to the lowest of them. A CPU that no node lists goes where its
    core is; otherwise such CPUs are spread evenly over the nodes with unreadable lists, the nodes of their
    package, or all nodes. To put all of them into one node would bind every renderer to its memory.
    """
    known = list(facts)
    claims = {fact.id: [node for node in sorted(nodes) if fact.id in nodes[node]] for fact in known}
    node_of = {cpu: listed[0] for cpu, listed in claims.items() if listed}
    notes = []
    if doubled := [cpu for cpu, listed in claims.items() if len(listed) > 1]:
        several = sorted({node for cpu in doubled for node in claims[cpu]})
        notes.append(
            f"NUMA nodes {format_list(several)} overlap: {_cpus(doubled)} in more than one;"
            " the lowest node is used"
        )
    if nodes and len(node_of) < len(known):
        missing = [fact for fact in known if fact.id not in node_of]
        spread = _spread(missing, known, node_of, nodes)
        names = format_list(set(spread.values()))
        notes.append(
            f"{_cpus(spread)} in no NUMA node; spread over node{'s' * (',' in names or '-' in names)} {names}"
        )
        node_of |= spread
    return [replace(fact, node=node_of.get(fact.id, 0)) for fact in known], notes


def _cpus(numbers: Iterable[int]) -> str:
    every = list(numbers)
    return f"CPU{'s' if len(every) > 1 else ''} {format_list(every)} {'are' if len(every) > 1 else 'is'}"


def _spread(
    missing: Sequence[CpuFacts],
    facts: Sequence[CpuFacts],
    node_of: Mapping[int, int],
    nodes: Mapping[int, frozenset[int]],
) -> dict[int, int]:
    """Return a node for each CPU that no node lists. CPUs of one core stay together, and neighbours as far as
    they can.
    """
    core_node = {fact.core: node_of[fact.id] for fact in facts if fact.id in node_of}
    package_nodes: dict[int, set[int]] = {}
    for fact in facts:
        if fact.id in node_of:
            package_nodes.setdefault(fact.package, set()).add(node_of[fact.id])
    unreadable = {node for node, cpus in nodes.items() if not cpus}
    choices = {
        fact.id: frozenset(unreadable or package_nodes.get(fact.package) or node_of.values())
        for fact in missing
    }
    counts = Counter(node_of.values())
    fair = {
        among: (sum(counts[node] for node in among) + sum(other == among for other in choices.values()))
        / len(among)
        for among in set(choices.values())
    }
    found: dict[int, int] = {}
    for fact in sorted(missing, key=lambda fact: (fact.package, fact.id)):
        among = sorted(choices[fact.id])
        if fact.core not in core_node:
            # Fill one node after the other up to its fair share, so that neighbours stay together.
            open_ = [node for node in among if counts[node] < fair[choices[fact.id]]]
            core_node[fact.core] = open_[0] if open_ else min(among, key=counts.__getitem__)
        found[fact.id] = core_node[fact.core]
        counts[found[fact.id]] += 1
    return found


def complete_nodes(cpus: Iterable[Cpu], known: Iterable[NumaNode] = ()) -> tuple[NumaNode, ...]:
    """Return the known nodes, and one of unknown memory per further node of a CPU; sorted by number."""
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
    """Return a machine with one package and one node; every `siblings` CPUs in a row are a core."""
    ordered = sorted(set(numbers)) or [0]
    cpus = number_cpus(CpuFacts(number, core=place // siblings) for place, number in enumerate(ordered))
    return Machine(source=source, cpus=cpus, nodes=complete_nodes(cpus), notes=notes)
