"""Cost shapes of real comps, as named examples for simulations and measurements.

Each function returns a list of costs; `shape` scales them to a mean. The caller passes the random generator.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

HERO_COST = 13.0
"""Cost of a frame of the heavy passage relative to the rest."""


def uniform(count: int, random: Random) -> list[float]:  # noqa: ARG001 - all shapes have the same parameters
    """Return equal costs."""
    return [1.0] * count


def noise(count: int, random: Random) -> list[float]:
    """Return lognormal costs with sigma 0.5, each frame independent."""
    return [random.lognormvariate(0, 0.5) for _ in range(count)]


def ramp(count: int, random: Random) -> list[float]:  # noqa: ARG001
    """Return costs that rise from 1 to 9: an object grows into the picture."""
    return [1 + 8 * at / max(1, count - 1) for at in range(count)]


def hero(count: int, random: Random) -> list[float]:
    """Return costs of which a tenth, in one passage somewhere, is 13 times the rest."""
    heavy = max(1, count // 10)
    first = random.randint(0, count - heavy)
    return [HERO_COST if first <= at < first + heavy else 1.0 for at in range(count)]


def cuts(count: int, random: Random) -> list[float]:
    """Return the costs of scenes of 12 to 80 frames; each scene has one lognormal cost, sigma 1."""
    costs: list[float] = []
    while len(costs) < count:
        costs += [random.lognormvariate(0, 1)] * random.randint(12, 80)
    return costs[:count]


def heavy_tailed(count: int, random: Random) -> list[float]:
    """Return costs from a Pareto distribution with index 1.3: a few frames make up much of the whole."""
    return [min(random.paretovariate(1.3), 1e4) for _ in range(count)]


def passages(count: int, random: Random) -> list[float]:
    """Return costs of which two passages, a fifteenth of the frames each, are ten times the rest."""
    length = max(1, count // 15)
    heavy: set[int] = set()
    for _ in range(2):
        first = random.randint(0, count - length)
        heavy.update(range(first, first + length))
    return [10.0 if at in heavy else 1.0 for at in range(count)]


def last_sixth(count: int, random: Random) -> list[float]:  # noqa: ARG001
    """Return costs of which the last sixth is ten times the rest."""
    return [10.0 if at >= count - count // 6 else 1.0 for at in range(count)]


def every_tenth(count: int, random: Random) -> list[float]:
    """Return costs of which every tenth is twelve times the rest."""
    first = random.randrange(10)
    return [12.0 if at % 10 == first else 1.0 for at in range(count)]


def walk(count: int, random: Random) -> list[float]:
    """Return the exponentials of a random walk with steps of sigma 0.3."""
    return [math.exp(step) for step in accumulate(random.gauss(0, 0.3) for _ in range(count))]


def giant(count: int, random: Random) -> list[float]:
    """Return equal costs but for one frame somewhere, which takes a twentieth of the whole."""
    costs = [1.0] * count
    costs[random.randrange(count)] = max(1.0, (count - 1) / 19)
    return costs


SHAPES: dict[str, Callable[[int, Random], list[float]]] = {
    "uniform": uniform,
    "noise": noise,
    "ramp": ramp,
    "hero": hero,
    "cuts": cuts,
    "heavy-tailed": heavy_tailed,
    "passages": passages,
    "last-sixth": last_sixth,
    "every-tenth": every_tenth,
    "walk": walk,
    "giant": giant,
}


def shape(name: str, count: int, mean: float, random: Random) -> list[float]:
    """Return the costs in seconds of `count` frames, `mean` seconds on average.

    Raises:
        BadInput: there is no such shape.
    """
    if name not in SHAPES:
        raise BadInput(f"shape {name!r} is unknown; shapes are {', '.join(SHAPES)}")
    costs = SHAPES[name](count, random)
    scale = mean * count / sum(costs)
    return [cost * scale for cost in costs]
