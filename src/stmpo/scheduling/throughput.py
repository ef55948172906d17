"""Whether fewer processes rendered the same frames faster in an earlier run.

A process is always slower beside others; only the total counts. So the same frames of the same version,
rendered by another number of processes, are compared frame by frame: their costs cannot mislead. `contention`
looks at one run. Rates by how many rendered at a time, within one run, showed no loss in simulations of it (2
of 72 runs, as many as false alarms): a run hardly sees any other count than its own for long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENOUGH_FRAMES = 10
"""Fewest frames finished at a count before its rate means anything."""

ENOUGH_SECONDS = 20.0
"""Fewest seconds spent at it."""

CLEARLY = 1.15
"""Factor by which the total rate of fewer processes must exceed that of the most,"""

SIGMAS = 2.0
"""and in standard errors besides, with the finished frames as random counts."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of a number of processes together."""

    processes: int
    frames_per_second: float
    frames: int = 0
    """Number of frames behind it."""


def fewer_were_faster(
    before: Mapping[int, tuple[int, float]], now: Mapping[int, float], processes: int
) -> tuple[Rate, Rate] | None:
    """Return the best count of an earlier run and this run's, if fewer processes were clearly faster
    together.

    `before` has the count and the cost (seconds) of each frame rendered earlier, `now` the costs of this
    run's.
    """
    costs: dict[int, list[tuple[float, float]]] = {}
    for frame, (count, cost) in before.items():
        if frame in now and count < processes:
            costs.setdefault(count, []).append((cost, now[frame]))
    found = [
        (_rate(count, [cost for cost, _ in pairs]), _rate(processes, [cost for _, cost in pairs]))
        for count, pairs in costs.items()
        if len(pairs) >= ENOUGH_FRAMES and sum(cost for cost, _ in pairs) >= ENOUGH_SECONDS
    ]
    found = [(fewer, most) for fewer, most in found if _clearly(fewer, most)]
    return max(found, key=lambda pair: pair[0].frames_per_second / pair[1].frames_per_second, default=None)


def _rate(processes: int, costs: list[float]) -> Rate:
    return Rate(processes, processes * len(costs) / max(sum(costs), 1e-6), len(costs))


def _clearly(fewer: Rate, most: Rate) -> bool:
    error = math.sqrt(1 / max(fewer.frames, 1) + 1 / max(most.frames, 1))
    return fewer.frames_per_second > CLEARLY * math.exp(SIGMAS * error) * most.frames_per_second
