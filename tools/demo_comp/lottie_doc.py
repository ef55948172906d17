"""Values, shapes and layers of Lottie documents. Functions return plain JSON values.

Colours are `#rrggbb`, angles degrees, times frames. An animated value is a list of `(frame, value)` keys,
eased between them; a plain value stands still. rlottie draws what this vocabulary can say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Json = dict[str, Any]
Value = float | Sequence[float]
Keys = Sequence[tuple[float, Value]]
Point = tuple[float, float]

LAST = 120
"""Layers live from frame 0 to this one, excluded."""


def rounded(value: Any) -> Any:
    """Round numbers to three decimals, which a pixel needs; whole ones have no point."""
    if isinstance(value, float):
        short = round(value, 3)
        return int(short) if short == int(short) else short
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return value


def still(value: Value) -> Json:
    """Return a value that does not change."""
    return {"a": 0, "k": value if isinstance(value, int | float) else list(value)}


def moving(keys: Keys, ease: float = 0.6) -> Json:
    """Return a value that moves from key to key; `ease` 0 is linear, 1 rests longest at the keys."""
    frames: list[Json] = []
    for at, value in keys:
        as_list = [value] if isinstance(value, int | float) else list(value)
        frames.append(
            {
                "t": at,
                "s": as_list,
                "o": {"x": [ease * 0.7], "y": [0]},
                "i": {"x": [1 - ease * 0.7], "y": [1]},
            }
        )
    for key, following in pairwise(frames):
        key["e"] = following["s"]
    del frames[-1]["o"], frames[-1]["i"]
    return {"a": 1, "k": frames}


def value(given: Value | Keys, ease: float = 0.6) -> Json:
    """Return a still value, or a moving one if keys are given."""
    if isinstance(given, list) and given and isinstance(given[0], tuple):
        return moving(given, ease)
    return still(given)  # type: ignore[arg-type]  # not keys: a value


def rgb(colour: str) -> list[float]:
    """Red, green and blue from 0 to 1."""
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def transform(
    position: Value | Keys = (0, 0),
    *,
    anchor: Value = (0, 0),
    scale: Value | Keys = (100, 100),
    rotation: Value | Keys = 0,
    opacity: Value | Keys = 100,
    ease: float = 0.6,
) -> Json:
    """Where a layer or a group is drawn."""
    return {
        "p": value(position, ease),
        "a": value(anchor),
        "s": value(scale, ease),
        "r": value(rotation, ease),
        "o": value(opacity, ease),
    }


def path(points: Sequence[Point], *, closed: bool = False) -> Json:
    """Straight lines through these points."""
    flat = [[0, 0] for _ in points]
    return {"ty": "sh", "ks": still_path(list(points), flat, flat, closed=closed)}


def still_path(
    vertices: Sequence[Value], ins: Sequence[Value], outs: Sequence[Value], *, closed: bool
) -> Json:
    """Return a Bézier path; tangents are relative to their vertices."""
    return {"a": 0, "k": {"c": closed, "v": list(vertices), "i": list(ins), "o": list(outs)}}


def smooth(points: Sequence[Point]) -> Json:
    """Return an open Bézier path through these points, without corners, as the value of `sh`."""
    ins: list[list[float]] = []
    outs: list[list[float]] = []
    for at, _ in enumerate(points):
        before, after = points[max(0, at - 1)], points[min(len(points) - 1, at + 1)]
        dx, dy = (after[0] - before[0]) / 6, (after[1] - before[1]) / 6
        ins.append([-dx, -dy])
        outs.append([dx, dy])
    return {"c": False, "v": [list(point) for point in points], "i": ins, "o": outs}


def moving_path(keys: Sequence[tuple[float, Json]], ease: float = 0.5) -> Json:
    """Return a path that changes its form from key to key; all forms have the same number of points."""
    frames: list[Json] = [
        {"t": at, "s": [form], "o": {"x": ease * 0.7, "y": 0}, "i": {"x": 1 - ease * 0.7, "y": 1}}
        for at, form in keys
    ]
    for key, following in pairwise(frames):
        key["e"] = following["s"]
    del frames[-1]["o"], frames[-1]["i"]  # rlottie drops a path whose last key has an ease
    return {"ty": "sh", "ks": {"a": 1, "k": frames}}


def ellipse(size: Value, position: Value = (0, 0)) -> Json:
    """Return an ellipse around `position`."""
    return {"ty": "el", "s": still(size), "p": still(position)}


def rectangle(size: Value, position: Value = (0, 0)) -> Json:
    """Return a rectangle around `position`."""
    return {"ty": "rc", "s": still(size), "p": still(position), "r": still(0)}


def fill(colour: str, opacity: Value | Keys = 100) -> Json:
    """Return a plain fill."""
    return {"ty": "fl", "c": still([*rgb(colour), 1]), "o": value(opacity), "r": 1}


def stroke(colour: str, width: Value | Keys, opacity: Value | Keys = 100, *, cap: int = 2) -> Json:
    """Return a stroke with round ends (`cap` 2) or flat ones (1)."""
    paint = still([*rgb(colour), 1])
    return {"ty": "st", "c": paint, "o": value(opacity), "w": value(width), "lc": cap, "lj": 2}


Stops = Sequence[tuple[float, str, float]]
"""Stop of a gradient: place (0 to 1), colour, opacity (0 to 1)."""


def _stops(stops: Stops) -> Json:
    colours = [number for at, colour, _ in stops for number in (at, *rgb(colour))]
    alphas = [number for at, _, alpha in stops for number in (at, alpha)]
    see_through = any(alpha < 1 for _, _, alpha in stops)
    return {"p": len(stops), "k": still(colours + (alphas if see_through else []))}


def gradient(
    stops: Stops, start: Value, end: Value, *, radial: bool = False, opacity: Value | Keys = 100
) -> Json:
    """Return a gradient fill from `start` to `end` (radial: from the centre to a point of the rim)."""
    return {
        "ty": "gf",
        "t": 2 if radial else 1,
        "s": still(start),
        "e": still(end),
        "h": still(0),
        "a": still(0),
        "g": _stops(stops),
        "o": value(opacity),
        "r": 1,
    }


def gradient_stroke(
    stops: Stops, start: Value, end: Value, width: Value | Keys, opacity: Value | Keys = 100
) -> Json:
    """Return a round-ended stroke in a linear gradient."""
    return {
        "ty": "gs",
        "t": 1,
        "s": still(start),
        "e": still(end),
        "g": _stops(stops),
        "o": value(opacity),
        "w": value(width),
        "lc": 2,
        "lj": 2,
    }


def trim(start: Value | Keys, end: Value | Keys, ease: float = 0.8) -> Json:
    """Only the part of the paths before it from `start` to `end` percent."""
    return {"ty": "tm", "s": value(start, ease), "e": value(end, ease), "o": still(0), "m": 1}


def repeat(copies: int, step: Json, *, first: float = 100, last: float = 100) -> Json:
    """Return copies of the shapes before it, each one `step` (a `transform`) further; opacity from `first` to
    `last`.
    """
    return {
        "ty": "rp",
        "c": still(copies),
        "o": still(0),
        "m": 1,
        "tr": {**step, "so": still(first), "eo": still(last)},
    }


def group(items: Sequence[Json], placed: Json | None = None) -> Json:
    """Shapes with their own place; the first is drawn on top."""
    return {"ty": "gr", "it": [*items, {"ty": "tr", **(placed or transform())}]}


def layer(name: str, shapes: Sequence[Json], placed: Json | None = None, **more: Any) -> Json:
    """Return a shape layer; `more` are Lottie's own keys, such as `tt` (matte) and `masksProperties`."""
    return {
        "ty": 4,
        "nm": name,
        "ks": placed or transform(),
        "shapes": list(shapes),
        "ip": 0,
        "op": LAST,
        "st": 0,
        "bm": 0,
        **more,
    }
