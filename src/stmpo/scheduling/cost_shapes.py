"""Cost shapes of real comps, as named examples for simulations and measurements.

Each function returns a list of costs; `shape` scales them to a mean. The caller passes the random generator.
"""

from __future__ import annotations

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


SHAPES: dict[str, Callable[[int, Random], list[float]]] = {
    "uniform": uniform,
    "noise": noise,
    "ramp": ramp,
    "hero": hero,
    "cuts": cuts,
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
