"""The ringed planet, its debris, and the sun that rises below it."""

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
    group,
    layer,
    path,
    repeat,
    smooth,
    still,
    stroke,
    transform,
    trim,
)

_TILT = -17.0
_FLAT = 26.0
"""Height of the rings in percent of their width."""

_RINGS = (
    (292.0, 10.0, "#ffd9a8", 80.0),
    (318.0, 22.0, "#f0a58c", 62.0),
    (350.0, 28.0, "#c983a5", 52.0),
    (386.0, 9.0, "#a9b7ff", 60.0),
    (408.0, 20.0, "#7f7fd8", 38.0),
)
"""Radius, width, colour, opacity."""


def _orbit() -> Json:
    """Return the planet's path: up from behind the mountains, then a slow float."""
    keys: Keys = [(0.0, (1500, 590)), (56.0, (1572, 246)), (119.0, (1606, 214))]
    return transform(keys, scale=[(0.0, (112, 112)), (56.0, (82, 82)), (119.0, (80, 80))], rotation=_TILT)


def planet() -> list[Json]:
    """From front to back: near halves of the rings, body, far halves, glow."""
    return [
        layer("debris near", [_debris(21, 46, near=True)], _orbit()),
        _rings("near", near=True),
        layer("body", _body(), _orbit(), masksProperties=[_disc_mask(205)], hasMask=True),
        _rings("far", near=False),
        layer("glow", [_glow()], _orbit()),
    ]


def _disc_mask(radius: float) -> Json:
    """Return a circle as a mask, in four Bézier quarters."""
    reach = radius * 0.5523
    points = [(0, -radius), (radius, 0), (0, radius), (-radius, 0)]
    outs = [(reach, 0), (0, reach), (-reach, 0), (0, -reach)]
    form = {"c": True, "v": points, "i": [(-x, -y) for x, y in outs], "o": outs}
    return {"inv": False, "mode": "a", "pt": {"a": 0, "k": form}, "o": still(100), "x": still(0)}


def _body() -> list[Json]:
    shade: Stops = [(0, "#000010", 0), (0.55, "#05031c", 0.12), (0.8, "#05031c", 0.72), (1, "#020110", 0.94)]
    rim: Stops = [(0, "#ffffff", 0), (0.9, "#ffe9d0", 0), (0.97, "#ffe9d0", 0.38), (1, "#ffffff", 0.75)]
    base: Stops = [(0, "#ffe6c4", 1), (0.4, "#f4a97e", 1), (0.75, "#b65a86", 1), (1, "#5b2f78", 1)]
    return [
        group([ellipse((420, 420)), gradient(rim, (0, 0), (210, 0), radial=True, opacity=70)]),
        group([ellipse((640, 640)), gradient(shade, (-90, -95), (250, 120), radial=True)]),
        *_bands(),
        group([ellipse((420, 420)), gradient(base, (0, -205), (0, 205))]),
    ]


def _bands() -> list[Json]:
    """Clouds in stripes, which slide past one another."""
    dice = random.Random(4)  # noqa: S311 - the same planet every time
    bands = []
    for index in range(13):
        high = -190 + index * 31.0
        points = [(-420 + step * 60.0, high + dice.uniform(-7, 7)) for step in range(15)]
        form = smooth(points)
        colour = ("#ffe9cf", "#d9799a", "#ffc194", "#8d4a92")[index % 4]
        slide = 46.0 * (1 if index % 2 else -1)
        place = transform([(0.0, (-slide, 0)), (119.0, (slide, 0))], ease=0.1)
        line = stroke(colour, dice.uniform(5, 20), dice.uniform(22, 52))
        bands.append(group([{"ty": "sh", "ks": {"a": 0, "k": form}}, line], place))
    return bands


def _rings(name: str, *, near: bool) -> Json:
    """Half of every ring, drawn on one after the other."""
    groups = []
    for index, (radius, width, colour, opacity) in enumerate(_RINGS):
        arc = _half_arc(radius, near=near)
        begin = 8.0 + index * 4
        shown = trim(0, [(begin, 0.0), (begin + 30, 100.0)])
        groups.append(group([arc, shown, stroke(colour, width, opacity, cap=1)]))
    flat = transform((0, 0), scale=(100, _FLAT))
    return layer(f"rings {name}", [group(groups, flat)], _orbit())


def _half_arc(radius: float, *, near: bool) -> Json:
    """Half of a circle, open, from right to left: below the centre for the near half."""
    side = 1 if near else -1
    angles = [math.pi * (step / 16 * 1.004 - 0.002) for step in range(17)]  # the halves overlap by a hair
    points = [(radius * math.cos(angle), side * radius * math.sin(angle)) for angle in angles]
    return {"ty": "sh", "ks": {"a": 0, "k": smooth(points)}}


def _debris(seed: int, count: int, *, near: bool) -> Json:
    """Specks that circle in the plane of the rings; only those before the planet are drawn in front of it."""
    dice = random.Random(seed)  # noqa: S311 - as above
    specks = []
    for _ in range(count):
        radius, angle = dice.uniform(300, 470), dice.uniform(0, math.tau)
        size = dice.uniform(3, 8)
        dot = ellipse((size, size * 2.6), (radius * math.cos(angle), radius * math.sin(angle)))
        specks.append(
            group([dot, fill(dice.choice(("#fff3dc", "#ffcfa6", "#c9d4ff")), dice.uniform(45, 95))])
        )
    turn = transform((0, 0), rotation=[(0.0, 0.0), (119.0, 74.0 if near else -74.0)], ease=0.0)
    fade = transform((0, 0), scale=(100, _FLAT), opacity=[(34.0, 0.0), (60.0, 100.0)])
    return group([group(specks, turn)], fade)


def _glow() -> Json:
    light: Stops = [(0, "#ffb38a", 0.55), (0.4, "#e27bb0", 0.3), (0.7, "#7d6bff", 0.1), (1, "#7d6bff", 0)]
    return group([ellipse((1040, 1040)), gradient(light, (0, 0), (520, 0), radial=True)])


def sun() -> list[Json]:
    """Return the sun behind the mountains: disc, glow, turning rays."""
    rise: Keys = [(50.0, (1214, 850)), (112.0, (1214, 646))]
    dawn: Keys = [(50.0, 0.0), (96.0, 100.0)]
    core: Stops = [(0, "#fffdf2", 1), (0.72, "#fff1c4", 1), (0.95, "#ffd98a", 1), (1, "#ffc978", 0.9)]
    glow: Stops = [(0, "#fff2c8", 0.95), (0.2, "#ffc98a", 0.6), (0.5, "#ff8a70", 0.24), (1, "#ff6a8a", 0)]
    return [
        layer(
            "sun",
            [group([ellipse((156, 156)), gradient(core, (0, 0), (78, 0), radial=True)])],
            transform(rise),
        ),
        layer(
            "rays", [_rays()], transform(rise, opacity=dawn, rotation=[(0.0, 0.0), (119.0, 14.0)], ease=0.3)
        ),
        layer(
            "sun glow",
            [group([ellipse((1700, 1700)), gradient(glow, (0, 0), (850, 0), radial=True)])],
            transform(rise, opacity=dawn),
        ),
    ]


def _rays() -> Json:
    light: Stops = [(0, "#fff0c0", 0.26), (0.45, "#ffcf90", 0.09), (1, "#ffb070", 0)]
    ray = group([path([(0, 0), (-30, -1150), (30, -1150)], closed=True), gradient(light, (0, 0), (0, -1150))])
    return group([ray, repeat(24, transform((0, 0), rotation=15.0))])
