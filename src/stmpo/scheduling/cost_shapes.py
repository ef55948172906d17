"""Shapes that the costs of real comps have, as named examples for simulations and measurements.

Each gives a list of costs whose mean is the one that was asked for. `random` is drawn from, never made here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

HERO_COST = 13.0
"""A frame of the heavy passage beside one of the rest."""


def uniform(count: int, random: Random) -> list[float]:  # noqa: ARG001 - all shapes are called alike
    """Every frame costs the same."""
    return [1.0] * count


def noise(count: int, random: Random) -> list[float]:
    """Lognormal around a mean, sigma 0.5, each frame for itself."""
    return [random.lognormvariate(0, 0.5) for _ in range(count)]


def ramp(count: int, random: Random) -> list[float]:  # noqa: ARG001
    """From 1 to 9: something grows into the picture."""
    return [1 + 8 * at / max(1, count - 1) for at in range(count)]


def hero(count: int, random: Random) -> list[float]:
    """A tenth of the frames, in one passage somewhere, cost 13 times the rest."""
    heavy = max(1, count // 10)
    first = random.randint(0, count - heavy)
    return [HERO_COST if first <= at < first + heavy else 1.0 for at in range(count)]


def cuts(count: int, random: Random) -> list[float]:
    """Scenes of 12 to 80 frames, whose costs are lognormal with sigma 1."""
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
    """Costs in seconds of `count` frames, `mean` seconds on average.

    Raises:
        BadInput: there is no such shape.
    """
    if name not in SHAPES:
        raise BadInput(f"there is no shape {name!r}; there are {', '.join(SHAPES)}")
    costs = SHAPES[name](count, random)
    scale = mean * count / sum(costs)
    return [cost * scale for cost in costs]
