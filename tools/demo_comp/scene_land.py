"""The land: mountains in four depths with mist between them, a lake with its light, pines, fireflies."""

from __future__ import annotations

import itertools
import random

from tools.demo_comp.lottie_doc import (
    Json,
    Keys,
    Point,
    Stops,
    Value,
    ellipse,
    fill,
    gradient,
    group,
    layer,
    path,
    rectangle,
    transform,
)
from tools.demo_comp.scene_sky import HEIGHT, WIDTH

SHORE = 880.0
"""Where the lake begins, in pixels from the top."""


_DAWN: Keys = [(58.0, 0.0), (112.0, 85.0)]
"""When the sun's colours reach the far mountains."""


def _ridge(seed: int, base: float, rough: float, splits: int) -> list[Point]:
    """Return a mountain line from edge to edge by midpoint displacement."""
    dice = random.Random(seed)  # noqa: S311 - the same mountains every time
    heights = [dice.uniform(-0.4, 0.6) * rough for _ in range(6)]
    step = rough
    for _ in range(splits):
        step *= 0.5
        finer = []
        for left, right in itertools.pairwise(heights):
            finer += [left, (left + right) / 2 + dice.uniform(-step, step)]
        heights = [*finer, heights[-1]]
    span = WIDTH + 400.0
    return [(-200 + span * at / (len(heights) - 1), base - height) for at, height in enumerate(heights)]


def mountains() -> list[Json]:
    """From near to far: darker to hazier, faster to slower, with mist between."""
    return [
        _mountain("near", (3, 52), (820, 100, 5), ("#141736", "#0a0c22")),
        _mist("low", (832, 90), "#9aa6ff", 0.38, 70),
        _mountain("middle", (8, 32), (770, 170, 5), ("#2b2a5e", "#171a40")),
        _mist("middle", (770, 110), "#d6a0d8", 0.36, -50),
        _mountain("far at dawn", (15, 18), (700, 230, 5), ("#c06a94", "#4a2f6e"), _DAWN),
        _mountain("far", (15, 18), (700, 230, 5), ("#41407c", "#26285a")),
        _mist("high", (690, 130), "#ffb9a8", 0.34, 36),
        _mountain("farthest at dawn", (27, 9), (640, 200, 4), ("#ff9f86", "#9c4f8c"), _DAWN),
        _mountain("farthest", (27, 9), (640, 200, 4), ("#5d5596", "#37356f")),
    ]


def _mountain(
    name: str,
    kind: tuple[int, float],
    form: tuple[float, float, int],
    colours: tuple[str, str],
    opacity: Value | Keys = 100,
) -> Json:
    """One range: its seed and drift in pixels; its base, roughness and detail; its colours from top to
    foot.
    """
    (seed, drift), (base, rough, splits) = kind, form
    line = _ridge(seed, base, rough, splits)
    outline = path([*line, (WIDTH + 200, HEIGHT), (-200, HEIGHT)], closed=True)
    stops: Stops = [(0, colours[0], 1), (1, colours[1], 1)]
    shape = group([outline, gradient(stops, (0, base - rough * 0.7), (0, base + 150))])
    slide: Keys = [(0.0, (drift, 14)), (119.0, (-drift, 0))]
    return layer(f"mountains {name}", [shape], transform(slide, opacity=opacity, ease=0.25))


def _mist(name: str, place: tuple[float, float], colour: str, strength: float, drift: float) -> Json:
    high, tall = place
    dice = random.Random(int(high))  # noqa: S311 - as above
    clouds = []
    for index in range(5):
        soft: Stops = [(0, colour, strength), (0.5, colour, strength * 0.45), (1, colour, 0)]
        spot = transform((60 + index * 450.0, high + dice.uniform(-14, 14)), scale=(100, tall / 3.6))
        clouds.append(group([ellipse((760, 760)), gradient(soft, (0, 0), (380, 0), radial=True)], spot))
    slide: Keys = [(0.0, (drift, 0)), (119.0, (-drift, 0))]
    return layer(
        f"mist {name}",
        clouds,
        transform(slide, opacity=[(0.0, 45.0), (60.0, 70.0), (119.0, 100.0)], ease=0.2),
    )


def lake() -> list[Json]:
    """Still water: the sky's colours upside down, a column of sunlight, glints."""
    night: Stops = [(0, "#263a78", 1), (0.4, "#111b47", 1), (1, "#050818", 1)]
    dawn: Stops = [(0, "#ffb48a", 1), (0.3, "#b0608c", 1), (1, "#1c1740", 1)]
    aurora: Stops = [(0, "#3fd8c0", 0.8), (0.4, "#3a78c8", 0.4), (1, "#6a3fb0", 0)]
    place = (WIDTH / 2, (SHORE + HEIGHT) / 2)
    tall = HEIGHT - SHORE
    ends = (0, -tall / 2), (0, tall / 2)
    return [
        *_glints(),
        _sunlight(),
        layer(
            "lake dawn",
            [group([rectangle((WIDTH, tall)), gradient(dawn, *ends)])],
            transform(place, opacity=[(52.0, 0.0), (108.0, 92.0)]),
        ),
        layer(
            "lake aurora",
            [group([rectangle((WIDTH, tall)), gradient(aurora, *ends)])],
            transform(place, opacity=[(4.0, 0.0), (26.0, 60.0), (56.0, 50.0), (92.0, 0.0)]),
        ),
        layer("lake night", [group([rectangle((WIDTH, tall)), gradient(night, *ends)])], transform(place)),
    ]


def _sunlight() -> Json:
    """Return the sun's column on the water: bars that sway, wider towards the viewer."""
    dice = random.Random(33)  # noqa: S311 - as above
    bars = []
    for index in range(15):
        high = SHORE + 8 + index * 12.5
        width = 130 + index * 15 + dice.uniform(-30, 30)
        sway = dice.uniform(8, 26) * (1 if index % 2 else -1)
        keys: Keys = [
            (float(at), (1214 + sway * (1 if at // 20 % 2 else -1), high)) for at in range(0, 121, 20)
        ]
        light: Stops = [(0, "#fff3cf", 0.9), (0.5, "#ffd39a", 0.5), (1, "#ff9d7a", 0)]
        bar = [ellipse((width, width)), gradient(light, (0, 0), (width / 2, 0), radial=True)]
        bars.append(group(bar, transform(keys, scale=(100, 3.2 + index * 0.16))))
    return layer("sunlight", bars, transform((0, 0), opacity=[(66.0, 0.0), (104.0, 95.0)]))


def _glints() -> list[Json]:
    """Short lights on the water that come and go."""
    dice = random.Random(41)  # noqa: S311 - as above
    layers = []
    for phase in range(4):
        glints = []
        for _ in range(26):
            deep = dice.random()
            at = dice.uniform(0, WIDTH), SHORE + 6 + (HEIGHT - SHORE - 20) * deep
            glints.append(rectangle((dice.uniform(20, 60) * (0.5 + deep), 1.2 + 1.3 * deep), at))
        beat: Keys = [(float(at), 60.0 if (at // 15 + phase) % 2 else 8.0) for at in range(0, 121, 15)]
        shape = group([*glints, fill("#e6ecff", 55)])
        layers.append(layer(f"glints {phase}", [shape], transform((0, 0), opacity=beat)))
    return layers


def pines() -> list[Json]:
    """Two rows of pines at the near shore, framing the picture left and right."""
    return [_row("front", 51, (230.0, 400.0), "#03040d", 90), _row("back", 52, (150.0, 270.0), "#0a0d24", 64)]


def _row(name: str, seed: int, heights: tuple[float, float], colour: str, drift: float) -> Json:
    dice = random.Random(seed)  # noqa: S311 - as above
    trees = []
    for x in range(-150, WIDTH + 180, 46):
        middle = 1 - abs(x - WIDTH / 2) / (WIDTH / 2)
        tall = dice.uniform(*heights) * max(0.16, 1.02 - 1.35 * max(0.0, middle) ** 0.6)
        trees.append(path(_pine(x + dice.uniform(-16, 16), HEIGHT + 12, tall, dice), closed=True))
    place = transform([(0.0, (drift, 26)), (119.0, (-drift, 0))], ease=0.25)
    return layer(f"pines {name}", [group([*trees, fill(colour)])], place)


def _pine(x: float, ground: float, tall: float, dice: random.Random) -> list[Point]:
    """Return a pine's outline: tiers that widen downwards, not quite alike on both sides."""
    tiers = 7
    left: list[Point] = []
    right: list[Point] = []
    for tier in range(1, tiers + 1):
        high = ground - tall * (1 - tier / (tiers + 0.6))
        wide = tall * 0.19 * tier / tiers
        for side, sign in ((left, -1), (right, 1)):
            side.append((x + sign * wide * dice.uniform(0.8, 1.15), high + dice.uniform(-3, 5)))
            side.append((x + sign * wide * 0.46, high - tall * 0.022))
    return [(x, ground - tall), *right, *reversed(left)]


def fireflies() -> Json:
    """Warm lights that drift up before the pines."""
    dice = random.Random(61)  # noqa: S311 - as above
    lights = []
    for _ in range(30):
        x, y = dice.uniform(60, WIDTH - 60), dice.uniform(790, 1060)
        begin = dice.uniform(6, 80)
        way: Keys = [(begin, (x, y)), (begin + 36, (x + dice.uniform(-70, 70), y - dice.uniform(50, 150)))]
        glow: Keys = [(begin, 0.0), (begin + 10, 95.0), (begin + 24, 70.0), (begin + 36, 0.0)]
        size = dice.uniform(16, 34)
        soft: Stops = [(0, "#fffbe0", 1), (0.16, "#ffe9a0", 0.85), (0.4, "#ffc860", 0.25), (1, "#ffb040", 0)]
        light = [ellipse((size, size)), gradient(soft, (0, 0), (size / 2, 0), radial=True)]
        lights.append(group(light, transform(way, opacity=glow, ease=0.3)))
    return layer("fireflies", lights)
