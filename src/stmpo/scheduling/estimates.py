"""Estimated costs of frames that are not rendered yet, from known costs.

    estimate(f) = shape(f) * level

- `shape` is the record of an earlier run of this version of the project, which says how heavy a frame is
  relative to others. Without such a record it is flat.
- `level` is one number for the rest of a lease: a mean of the level just before it, the one just after it
  (the next process has begun there), and that of the whole run. Neighbours usually cost alike, because scenes
  are tens of frames long: the first two count the less the longer the rest is.

One number for a rest, and running sums of the shape, make an estimate as cheap for a thousand frames as for
one.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.model.frames import FrameSet

REACH = 30.0
"""Frames over which a neighbour's level fades (to 37 %)."""

COMMON = 0.25
"""Weight of the whole run's level relative to that of a direct neighbour."""

ENOUGH = 5
"""Frames after which a record that misleads is forgotten."""

_LEAST = 1e-6


class Estimates:
    """Costs in seconds of the frames of a run, known and estimated. Frames are given by their position.

    `shape` has one positive number per frame.
    """

    def __init__(self, shape: Sequence[float]) -> None:
        self._known = array("d", [math.nan]) * len(shape)  # NaN while unknown
        self._cost = self._observed = 0.0
        self._count = 0
        self._plain = _Spread()
        """Of the logarithms of the costs."""

        self._shaped = _Spread()
        """The same, of the costs relative to their shape."""

        self._flat = not shape or min(shape) == max(shape)
        self._use(shape)

    def _use(self, shape: Sequence[float]) -> None:
        self._shape = shape
        self._sums = array("d", accumulate(shape, initial=0.0))

    def observe(self, position: int, cost: float) -> None:
        """Record the cost in seconds of a rendered frame. A later value replaces an earlier one."""
        cost = max(cost, _LEAST)
        previous = self._known[position]
        self._known[position] = cost
        if math.isnan(previous):
            self._observed += self._shape[position]
            self._count += 1
            previous = 0.0
        self._cost += cost - previous
        if not self._flat:
            log = math.log(cost)
            self._plain.add(log)
            self._shaped.add(log - math.log(self._shape[position]))
            if self._count >= ENOUGH and self._shaped.value > self._plain.value:
                self._forget()

    def _forget(self) -> None:
        """Make the shape flat: the frames so far differ less from one another than from the record."""
        mean = self._observed / self._count
        self._flat = True
        self._use([mean] * len(self._shape))

    def level(self, first: int, last: int, under_way: float = 0.0) -> float:
        """Return the cost of the positions `first` to `last`, none of which is known, relative to their
        shape.

        `under_way` is how long the first of them has been in work: a frame that takes longer than expected
        raises the estimate, because its neighbours usually cost alike.
        """
        common = self._cost / self._observed if self._observed else 1.0
        left = self._level_at(first - 1)
        if under_way > self._shape[first] * (common if left is None else left):
            left = under_way / self._shape[first]
        near = COMMON * (last - first + 1)
        fading = REACH * -math.expm1(-(last - first + 1) / REACH)
        total, weight = near * common, near
        for level in (left, self._level_at(last + 1)):
            if level is not None:
                total, weight = total + fading * level, weight + fading
        return total / weight

    def shape(self, first: int, last: int) -> float:
        """Return the sum of the shape over the positions `first` to `last`."""
        return self._sums[last + 1] - self._sums[first]

    def fitting(self, last: int, most: int, shape: float) -> int:
        """Return how many frames, up to and including `last`, come nearest to this sum: at least 1, at most
        `most`.
        """
        end = self._sums[last + 1]
        first = bisect_left(self._sums, end - shape, last + 1 - most, last)
        if first > last + 1 - most and end - self._sums[first] + self._shape[first - 1] / 2 <= shape:
            first -= 1  # the frame that straddles belongs rather to this side
        return last + 1 - first

    def _level_at(self, position: int) -> float | None:
        """Return cost over shape of a frame; None where there is none, or it is unknown."""
        cost = self._known[position] if 0 <= position < len(self._known) else math.nan
        return None if math.isnan(cost) else cost / self._shape[position]


class _Spread:
    """The sum of squared deviations of numbers from their mean."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = self.value = 0.0

    def add(self, number: float) -> None:
        """Add a number (Welford's method)."""
        self._count += 1
        step = number - self._mean
        self._mean += step / self._count
        self.value += step * (number - self._mean)


def completed(frames: FrameSet, record: Mapping[int, float]) -> list[float]:
    """Return a cost for every frame of the run, in seconds: the record's own, or one between its nearest
    frames.

    Those may lie outside the run: the frames of an interrupted run predict the rest. Without any, all costs
    are 1.
    """
    known = sorted((frame, max(cost, _LEAST)) for frame, cost in record.items() if math.isfinite(cost))
    if not known:
        return [1.0] * len(frames)
    numbers = [frame for frame, _ in known]
    costs = []
    for frame in frames:
        after = bisect_right(numbers, frame)
        (low, left), (high, right) = known[max(0, after - 1)], known[min(after, len(known) - 1)]
        share = min(1.0, max(0.0, (frame - low) / (high - low))) if high > low else 0.0
        costs.append(left + share * (right - left))
    return costs
