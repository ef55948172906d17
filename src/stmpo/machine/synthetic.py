"""hwloc's synthetic descriptions: `pack:2 numa:4 l3:4 core:4 pu:2` is 2 packages of 4 nodes of 4 caches, and so on.

The language is that of `hwloc(7)`, "Synthetic topologies": levels from the outside in, each `type:count` where count is
how many of them each object of the level before has. A count without a type is allowed. `[numa]` attaches one node to
each object of the level before it. Attributes in parentheses: `indexes=` on the PU level numbers the CPUs, as a list
(`0,2,1,3`) or as interleaving loops (`2*128:128*1`); `memory=` on a node gives its bytes; others are skipped, as are
levels that do not matter here (L1, L2, die, group).

Interleaving loops, as hwloc defines them: with `count*step` loops from the inside out, the CPU at place i has the
number that is the sum of step x digit, where the digits of i are counted in those loops.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.errors import BadInput
from stmpo.machine.build import CpuFacts, complete_nodes, number_cpus
from stmpo.machine.cpulist import MOST_CPUS
from stmpo.machine.model import Machine, NumaNode

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVEL = re.compile(
    r"(\[)?\s*(?:([A-Za-z][A-Za-z0-9]*)(?::(\d{1,6}))?|(\d{1,6}))\s*(?:\(([^()]*)\))?\s*(\])?"
)
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
    "core": "core",
    "pu": "pu",
}
_SKIPPED = re.compile(r"group\d*|die|module|l[1245](d|u|i)?(cache)?|l3[iu](cache)?|tile|misc", re.IGNORECASE)
_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40, "b": 1}


@dataclass(frozen=True, slots=True)
class _Level:
    """One word of the description. `count` is how many each object of the level before it has."""

    kind: str
    count: int
    attributes: dict[str, str]


def looks_synthetic(text: str) -> bool:
    """Whether the text is meant as a description rather than as a file's name: each word has a count."""
    words = re.sub(r"\([^()]*\)", "", text).split()
    return bool(words) and all(
        re.fullmatch(r"\[?[A-Za-z0-9]*:?\d+\]?|\[[A-Za-z0-9]+\]", word) for word in words
    )


def read(text: str) -> Machine:
    """The machine that a synthetic string describes.

    Raises:
        BadInput: it is not such a string, or describes more CPUs than any system has.
    """
    levels = _levels(text)
    total = math.prod(level.count for level in levels)
    if not 0 < total < MOST_CPUS:
        raise BadInput(
            f"topology {text!r} describes {total} CPUs; at least 1 and fewer than {MOST_CPUS} are wanted"
        )
    each = _cpus_in_each(levels, total)
    numbers = _numbers(text, levels[-1].attributes.get("indexes", ""), total)
    cpus = number_cpus(
        CpuFacts(
            id=number,
            core=place // each.get("core", 1),
            l3=place // each["l3"] if "l3" in each else None,
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
        raise BadInput("topology: an empty description; give one such as 'pack:2 numa:4 l3:4 core:4 pu:2'")
    return levels


def _level(text: str, match: re.Match[str]) -> _Level:
    opening, name, count, bare, attributes, closing = match.groups()
    kind = _KINDS.get((name or "").lower(), "")
    attached = opening is not None
    if attached != (closing is not None) or (attached and kind != "node"):
        raise BadInput(f"topology {text!r}: {match.group().strip()!r}: only [numa] stands in brackets")
    if name and not kind and not _SKIPPED.fullmatch(name):
        raise BadInput(f"topology {text!r}: {name!r} is not a kind of level; pack, numa, l3, core and pu are")
    if not attached and not (count or bare):
        raise BadInput(f"topology {text!r}: {name!r} lacks its count, as in {name}:2")
    pairs = (part.partition("=") for part in (attributes or "").split())
    return _Level(kind, int(count or bare or 1), {key: value for key, _, value in pairs})


def _cpus_in_each(levels: list[_Level], total: int) -> dict[str, int]:
    """For each kind of object that the description has, how many CPUs are in one."""
    found = {}
    inside = total
    for level in levels:
        inside //= level.count
        found[level.kind] = inside
    return found


def _numbers(text: str, indexes: str, total: int) -> Sequence[int]:
    """The CPUs' numbers in the order of their places."""
    if not indexes:
        return range(total)
    try:
        if "*" in indexes:
            numbers = _interleaved([_loop(part) for part in indexes.split(":")], total)
        else:
            numbers = [int(part) for part in indexes.split(",")]
    except ValueError:
        raise BadInput(
            f"topology {text!r}: indexes={indexes}: a list or count*step:count*step is wanted"
        ) from None
    if (
        len(numbers) != total
        or len(set(numbers)) != total
        or not 0 <= min(numbers) <= max(numbers) < MOST_CPUS
    ):
        raise BadInput(f"topology {text!r}: indexes={indexes} does not number {total} CPUs, each once")
    return numbers


def _loop(part: str) -> tuple[int, int]:
    count, _, step = part.partition("*")
    if int(count) < 1:
        raise ValueError(part)
    return int(count), int(step)


def _interleaved(loops: list[tuple[int, int]], total: int) -> list[int]:
    numbers = []
    for place in range(total):
        rest, number = place, 0
        for count, step in loops:
            rest, digit = divmod(rest, count)
            number += digit * step
        numbers.append(number)
    return numbers


def _node_memory(levels: list[_Level], nodes: set[int]) -> list[NumaNode]:
    sizes = [level.attributes.get("memory") for level in levels if level.kind == "node"]
    if not sizes or sizes[0] is None:
        return []
    match = re.fullmatch(r"(\d{1,18})([a-zA-Z]{0,3})", sizes[0])
    if match is None or match[2].lower() not in _UNITS:
        raise BadInput(f"topology: memory={sizes[0]} is not a size such as 64GiB")
    return [NumaNode(node, int(match[1]) * _UNITS[match[2].lower()]) for node in sorted(nodes)]
