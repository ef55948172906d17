"""hwloc's XML: `lstopo --of xml machine.xml`, plain or gzipped, versions 1 and 2 of hwloc.

Taken from it: PUs with their core, package and level-3 cache, by nesting; NUMA nodes by their `cpuset`, since
version 2 puts them beside the CPUs rather than around them; memory; the allowed PUs. hwloc numbers CPUs as
this program does, on Windows too (64 x group + number in the group), so a file that says it is from Windows
also gives the processor groups.

Two cases are corrected. Without a level-3 cache the highest cache that holds two cores stands in, as for
Linux. In a file that hwloc made from a synthetic description, 1 GiB per node is a placeholder: the memory is
then unknown.

The file comes from outside. Its size is limited, unpacked or not; a declared entity is refused and never
expanded; no DTD is fetched; nesting and number of objects are bounded.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from xml.parsers import expat

from stmpo.machine.build import CpuFacts, assign_nodes, complete_nodes, number_cpus
from stmpo.machine.cpulist import MOST_CPUS, parse_mask
from stmpo.machine.model import Machine, NumaNode
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST = 64 << 20
"""Bytes of XML that are read at most. hwloc writes about 1.5 kB per CPU, and 6 MB for a large machine with
all its devices.
"""

_DEEPEST = 128
_PLACEHOLDER_MEMORY = 1 << 30
_WINDOWS = ("windows", "mingw", "cygwin", "msys")


class _RefusedError(ValueError):
    """Well-formed XML that is not acceptable; the text gives the reason."""


def read(path: Path) -> Machine:
    """Return the machine that a file describes.

    Raises:
        BadInput: it is not hwloc XML, is too large, declares entities, or has no PU.
        OSError: it cannot be read.
    """
    try:
        return parse(_contents(path), path.name)
    except (_RefusedError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"topology {path}: {error}") from None


def _contents(path: Path) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            with gzip.open(file) as unpacked:
                data = unpacked.read(LARGEST + 1)
        else:
            data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise _RefusedError(f"more than {LARGEST >> 20} MB, too large for a topology")
    return data


def parse(data: bytes, source: str) -> Machine:
    """Return the machine that this XML describes.

    Raises:
        ValueError: it is not hwloc XML, declares entities, or has no usable PU.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = reader.refuse_entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _RefusedError(f"not hwloc XML ({error}); write it with: lstopo --of xml FILE") from None
    if reader.root != "topology":
        raise _RefusedError(f"not hwloc XML: the outermost element is <{reader.root}>, not <topology>")
    return reader.machine(source)


@dataclass(slots=True)
class _Object:
    """The relevant part of one `<object>`."""

    kind: str
    number: int
    cpus: frozenset[int]
    memory: int | None
    label: int
    """Unique to the object."""

    cores: int = 0
    """Cores inside, counted while reading."""


@dataclass(slots=True)
class _Reader:
    """Collects objects while expat reads. `open_` is the path from the machine to the current object."""

    root: str = ""
    open_: list[_Object | None] = field(default_factory=list)
    """None stands for an element that is not an object."""

    count: int = 0
    packages: int = 0
    pus: dict[int, CpuFacts] = field(default_factory=dict)
    above: dict[int, list[_Object]] = field(default_factory=dict)
    """The caches around each PU, from the largest to the smallest."""

    nodes: list[_Object] = field(default_factory=list)
    infos: dict[str, str] = field(default_factory=dict)
    allowed: frozenset[int] | None = None
    complete: frozenset[int] = frozenset()
    machine_memory: int | None = None

    def refuse_entity(self, name: str, *_rest: object) -> None:
        raise _RefusedError(f"declares the entity {name!r}; hwloc never does")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.root = self.root or tag
        self.count += 1
        if len(self.open_) >= _DEEPEST or self.count > 64 * MOST_CPUS:
            raise _RefusedError("nested too deeply, or too long, for a topology")
        if tag == "info":
            self.infos.setdefault(attributes.get("name", ""), attributes.get("value", ""))
        self.open_.append(self._object(attributes) if tag == "object" else None)

    def end(self, _tag: str) -> None:
        self.open_.pop()

    def _object(self, attributes: Mapping[str, str]) -> _Object:
        kind = _kind(attributes)
        cpus = _mask(attributes.get("cpuset"))
        found = _Object(kind, _index(attributes, -1), cpus, _size(attributes.get("local_memory")), self.count)
        if kind == "machine":
            self._root_object(attributes, found)
        elif kind == "package":
            found.number = found.number if found.number >= 0 else self.packages
            self.packages += 1
        elif kind == "node":
            self.nodes.append(found)
        elif kind == "core":
            for outer in self.open_:
                if outer is not None:
                    outer.cores += 1
        elif kind == "pu":
            self._pu(found)
        return found

    def _root_object(self, attributes: Mapping[str, str], found: _Object) -> None:
        self.machine_memory = found.memory
        self.complete = _mask(attributes.get("complete_cpuset"))
        if "allowed_cpuset" in attributes:
            self.allowed = _mask(attributes["allowed_cpuset"])
        if "online_cpuset" in attributes:  # version 1
            self.allowed = (self.allowed or found.cpus) & _mask(attributes["online_cpuset"])

    def _pu(self, pu: _Object) -> None:
        outer = [found for found in self.open_ if found is not None]
        core = next((found for found in reversed(outer) if found.kind == "core"), pu)
        package = next((found for found in reversed(outer) if found.kind == "package"), None)
        if not 0 <= pu.number < MOST_CPUS:
            raise _RefusedError("a PU without a usable os_index")
        self.above[pu.number] = [found for found in outer if found.kind.startswith("cache")]
        number = package.number if package is not None else 0
        self.pus[pu.number] = CpuFacts(pu.number, core=core.label, package=number)

    def machine(self, source: str) -> Machine:
        """Return the machine, once everything is read."""
        usable = [number for number in self.pus if self.allowed is None or number in self.allowed]
        if not usable:
            raise _RefusedError("no PU in it may be used")
        facts, notes = assign_nodes(
            (
                replace(
                    self.pus[number],
                    l3=self._cache(number),
                    group=number // 64 if self._windows else 0,
                    group_index=number % 64 if self._windows else number,
                )
                for number in usable
            ),
            self._node_cpus(),
        )
        cpus = number_cpus(facts)
        nodes = complete_nodes(cpus, [NumaNode(node.number, self._memory(node)) for node in self.nodes])
        total = self._total(nodes)
        return Machine(
            source=source,
            cpus=cpus,
            nodes=nodes,
            memory_total_bytes=total,
            memory_available_bytes=total,
            offline=tuple(sorted(self.complete - self.pus.keys())),
            barred=tuple(sorted(self.pus.keys() - set(usable))),
            notes=tuple(notes),
        )

    def _node_cpus(self) -> dict[int, frozenset[int]]:
        """Return the CPUs of each node. A node without CPUs is memory only, unless no node has any."""
        found: dict[int, frozenset[int]] = {}
        for node in self.nodes:
            if node.cpus:
                found[node.number] = found.get(node.number, frozenset()) | node.cpus
        return found or {node.number: frozenset() for node in self.nodes}

    @property
    def _windows(self) -> bool:
        system = (self.infos.get("OSName", "") or self.infos.get("Backend", "")).lower()
        return system.startswith(_WINDOWS) or self.infos.get("Backend") == "Windows"

    def _cache(self, pu: int) -> int | None:
        """Return the label of the last-level cache."""
        caches = self.above[pu]
        level_3 = [cache for cache in caches if cache.kind == "cache3"]
        shared = [cache for cache in caches if cache.kind < "cache3" and cache.cores > 1]
        best = max(level_3 or shared, key=lambda cache: cache.kind, default=None)
        return None if best is None else best.label

    def _memory(self, node: _Object) -> int | None:
        if self.infos.get("Backend") == "Synthetic" and node.memory in {None, _PLACEHOLDER_MEMORY}:
            return None
        return node.memory

    def _total(self, nodes: tuple[NumaNode, ...]) -> int | None:
        sizes = [node.memory_bytes for node in nodes if node.memory_bytes is not None]
        return sum(sizes) or self.machine_memory or None


def _kind(attributes: Mapping[str, str]) -> str:
    """Return `machine`, `package`, `node`, `core`, `pu`, `cache1` to `cache5`, or "" for other objects; in
    both versions' spellings.
    """
    name = attributes.get("type", "")
    if name == "Cache" or (name.endswith("Cache") and not name.endswith("iCache")):
        depth = name[1:2] if name != "Cache" else attributes.get("depth", "")
        return f"cache{depth}" if attributes.get("cache_type") != "2" else ""
    return {
        "Machine": "machine",
        "System": "machine",
        "Package": "package",
        "Socket": "package",
        "NUMANode": "node",
        "Node": "node",
        "Core": "core",
        "PU": "pu",
        "Proc": "pu",
    }.get(name, "")


def _index(attributes: Mapping[str, str], missing: int) -> int:
    """Return `os_index`; hwloc writes 4294967295 where the system gives no number."""
    text = attributes.get("os_index", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else missing


def _size(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _mask(text: str | None) -> frozenset[int]:
    if not text:
        return frozenset()
    try:
        return parse_mask(text)
    except ValueError as error:
        raise _RefusedError(f"the set of CPUs {text[:60]!r} is malformed ({error})") from None
