"""hwloc's synthetic descriptions: `pack:2 numa:4 l3:4 core:4 pu:2` is 2 packages of 4 nodes of 4 caches, and
so on.

The language is that of hwloc's documentation, "Synthetic topologies": levels from the outside in, each
`type:count`, where count is per object of the level before. `[numa]` attaches one node to each object of the
level before it. Attributes stand in parentheses: `memory=` on a node, and on the last level `indexes=`, which
numbers the CPUs. Other attributes are skipped, as are levels that do not matter here (L1, die, group). Counts
without a type, for which hwloc guesses types, are refused. A last level other than `pu`, which hwloc refuses,
means cores of one CPU.

`indexes=` is a list (`0,2,1,3`), or loops `step*count:step*count`, or loops by type (`pack:core`: as many
steps as there are such objects, each as long as one). The loops run from the fastest to the slowest: the CPU
at place k has the number that is the sum of ((k / step) mod count) x the counts of the loops before. Where
the loops reach only every n-th place, n being the smallest step, one more loop over those n places is the
slowest. `2*128:128*1` thus numbers the siblings of 128 cores n and n + 128, as Linux does.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.machine.build import CpuFacts, complete_nodes, number_cpus
from stmpo.machine.cpulist import MOST_CPUS
from stmpo.machine.model import Machine, NumaNode
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVEL = re.compile(r"\s*(\[)?([A-Za-z][A-Za-z0-9]*)(?::(\d{1,6}))?(?:\(([^()]*)\))?(\])?(?=\s|$)")
_KINDS = {
    "machine": "machine",
    "pack": "package",
    "package": "package",
    "socket": "package",
    "numa": "node",
    "numanode": "node",
    "node": "node",
    "l3": "l3",
    "l3cache": "l3",
    "l2": "l2",
    "l2cache": "l2",
    "core": "core",
    "pu": "pu",
}
_SKIPPED = re.compile(r"group\d*|die|module|l[145][diu]?(cache)?|l[23][diu](cache)?|tile|misc", re.IGNORECASE)
_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40, "b": 1}


@dataclass(frozen=True, slots=True)
class _Level:
    """One word of the description. `count` is per object of the level before it."""

    kind: str
    count: int
    attributes: dict[str, str]


def looks_synthetic(text: str) -> bool:
    """Return whether the text is meant as a description rather than a file's name: each word has a count."""
    words = re.sub(r"\([^()]*\)", "", text).split()
    return bool(words) and all(re.fullmatch(r"[A-Za-z0-9]+:\d+|\[[A-Za-z0-9]+\]|\d+", word) for word in words)


def read(text: str) -> Machine:
    """Return the machine that a synthetic string describes.

    Raises:
        BadInput: it is not such a string, or describes more CPUs than any system has.
    """
    levels = _levels(text)
    total = math.prod(level.count for level in levels)
    if not 0 < total < MOST_CPUS:
        raise BadInput(
            f"topology {text!r} describes {total} CPUs; give at least 1 and fewer than {MOST_CPUS}"
        )
    each = _cpus_in_each(levels, total)
    cache = each.get("l3", _larger(each.get("l2"), each.get("core", 1)))
    numbers = _numbers(text, levels, total)
    cpus = number_cpus(
        CpuFacts(
            id=number,
            core=place // each.get("core", 1),
            l3=None if cache is None else place // cache,
            node=place // each.get("node", total),
            package=place // each.get("package", total),
        )
        for place, number in enumerate(numbers)
    )
    nodes = complete_nodes(cpus, _node_memory(levels, {cpu.node for cpu in cpus}))
    sizes = [node.memory_bytes for node in nodes if node.memory_bytes is not None]
    known = sum(sizes) if len(sizes) == len(nodes) else None
    return Machine(
        f"synthetic {text.strip()!r}", cpus, nodes, memory_total_bytes=known, memory_available_bytes=known
    )


def _larger(cache: int | None, core: int) -> int | None:
    """Return the size of a level-2 cache if it holds more than a core: it is the last level where there is no
    other.
    """
    return cache if cache is not None and cache > core else None


def _levels(text: str) -> list[_Level]:
    levels: list[_Level] = []
    at = 0
    while at < len(text.rstrip()):
        match = _LEVEL.match(text, at)
        if match is None:
            raise BadInput(
                f"topology {text!r}: {text[at:].split(maxsplit=1)[0]!r} is not a level such as pack:2, l3:4 or pu:2"
            )
        at = match.end()
        levels.append(_level(text, match))
    if not levels:
        raise BadInput('topology: an empty description; give one such as "pack:2 numa:4 l3:4 core:4 pu:2"')
    return levels


def _level(text: str, match: re.Match[str]) -> _Level:
    opening, name, count, attributes, closing = match.groups()
    kind = _KINDS.get(name.lower(), "")
    attached = opening is not None
    if attached != (closing is not None) or (attached and kind != "node"):
        raise BadInput(f"topology {text!r}: {match.group().strip()!r}: only [numa] stands in brackets")
    if not kind and not _SKIPPED.fullmatch(name):
        raise BadInput(f"topology {text!r}: {name!r} is not a kind of level; use pack, numa, l3, core or pu")
    if not attached and not count:
        raise BadInput(f"topology {text!r}: {name!r} lacks its count, as in {name}:2")
    pairs = (part.partition("=") for part in (attributes or "").split())
    return _Level(kind, int(count or 1), {key: value for key, _, value in pairs})


def _cpus_in_each(levels: list[_Level], total: int) -> dict[str, int]:
    """Return how many CPUs are in one object, for each kind that the description has."""
    found = {}
    inside = total
    for level in levels:
        inside //= level.count
        found[level.kind] = inside
    return found


def _numbers(text: str, levels: list[_Level], total: int) -> Sequence[int]:
    """Return the CPUs' numbers in the order of their places."""
    indexes = levels[-1].attributes.get("indexes", "")
    if not indexes:
        return range(total)
    try:
        if re.match(r"\d+(,|$)", indexes):
            numbers = [int(part) for part in indexes.split(",")]
        else:
            numbers = _interleaved(_loops(indexes, levels, total), total)
    except ValueError:
        raise BadInput(
            f"topology {text!r}: indexes={indexes}: a list, loops step*count:step*count, or types pack:core is expected"
        ) from None
    if (
        len(numbers) != total
        or len(set(numbers)) != total
        or not 0 <= min(numbers) <= max(numbers) < MOST_CPUS
    ):
        raise BadInput(f"topology {text!r}: indexes={indexes} does not number {total} CPUs, each once")
    return numbers


def _loops(indexes: str, levels: list[_Level], total: int) -> list[tuple[int, int]]:
    """Return step and count of each loop, the fastest first."""
    parts = indexes.split(":")
    if "*" in indexes:
        found = [(int(step), int(count)) for step, _, count in (part.partition("*") for part in parts)]
    else:
        each = _cpus_in_each(levels, total)
        steps = [each.get(_KINDS.get(part.lower(), ""), 0) for part in parts]
        # A type's count is within the next larger type that has a loop too.
        found = [
            (step, min((other for other in steps if other > step), default=total) // max(step, 1))
            for step in steps
        ]
    if any(step < 1 or count < 1 for step, count in found):
        raise ValueError(indexes)
    return found


def _interleaved(loops: list[tuple[int, int]], total: int) -> list[int]:
    smallest = min(step for step, _ in loops)
    if smallest * math.prod(count for _, count in loops) == total:
        loops = [*loops, (1, smallest)]
    numbers = [0] * total
    weight = 1
    for step, count in loops:
        for place in range(total):
            numbers[place] += place // step % count * weight
        weight *= count
    return numbers


def _node_memory(levels: list[_Level], nodes: set[int]) -> list[NumaNode]:
    sizes = [level.attributes.get("memory") for level in levels if level.kind == "node"]
    if not sizes or sizes[0] is None:
        return []
    match = re.fullmatch(r"(\d{1,18})([a-zA-Z]{0,3})", sizes[0])
    if match is None or match[2].lower() not in _UNITS:
        raise BadInput(f"topology: memory={sizes[0]} is not a size such as 64GiB")
    return [NumaNode(node, int(match[1]) * _UNITS[match[2].lower()]) for node in sorted(nodes)]
