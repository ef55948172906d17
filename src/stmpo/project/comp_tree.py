"""Knows which items each comp shows, from the bytes of the layers.

Two questions need different answers:

- `comps_showing`: which comps hold an item in any layer, directly or through other comps. A worker needs all
footage of
  these, because After Effects loads footage of layers that are switched off too.
- `drawn_sources`: which items a comp can draw. A layer that is switched off is not drawn, unless it is a
track matte or
  something can refer to it: an effect's layer parameter, or an expression. Whether an expression refers to a
  layer is decided conservatively: in a comp with any `layer(…)` expression every layer counts, and so does
  every layer of a comp that another comp's expression names.

A replaced source of an Essential Graphics media slot counts as a source of its layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from py_aep.binary.chunk import DeferredListChunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from py_aep import CompItem
    from py_aep import Project as AepProject

_BODY = 8
"""Offset of the body of the `ldta` chunk, which a layer begins with."""

_FLAGS, _SOURCE, _MATTE_KIND, _MATTE_LAYER = (_BODY + at for at in (39, 40, 107, 160))
"""Offsets of fields in a layer: switches, source id, kind of track matte, and its layer (After Effects 23
and later)."""

_ENABLED = 1
"""Bit of the switches for the eye."""

_REPLACEMENT = b"blsi\0\0\0\4"
"""Header of the chunk with the item that replaces a media slot's source; 0 if there is none."""

_LAYER_REFERENCE = b"tdpi\0\0\0\4"
"""Header of an effect's layer parameter. Each effect refers to its own layer too."""

_OVERRIDES = b"CPrp"
"""Type of the list that a layer holds for each Essential Property that it overrides."""


@dataclass(frozen=True, slots=True)
class _LayerBytes:
    """One layer of a comp."""

    raw: bytes

    def number(self, offset: int) -> int:
        return int.from_bytes(self.raw[offset : offset + 4], "big")

    @property
    def id(self) -> int:
        return self.number(_BODY)

    @property
    def enabled(self) -> bool:
        return bool(self.raw[_FLAGS] & _ENABLED)

    @property
    def has_matte(self) -> bool:
        return self.raw[_MATTE_KIND] != 0

    @property
    def matte_layer(self) -> int:
        """Id of its track matte; 0 if After Effects was older than 23, where the layer above is meant."""
        size = self.number(4)
        return self.number(_MATTE_LAYER) if size > _MATTE_LAYER - _BODY else 0

    def sources(self) -> Iterator[int]:
        yield self.number(_SOURCE)
        yield from _numbers_after(self.raw, _REPLACEMENT)

    def references(self) -> Iterator[int]:
        """Yield the ids of the other layers that its effects refer to."""
        return (layer for layer in _numbers_after(self.raw, _LAYER_REFERENCE) if layer != self.id)


class CompTree:
    """The comps of a project and what they show. Build it before py_aep parses the layers."""

    def __init__(self, project: AepProject) -> None:
        layers = {comp.id: list(_layers(comp)) for comp in project.compositions}
        naming = [layer.raw for each in layers.values() for layer in each if b"comp(" in layer.raw]
        self.drawn_sources: dict[int, frozenset[int]] = {}
        """Id of a comp to the ids of the items that it can draw directly."""

        self.hidden_layers: set[tuple[int, int]] = set()
        """Layers that are never drawn, by the ids of comp and layer."""

        self.overriding_layers: set[tuple[int, int]] = set()
        """Layers that override Essential Properties, by the ids of comp and layer."""

        self._comps_by_source: dict[int, list[int]] = {}
        self._found: dict[int, frozenset[int]] = {}
        for comp in project.compositions:
            own = layers[comp.id]
            name = comp.name.encode("utf-8", "replace")
            named = any(name in raw for raw in naming)
            drawn = own if named else [layer for layer in own if layer.id in _drawn(own)]
            self.drawn_sources[comp.id] = _sources(drawn)
            self.hidden_layers |= {(comp.id, layer.id) for layer in own if layer not in drawn}
            self.overriding_layers |= {(comp.id, layer.id) for layer in own if _OVERRIDES in layer.raw}
            for source in _sources(own):
                self._comps_by_source.setdefault(source, []).append(comp.id)

    def comps_showing(self, item: int, above: frozenset[int] = frozenset()) -> frozenset[int]:
        """Return the ids of the comps that hold the item with this id, directly or through other comps."""
        if item not in self._found:
            # After Effects allows no cycle of comps; a damaged file may have one.
            direct = [comp for comp in self._comps_by_source.get(item, ()) if comp not in above]
            further = (self.comps_showing(comp, above | {item}) for comp in direct)
            self._found[item] = frozenset(direct).union(*further)
        return self._found[item]


def _layers(comp: CompItem) -> Iterator[_LayerBytes]:
    deferred = comp._deferred_layers  # noqa: SLF001 - the layers as bytes have no public name
    for chunk in deferred[0] if deferred is not None else ():
        raw = chunk._raw_body if isinstance(chunk, DeferredListChunk) else b""  # noqa: SLF001
        if raw[:4] == b"ldta" and len(raw) > _MATTE_KIND:
            yield _LayerBytes(raw)


def _drawn(layers: list[_LayerBytes]) -> set[int]:
    """Return the ids of the layers that can be drawn."""
    if any(b"layer(" in layer.raw for layer in layers):
        return {layer.id for layer in layers}
    drawn = {layer.id for layer in layers if layer.enabled}
    for at, layer in enumerate(layers):
        drawn.update(layer.references())
        if layer.has_matte:
            drawn.add(layer.matte_layer or layers[at - 1].id)
    return drawn


def _sources(layers: Iterable[_LayerBytes]) -> frozenset[int]:
    return frozenset(source for layer in layers for source in layer.sources()) - {0}


def _numbers_after(raw: bytes, header: bytes) -> Iterator[int]:
    at = raw.find(header)
    while at >= 0:
        start = at + len(header)
        yield int.from_bytes(raw[start : start + 4], "big")
        at = raw.find(header, start)
