"""The sky: three times of the night, stars in three depths, the aurora, a shooting star."""

from __future__ import annotations

import math
import random

from tools.demo_comp.lottie_doc import (
    Json,
    Keys,
    Stops,
    ellipse,
    fill,
    gradient,
    gradient_stroke,
    group,
    layer,
    moving_path,
    path,
    rectangle,
    smooth,
    transform,
    trim,
)

WIDTH, HEIGHT = 1920, 1080

_NIGHT: Stops = [(0, "#071033", 1), (0.4, "#10205c", 1), (0.75, "#23458a", 1), (1, "#3f7ba8", 1)]
_DUSK: Stops = [(0, "#151046", 1), (0.42, "#3a1d66", 1), (0.72, "#8f3575", 1), (1, "#e8677a", 1)]
_DAWN: Stops = [
    (0, "#16204f", 1),
    (0.36, "#4f3379", 1),
    (0.62, "#c65a7c", 1),
    (0.82, "#ff9d6b", 1),
    (1, "#ffe0a0", 1),
]


def sky() -> list[Json]:
    """Night, dusk and dawn, one dissolving into the next; the last is drawn first."""
    return [
        _backdrop("dawn", _DAWN, [(66.0, 0.0), (108.0, 100.0)]),
        _backdrop("dusk", _DUSK, [(30.0, 0.0), (66.0, 100.0)]),
        _backdrop("night", _NIGHT, [(0.0, 100.0), (119.0, 100.0)]),
    ]


def _backdrop(name: str, stops: Stops, opacity: Keys) -> Json:
    colours = gradient(stops, (0, -HEIGHT / 2), (0, HEIGHT * 0.32))
    shape = group([rectangle((WIDTH, HEIGHT)), colours])
    return layer(name, [shape], transform((WIDTH / 2, HEIGHT / 2), opacity=opacity))


def stars() -> list[Json]:
    """Three depths: the nearer, the larger, the fewer and the faster in the drift."""
    depths = ((1, 300, 1.9, 10.0), (2, 130, 2.9, 22.0), (3, 44, 4.4, 40.0))
    return [_depth(seed, count, size, drift) for seed, count, size, drift in reversed(depths)]


def _depth(seed: int, count: int, size: float, drift: float) -> Json:
    dice = random.Random(seed)  # noqa: S311 - the same stars every time
    groups = []
    for colour, phase in (("#ffffff", 0), ("#bcd4ff", 17), ("#ffe3c4", 31)):
        dots = []
        for _ in range(count // 3):
            at = dice.uniform(-60, WIDTH + 60), HEIGHT * 0.8 * dice.random() ** 1.4 - 20
            width = size * dice.uniform(0.6, 1.6)
            dots.append(ellipse((width, width), at))
        groups.append(group([*dots, fill(colour, _twinkle(phase, low=38.0 + 10 * seed))]))
    fade = [(0.0, 0.0), (16.0, 100.0), (70.0, 100.0), (112.0, 22.0)]
    place = transform([(0.0, (drift, drift / 3)), (119.0, (-drift, -drift / 3))], opacity=fade, ease=0.2)
    return layer(f"stars {seed}", groups, place)


def _twinkle(phase: int, low: float) -> Keys:
    times = [float(at) for at in range(-phase % 20 - 20, 140, 20)]
    return [(at, 100.0 if index % 2 else low) for index, at in enumerate(times)]


def haze() -> Json:
    """Return a faint band of light across the sky, made of wide soft clouds."""
    dice = random.Random(11)  # noqa: S311 - as above
    clouds = []
    for index in range(9):
        colour = ("#4468d8", "#7a4fd0", "#2fa0c0")[index % 3]
        soft: Stops = [(0, colour, 0.2), (0.5, colour, 0.07), (1, colour, 0)]
        size = dice.uniform(420, 760)
        tinted = gradient(soft, (0, 0), (size / 2, 0), radial=True)
        at = 150 + index * 205.0, 640 - index * 66 + dice.uniform(-60, 60)
        clouds.append(group([ellipse((size, size)), tinted], transform(at, scale=(150, 62), rotation=-18)))
    place = transform([(0.0, (14, 0)), (119.0, (-14, 0))], opacity=[(0.0, 0.0), (24.0, 100.0), (84.0, 40.0)])
    return layer("haze", clouds, place)


_STRIPS = 9
"""Bands that a curtain is made of: each reaches less high, so that light gathers at the lower edge."""


def aurora() -> list[Json]:
    """Curtains of light that wave, brightest in the first half."""
    return [
        _curtain(5, ("#3dffb0", "#38d8ff"), (520.0, 330.0), 13),
        _curtain(7, ("#a06bff", "#ff6ad5"), (330.0, 300.0), 10),
        _curtain(6, ("#58ffd0", "#5a86ff"), (410.0, 260.0), 9),
    ]


def _curtain(seed: int, colours: tuple[str, str], place: tuple[float, float], strength: float) -> Json:
    """One curtain: its colours from foot to top, its foot and height in pixels, each band's opacity in
    percent.
    """
    bands = []
    for band in range(1, _STRIPS + 1):
        part = (band / _STRIPS) ** 1.6
        keys = [(at, _ribbon(seed, at / 30.0, place, part)) for at in (0.0, 40.0, 80.0, 119.0)]
        colour = colours[0] if band <= _STRIPS * 0.6 else colours[1]
        bands.append(group([moving_path(keys, ease=0.0), fill(colour, strength)]))
    opacity = [(2.0, 0.0), (20.0 + seed, 100.0), (54.0, 85.0), (94.0, 0.0)]
    return layer(f"aurora {seed}", bands, transform((0, 0), opacity=opacity))


def _ribbon(seed: int, time: float, place: tuple[float, float], part: float) -> Json:
    """Return a closed band: a wave from left to right as its foot, and back along a calmer one above it."""
    foot, tall = place

    def wave(x: float, calm: float) -> float:
        far = x / WIDTH
        return 66 * math.sin(far * 5.0 + time * 0.9 + seed) + 40 * calm * math.sin(
            far * 10.5 - time * 1.3 + seed * 2.1
        )

    columns = [-150 + step * 202.0 for step in range(12)]
    below = smooth([(x, foot + wave(x, 1.0) + tall * 0.07 * part) for x in columns])
    above = smooth([(x, foot + wave(x, 1 - part) - tall * part) for x in reversed(columns)])
    return {
        "c": True,
        "v": below["v"] + above["v"],
        "i": below["i"] + above["i"],
        "o": below["o"] + above["o"],
    }


def shooting_stars() -> list[Json]:
    """Two: one early and bright, one late and far."""
    return [
        _shooting("first", (330.0, 90.0), (860.0, 330.0), 14.0, 5.0),
        _shooting("second", (1820.0, 60.0), (1500.0, 210.0), 44.0, 3.0),
    ]


def _shooting(
    name: str, start: tuple[float, float], end: tuple[float, float], at: float, width: float
) -> Json:
    light: Stops = [(0, "#ffffff", 0), (0.7, "#bfe6ff", 0.6), (1, "#ffffff", 1)]
    tail = trim([(at, 0.0), (at + 18, 100.0)], [(at, 0.0), (at + 12, 100.0)], ease=0.5)
    shape = group([path([start, end]), tail, gradient_stroke(light, start, end, width)])
    return layer(
        f"shooting star {name}", [shape], transform((0, 0), opacity=[(at + 11, 100.0), (at + 19, 0.0)])
    )
