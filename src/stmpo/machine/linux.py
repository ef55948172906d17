"""Linux: the topology that the kernel shows in `/sys/devices/system`, from the live machine or from a
snapshot.

Sources, and their substitutes where a kernel, a container or a snapshot lacks them:

- online CPUs: `cpu/online`, else each `cpuN/online` (CPU 0 often has none: it cannot be switched off), else
  all `cpuN`;
- cores: `topology/core_cpus*` or the older `thread_siblings*`, else `(physical_package_id, core_id)`, else
  each CPU is a core;
- last-level cache: level 3 where there is any, else the highest level that two cores share, else the rule of
  `build.py`;
- nodes: `node/nodeN/cpulist` or `cpumap`, else one node 0. Nodes with memory only are listed as well;
- usable CPUs: `sched_getaffinity` on the live machine, otherwise the snapshot's `/proc/self/status` and
  cpuset. `linux_limits.py` reads the limits of control groups.

Numbers may be sparse everywhere. Odd content never raises; every guess becomes a note.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.machine import linux_limits
from stmpo.machine.build import CpuFacts, assign_nodes, complete_nodes, number_cpus
from stmpo.machine.cpulist import parse_list
from stmpo.machine.model import Machine, MemoryRoom, NumaNode
from stmpo.machine.rootfs import RootFolder
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

_CPU = "sys/devices/system/cpu"
_NODE = "sys/devices/system/node"


def read_live() -> Machine:
    """Return this computer, as this process may use it.

    Raises:
        BadInput: `/sys` shows no CPU (some sandboxes); the caller falls back to a flat machine.
    """
    root = RootFolder(Path("/"))
    allowed = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return read(root, allowed, "Linux /sys")


def memory_room(ours: int) -> MemoryRoom | None:  # noqa: ARG001 - every system's has the same parameters
    """Return how much memory there is now."""
    return linux_limits.memory_room(RootFolder(Path("/")))


def read_snapshot(folder: Path) -> Machine:
    """Return another computer, from a folder that holds a copy of its `/sys` and `/proc`.

    Raises:
        BadInput: the folder holds no `sys/devices/system/cpu/cpuN`, or no usable CPU.
    """
    root = RootFolder(folder)
    return read(root, _allowed_in_snapshot(root), str(folder))


def read(root: RootFolder, allowed: frozenset[int] | None, source: str) -> Machine:
    """Return the machine below `root`, cut down to the CPUs in `allowed` (None: all that are online)."""
    present = frozenset(root.numbered(_CPU, "cpu"))
    if not present:
        raise BadInput(
            f"{source}: no {_CPU}/cpuN was found there; give a folder that holds /sys of a Linux machine"
        )
    online = _online(root, present)
    usable = online if allowed is None else online & allowed
    if not usable:
        raise BadInput(f"{source}: none of its CPUs is both online and allowed")
    node_cpus, notes = _node_cpus(root)
    facts, placed = assign_nodes(_facts(root, sorted(usable)), node_cpus)
    cpus = number_cpus(facts)
    limits = linux_limits.read(root)
    nodes = complete_nodes(cpus, _nodes(root, limits.memory_nodes))
    return Machine(
        source=source,
        cpus=cpus,
        nodes=nodes,
        memory_total_bytes=limits.memory_total_bytes,
        memory_available_bytes=limits.memory_available_bytes,
        cpu_quota=limits.cpu_quota,
        offline=tuple(sorted(present - online)),
        barred=tuple(sorted(online - usable)),
        notes=(*notes, *placed, *limits.notes),
    )


def _online(root: RootFolder, present: frozenset[int]) -> frozenset[int]:
    listed = root.cpu_list(f"{_CPU}/online")
    if listed:
        return listed & present or present
    return frozenset(number for number in present if root.text(f"{_CPU}/cpu{number}/online") != "0")


def _allowed_in_snapshot(root: RootFolder) -> frozenset[int] | None:
    """Return the CPUs allowed to the process that took the snapshot; None when the snapshot does not say."""
    status = (line.partition(":") for line in (root.text("proc/self/status") or "").splitlines())
    found = [_list_or_none(value) for name, _, value in status if name == "Cpus_allowed_list"]
    known = [cpus for cpus in (*found, linux_limits.cpuset_cpus(root)) if cpus]
    return frozenset.intersection(*known) if known else None


def _list_or_none(text: str) -> frozenset[int] | None:
    try:
        return parse_list(text)
    except ValueError:
        return None


def _facts(root: RootFolder, usable: list[int]) -> Iterable[CpuFacts]:
    packages = _packages(root, usable)
    cores = _cores(root, usable, packages)
    caches = _shared_caches(root, usable, cores)
    for cpu in usable:
        yield CpuFacts(id=cpu, core=cores[cpu], l3=caches.get(cpu), package=packages[cpu])


def _packages(root: RootFolder, usable: list[int]) -> dict[int, int]:
    """Return each CPU's package. A package without a number (-1 in virtual machines) counts as 0."""
    found: dict[int, int] = {}
    for cpu in usable:
        if cpu not in found:
            folder = f"{_CPU}/cpu{cpu}/topology"
            number = max(root.number(f"{folder}/physical_package_id") or 0, 0)
            together = root.cpu_set(
                f"{folder}/package_cpus_list", f"{folder}/core_siblings_list", f"{folder}/core_siblings"
            )
            found.update(dict.fromkeys(together or (), number))
            found[cpu] = number
    return found


def _cores(root: RootFolder, usable: list[int], packages: dict[int, int]) -> dict[int, Hashable]:
    """Return a label per CPU that it shares with its SMT siblings only.

    Some AMD processors list the two cores of a module as siblings. Their differing core numbers tell them
    from SMT.
    """
    found: dict[int, Hashable] = {}
    for cpu in usable:
        if cpu in found:
            continue
        number = _core_number(root, cpu)
        siblings = _siblings(root, cpu)
        if siblings is None:
            found[cpu] = ("cpu", cpu) if number is None else ("core", packages[cpu], number)
        else:
            same = [
                other for other in siblings if other == cpu or _core_number(root, other) in {number, None}
            ]
            found.update(dict.fromkeys(same, ("siblings", min(same))))
    return found


def _core_number(root: RootFolder, cpu: int) -> int | None:
    return root.number(f"{_CPU}/cpu{cpu}/topology/core_id")


def _siblings(root: RootFolder, cpu: int) -> frozenset[int] | None:
    folder = f"{_CPU}/cpu{cpu}/topology"
    found = root.cpu_set(
        f"{folder}/core_cpus_list",
        f"{folder}/thread_siblings_list",
        f"{folder}/core_cpus",
        f"{folder}/thread_siblings",
    )
    return found if found and cpu in found else None


def _shared_caches(root: RootFolder, usable: list[int], cores: dict[int, Hashable]) -> dict[int, int]:
    """Return for each CPU the lowest sharer of its last-level cache: level 3, else the highest level beyond
    one core.
    """
    found: dict[int, int] = {}
    for cpu in usable:
        if cpu not in found:
            level, sharers = _last_level(root, cpu)
            if level == 3 or len({cores.get(other, other) for other in sharers}) > 1:
                found.update(dict.fromkeys(sharers, min(sharers)))
    return found


def _last_level(root: RootFolder, cpu: int) -> tuple[int, frozenset[int]]:
    """Return level and sharers of the highest data cache up to level 3; level 0 for none."""
    folder = f"{_CPU}/cpu{cpu}/cache"
    levels = {
        root.number(f"{folder}/index{index}/level") or 0: index
        for index in root.numbered(folder, "index")
        if root.text(f"{folder}/index{index}/type") != "Instruction"
    }
    for level in sorted(levels, reverse=True):
        index = f"{folder}/index{levels[level]}"
        sharers = root.cpu_set(f"{index}/shared_cpu_list", f"{index}/shared_cpu_map")
        if level <= 3 and sharers and cpu in sharers:
            return level, sharers
    return 0, frozenset()


def _node_cpus(root: RootFolder) -> tuple[dict[int, frozenset[int]], list[str]]:
    """Return the CPUs of each node that has or may have some, and a note per node whose list cannot be read.

    A node without CPUs is memory only. If no node has any, the lists are wrong, and all nodes count.
    """
    listed = {
        node: root.cpu_set(f"{_NODE}/node{node}/cpulist", f"{_NODE}/node{node}/cpumap")
        for node in root.numbered(_NODE, "node")
    }
    notes = [
        f"NUMA node {node}: the list of its CPUs cannot be read"
        for node, cpus in listed.items()
        if cpus is None
    ]
    found = {node: cpus or frozenset() for node, cpus in listed.items() if cpus != frozenset()}
    return found or dict.fromkeys(listed, frozenset()), notes


def _nodes(root: RootFolder, usable: frozenset[int] | None) -> Iterable[NumaNode]:
    for node in root.numbered(_NODE, "node"):
        barred = usable is not None and node not in usable
        yield NumaNode(node, 0 if barred else linux_limits.node_memory(root, node))
