"""What several processes gained over one, as far as a run's own measurements can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Gain:
    """Seconds that one process would have needed, against those that the run took."""

    one_process: float
    measured: float

    @property
    def ratio(self) -> float:
        """How many times as fast; 1 where nothing was measured."""
        return self.one_process / self.measured if self.measured > 0 and self.one_process > 0 else 1.0

    def __str__(self) -> str:
        return (
            f"{self.measured:.1f} s instead of about {self.one_process:.1f} s: {self.ratio:.1f} times as fast"
        )


def gain(costs: Iterable[float], startup: float, measured: float) -> Gain:
    """Estimate one process as a single start-up and every frame's cost after another. All values are seconds.

    Costs were measured while the processes shared memory and caches, so with more processes than cores the estimate
    is too favourable; `benchmarks/` measures both sides instead.
    """
    return Gain(startup + sum(costs), measured)
