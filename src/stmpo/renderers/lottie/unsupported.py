"""The parts of a Lottie document that rlottie does not draw.

Text, effects, expressions, merge paths, skew, some mask modes, mask feather and expansion are on rlottie's
own list of unsupported features. Blend modes, layer styles, path operations, cameras, videos and SVG images
are not drawn either: pictures with and without them are equal. Expressions keep the value that their
property had when it was exported. Effects that only hold values for expressions ("Slider Control") draw
nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_IMAGE, _TEXT, _VIDEO, _CAMERA = 2, 5, 9, 13
_LAYER_TYPES = {_TEXT: "text", _VIDEO: "videos", _CAMERA: "cameras"}
_CONTROL = re.compile(r"^(?:Pseudo/|ADBE .*\bControl\b)", re.IGNORECASE)
_PATH_OPERATIONS = {"rd": "r", "pb": "a", "zz": "s", "tw": "a", "op": "a"}
"""Rounded corners, pucker and bloat, zig zag, twist, offset: the type, and its amount."""

_UNKNOWN_MASK_MODES = {"l", "d", "f"}
_MAX_DEPTH = 60
"""Nesting of a document that is searched; deeper ones are not from any exporter."""

Layer = dict[str, Any]


def not_drawn(document: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return the features that are not drawn, each with its number of layers, the most frequent first."""
    layers: Counter[str] = Counter()
    drawings = {str(asset.get("id")) for asset in _dicts(document.get("assets")) if _is_svg(asset.get("p"))}
    for layer in visible_layers(document):
        kind = layer.get("ty")
        if isinstance(kind, int) and kind in _LAYER_TYPES:
            layers[_LAYER_TYPES[kind]] += 1
        if kind == _IMAGE and str(layer.get("refId")) in drawings:
            layers["SVG images"] += 1
        layers.update(name for name, has in _FEATURES.items() if has(layer))
    return tuple(layers.most_common())


def visible_layers(document: Mapping[str, Any]) -> Iterator[Layer]:
    """Yield every layer that the composition draws, those of nested compositions once."""
    nested = {
        asset["id"]: asset for asset in _dicts(document.get("assets")) if isinstance(asset.get("id"), str)
    }
    waiting, seen = [document], set()
    while waiting:
        for layer in _dicts(waiting.pop().get("layers")):
            if layer.get("hd") is True and not layer.get("td"):
                continue
            yield layer
            target = layer.get("refId")
            if isinstance(target, str) and target in nested and target not in seen:
                seen.add(target)
                waiting.append(nested[target])


def _is_svg(name: Any) -> bool:
    return isinstance(name, str) and (name.startswith("data:image/svg") or name.casefold().endswith(".svg"))


def _has_effects(layer: Layer) -> bool:
    return any(
        effect.get("en", 1) and not _CONTROL.match(str(effect.get("mn", "")))
        for effect in _dicts(layer.get("ef"))
    )


def _has_expressions(layer: Layer) -> bool:
    return any(
        "k" in each and isinstance(each.get("x"), str) and each["x"].strip() for each in _objects(layer)
    )


def _has_mask_options(layer: Layer) -> bool:
    return any(
        str(mask.get("mode")) in _UNKNOWN_MASK_MODES or _is_set(mask.get("f")) or _is_set(mask.get("x"))
        for mask in _dicts(layer.get("masksProperties"))
    )


_FEATURES: Mapping[str, Callable[[Layer], bool]] = {
    "effects": _has_effects,
    "expressions": _has_expressions,
    "masks with feather, expansion or a special mode": _has_mask_options,
    "layer styles": lambda layer: bool(_dicts(layer.get("sy"))),
    "blend modes": lambda layer: isinstance(layer.get("bm"), int) and layer["bm"] != 0,
    "merge paths": lambda layer: any(
        each.get("ty") == "mm" and each.get("mm", 1) != 1 for each in _objects(layer.get("shapes"))
    ),
    "path operations": lambda layer: any(
        _is_set(each.get(_PATH_OPERATIONS.get(str(each.get("ty")), "")))
        for each in _objects(layer.get("shapes"))
    ),
    "skew": lambda layer: any(
        _is_set(each.get("sk")) for each in _objects([layer.get("ks"), layer.get("shapes")])
    ),
}


def _is_set(value: Any) -> bool:
    """Return whether a property is animated or has a value other than zero."""
    if not isinstance(value, dict) or "k" not in value:
        return False
    numbers = value["k"] if isinstance(value["k"], list) else [value["k"]]
    return any(
        isinstance(number, dict) or (isinstance(number, int | float) and number != 0) for number in numbers
    )


def _dicts(value: Any) -> list[Layer]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _objects(value: Any) -> Iterator[Layer]:
    """Yield every JSON object within a value, itself included."""
    waiting = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, dict):
            yield each
        children = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        if depth < _MAX_DEPTH:
            waiting += [(child, depth + 1) for child in children if isinstance(child, dict | list)]
