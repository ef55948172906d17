"""`numa_map.json`: a site's own description of which CPUs belong together.

Two forms. The short one names pools of CPUs; the planner takes each pool as a socket:

    {"group_0": [0, 1, 2, …], "group_1": [128, 129, …]}

In the full one every key but `nodes` and its `cpus` may be left out:

    {
      "memory_gb": 1024,
      "nodes": [
        {
          "node": 0,                              the system's number of the NUMA node
          "package": 0,
          "processor_group": 0,                   Windows only
          "memory_gb": 512,
          "cpus": "0-63,128-191",                 a list of numbers, or the kernel's short form
          "l3": ["0-3,128-131", "4-7,132-135"],   CPUs that share a last-level cache
          "cores": ["0,128", "1,129"]             SMT siblings
        }
      ]
    }

It has two uses. `read` takes the file for a whole machine (`--topology`). `apply` groups the CPUs of the
machine at hand: facts that the map omits stay as discovered, and CPUs that it does not list are not used. A
map that lists CPUs which this machine does not have is rejected as a whole. It was made for another machine,
and to guess which part of it still holds would pin renderers to the wrong places.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stmpo.machine.build import CpuFacts, complete_nodes, number_cpus
from stmpo.machine.cpulist import MOST_CPUS, format_list, parse_list
from stmpo.machine.model import Cpu, Machine, NumaNode
from stmpo.model.errors import BadInput
from stmpo.system.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LARGEST = 4 << 20
"""Bytes. A map of 2048 CPUs with one number per line has 40 kB."""

_KEYS = {"node", "package", "processor_group", "memory_gb", "cpus", "l3", "cores"}


@dataclass(frozen=True, slots=True)
class _Part:
    """One group of the map. None: the map does not say."""

    name: str
    cpus: frozenset[int]
    node: int | None
    package: int | None
    group: int | None
    memory_bytes: int | None
    caches: dict[int, int]
    """The lowest sharer of each CPU, where the map gives it."""

    cores: dict[int, int]


def read(path: Path) -> Machine:
    """Return the machine that a map describes on its own. A CPU without a given core is a core.

    Raises:
        BadInput: it is not such a map.
        OSError: it cannot be read.
    """
    parts, memory = _parse(path)
    facts = []
    for place, part in enumerate(parts):
        node = place if part.node is None else part.node
        package = place if part.package is None else part.package
        for cpu in sorted(part.cpus):
            group = part.group or 0
            facts.append(
                CpuFacts(
                    id=cpu,
                    core=part.cores.get(cpu, cpu),
                    l3=part.caches.get(cpu),
                    node=node,
                    package=package,
                    group=group,
                    group_index=cpu % 64 if part.group is not None else cpu,
                )
            )
    cpus = number_cpus(facts)
    nodes = complete_nodes(cpus, _node_memory(parts))
    sizes = [node.memory_bytes for node in nodes if node.memory_bytes is not None]
    total = memory or sum(sizes) or None
    return Machine(path.name, cpus, nodes, memory_total_bytes=total, memory_available_bytes=total)


def apply(machine: Machine, path: Path) -> tuple[Machine, list[str]]:
    """Return the machine grouped as the map says, and warnings; the machine unchanged if the map does not fit
    it.

    Raises:
        BadInput: the file cannot be read, or is no such map.
    """
    try:
        parts, _ = _parse(path)
    except OSError as error:
        raise BadInput(f"numa map {path}: {error.strerror or error}") from None
    listed = frozenset[int]().union(*(part.cpus for part in parts))
    usable = {cpu.id for cpu in machine.cpus}
    unknown = listed - usable - set(machine.offline) - set(machine.barred)
    if unknown:
        names = f"CPU{'s' if len(unknown) > 1 else ''} {format_list(unknown)}"
        return machine, [f"numa map {path}: this machine has no {names}; the discovered topology is used"]
    if not listed & usable:
        return machine, [
            f"numa map {path}: none of its CPUs may be used here; the discovered topology is used"
        ]
    warnings = []
    if usable - listed:
        left = format_list(usable - listed)
        warnings.append(f"numa map {path}: does not list CPUs {left}; they are not used")
    return _regrouped(machine, parts, path), warnings


def _regrouped(machine: Machine, parts: list[_Part], path: Path) -> Machine:
    by_id = {cpu.id: cpu for cpu in machine.cpus}
    facts = [
        _overlaid(by_id[number], part, place)
        for place, part in enumerate(parts)
        for number in sorted(part.cpus & by_id.keys())
    ]
    cpus = number_cpus(facts)
    known = {node.id: node for node in machine.nodes} | {node.id: node for node in _node_memory(parts)}
    nodes = complete_nodes(cpus, known.values())
    return replace(machine, source=f"{machine.source}, grouped by {path.name}", cpus=cpus, nodes=nodes)


def _overlaid(cpu: Cpu, part: _Part, place: int) -> CpuFacts:
    """Return a discovered CPU's facts, overridden by the map's.

    The short form's groups are packages. Node numbers stay the system's own, because memory is bound by them
    and the short form does not have them.
    """
    return CpuFacts(
        id=cpu.id,
        core=("map", part.cores[cpu.id]) if cpu.id in part.cores else ("machine", cpu.core),
        l3=("map", part.caches[cpu.id]) if cpu.id in part.caches else ("machine", cpu.l3),
        node=cpu.node if part.node is None else part.node,
        package=place if part.package is None else part.package,
        group=cpu.group,  # the system's own: pinning uses it
        group_index=cpu.group_index,
    )


def _node_memory(parts: Iterable[_Part]) -> list[NumaNode]:
    sizes: dict[int, int] = {}
    for place, part in enumerate(parts):
        if part.memory_bytes is not None:
            node = place if part.node is None else part.node
            sizes[node] = sizes.get(node, 0) + part.memory_bytes
    return [NumaNode(node, size) for node, size in sizes.items()]


def _parse(path: Path) -> tuple[list[_Part], int | None]:
    """Return the parts of a map and the machine's memory in bytes, if given."""
    data = read_file(path, LARGEST)
    try:
        return _content(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"numa map {path}: {error}") from None


def _content(data: bytes) -> tuple[list[_Part], int | None]:
    if len(data) > LARGEST:
        raise ValueError("too large for a numa map")
    content = json.loads(data.decode("utf-8-sig"))
    if not isinstance(content, dict) or not content:
        raise ValueError("a JSON object of groups is wanted")
    parts = _full(content["nodes"]) if "nodes" in content else _short(content)
    _check_disjoint(parts)
    return parts, _gigabytes(content.get("memory_gb"))


def _short(content: dict[str, Any]) -> list[_Part]:
    return [
        _Part(name, _cpus(cpus, name), None, None, None, None, {}, {})
        for name, cpus in content.items()
        if name != "memory_gb"
    ]


def _full(nodes: Any) -> list[_Part]:
    if not isinstance(nodes, list):
        raise ValueError("nodes: a list of objects is wanted")  # noqa: TRY004 - all that is wrong here is a ValueError
    parts = []
    for place, item in enumerate(nodes):
        name = f"nodes[{place}]"
        if not isinstance(item, dict):
            raise ValueError(f"{name} is not an object")  # noqa: TRY004
        if unknown := sorted(item.keys() - _KEYS):
            raise ValueError(
                f"{name} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}"
            )
        cpus = _cpus(item.get("cpus"), f"{name}.cpus")
        caches = _sharing(item.get("l3"), cpus, f"{name}.l3")
        cores = _sharing(item.get("cores"), cpus, f"{name}.cores")
        node, package, group = (
            _number(item.get(key), f"{name}.{key}") for key in ("node", "package", "processor_group")
        )
        memory = _gigabytes(item.get("memory_gb"))
        parts.append(_Part(name, cpus, node, package, group, memory, caches, cores))
    return parts


def _cpus(value: Any, name: str) -> frozenset[int]:
    """Return a set from a list of numbers or the kernel's short form."""
    if isinstance(value, str):
        found = parse_list(value)
    elif isinstance(value, list) and all(type(item) is int and 0 <= item < MOST_CPUS for item in value):
        found = frozenset(value)
    else:
        raise ValueError(f"{name}: a list of CPU numbers is wanted, or text such as '0-7,128-135'")
    if not found:
        raise ValueError(f"{name}: no CPU in it")
    return found


def _sharing(value: Any, cpus: frozenset[int], name: str) -> dict[int, int]:
    if value is None:
        return {}
    if not isinstance(value, list):
        raise ValueError(f"{name}: a list of sets of CPUs is wanted")  # noqa: TRY004
    found: dict[int, int] = {}
    for item in value:
        sharers = _cpus(item, name)
        if not sharers <= cpus or sharers & found.keys():
            raise ValueError(
                f"{name}: CPUs {format_list(sharers)} are not all of this node, or stand there twice"
            )
        found.update(dict.fromkeys(sharers, min(sharers)))
    return found


def _number(value: Any, name: str) -> int | None:
    if value is None or (type(value) is int and 0 <= value < MOST_CPUS):
        return value
    raise ValueError(f"{name}: a whole number is wanted")


def _gigabytes(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) in {int, float} and 0 <= value < 2**24:
        return int(value * 2**30)
    raise ValueError("memory_gb: a number of GB (2^30 bytes) is wanted")


def _check_disjoint(parts: list[_Part]) -> None:
    owner: dict[int, str] = {}
    for part in parts:
        for cpu in sorted(part.cpus):
            if cpu in owner:
                raise ValueError(f"CPU {cpu} is in {owner[cpu]} and in {part.name}")
            owner[cpu] = part.name
