"""The title: five letters drawn as lines, the light that runs along them, and a vignette."""

from __future__ import annotations

import math

from tools.demo_comp.lottie_doc import (
    Json,
    Stops,
    ellipse,
    fill,
    gradient,
    gradient_stroke,
    group,
    layer,
    path,
    rectangle,
    smooth,
    stroke,
    transform,
    trim,
)
from tools.demo_comp.scene_sky import HEIGHT, WIDTH

_TALL = 190.0
_PITCH = 232.0
_CENTRE = (WIDTH / 2 - 130, 410.0)
_BEGIN = 36.0
_STAGGER = 6.0


def _letter_s() -> list[Json]:
    """Two bowls in one stroke: arcs of three quarters of a circle each."""
    radius, middle = 47.5, _TALL / 4
    upper = [_on(radius * 1.16, radius, -middle, angle) for angle in range(-35, -271, -15)]
    lower = [_on(radius * 1.16, radius, middle, angle) for angle in range(-75, 146, 15)]
    return [{"ty": "sh", "ks": {"a": 0, "k": smooth(upper + lower)}}]


def _on(wide: float, tall: float, centre: float, angle: float) -> tuple[float, float]:
    return wide * math.cos(math.radians(angle)), centre + tall * math.sin(math.radians(angle))


def _letter_p() -> list[Json]:
    half = _TALL / 2
    bowl = [(-50.0, -half), (4.0, -half)]
    bowl += [
        (4 + 52 * math.cos(math.radians(a)), -half + 52 + 52 * math.sin(math.radians(a)))
        for a in range(-75, 91, 15)
    ]
    return [
        path([(-50, half), (-50, -half)]),
        {"ty": "sh", "ks": {"a": 0, "k": smooth([*bowl, (-50.0, 9.0)])}},
    ]


def _letters() -> list[list[Json]]:
    half = _TALL / 2
    return [
        _letter_s(),
        [path([(-66, -half), (66, -half)]), path([(0, -half), (0, half)])],
        [path([(-74, half), (-62, -half), (0, half * 0.5), (62, -half), (74, half)])],
        _letter_p(),
        [ellipse((_TALL * 0.94, _TALL))],
    ]


def title() -> list[Json]:
    """From front to back: a glint, the letters, their glow, the line below."""
    letters = _letters()
    return [_underline(), _lines(letters), _glow(letters)]


def _at(index: int) -> Json:
    """Return a letter's place: it rises a little while it is drawn."""
    begin = _BEGIN + index * _STAGGER
    x = (index - 2) * _PITCH
    return transform([(begin, (x, 26.0)), (begin + 34, (x, 0.0))])


def _drawn(index: int, late: float = 0.0) -> Json:
    begin = _BEGIN + index * _STAGGER + late
    return trim(0, [(begin, 0.0), (begin + 32, 100.0)])


def _settled() -> Json:
    return transform(_CENTRE, scale=[(_BEGIN, (97, 97)), (119.0, (103, 103))], ease=0.3)


def _lines(letters: list[list[Json]]) -> Json:
    ink: Stops = [(0, "#ffffff", 1), (0.55, "#fff4de", 1), (1, "#ffd7a6", 1)]
    line = gradient_stroke(ink, (0, -_TALL / 2), (0, _TALL / 2), 13)
    groups = [group([*letter, _drawn(index), line], _at(index)) for index, letter in enumerate(letters)]
    return layer("letters", groups, _settled())


def _glow(letters: list[list[Json]]) -> Json:
    """Wide faint strokes under the letters: light without a blur."""
    groups = []
    for index, letter in enumerate(letters):
        halos = [
            group([*letter, _drawn(index), stroke("#ffcf9a", width, strength)], _at(index))
            for width, strength in ((22.0, 14.0), (32.0, 9.0), (44.0, 6.0), (58.0, 4.0), (74.0, 3.0))
        ]
        groups += halos
    return layer("letter glow", groups, _settled())


def _underline() -> Json:
    ink: Stops = [(0, "#ffe2b8", 0), (0.2, "#ffe2b8", 0.9), (0.8, "#ffe2b8", 0.9), (1, "#ffe2b8", 0)]
    ends = (-560.0, 130.0), (560.0, 130.0)
    begin = _BEGIN + 36
    shown = trim([(begin, 50.0), (begin + 30, 0.0)], [(begin, 50.0), (begin + 30, 100.0)])
    return layer("underline", [group([path(ends), shown, gradient_stroke(ink, *ends, 3)])], _settled())


def vignette() -> list[Json]:
    """Darker corners, and the dark that the film begins in."""
    edge: Stops = [(0, "#000008", 0), (0.6, "#000008", 0), (1, "#000008", 0.46)]
    place = transform((WIDTH / 2, HEIGHT / 2), scale=(100, 62))
    corners = group([rectangle((WIDTH, HEIGHT * 1.7)), gradient(edge, (0, 0), (1120, 0), radial=True)], place)
    dark = group(
        [rectangle((WIDTH, HEIGHT), (WIDTH / 2, HEIGHT / 2)), fill("#02030c", [(0.0, 82.0), (16.0, 0.0)])]
    )
    return [layer("dark", [dark]), layer("vignette", [corners])]
