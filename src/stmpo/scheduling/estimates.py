"""Estimated costs of frames that are not rendered yet, from known costs.

Two sources. A *record* of an earlier run of the same comp gives the shape: which frames were heavy relative
to others. The frames rendered in *this* run give the level, frame by frame, and show how far the shape can be
trusted.

    estimate(f) = shape(f) * level(f)

- `shape` is the record to the power of `trust`: 1 where the record predicts this run, 0 (a flat shape) where
  it does not. Trust is the slope of a line through (log of record, log of cost) over the frames of this run
  and over the steps between neighbours, held between 0 and 1; it begins at 1, or below for a record that may
  be stale (`DOUBT`). A record of the wrong comp or of last month's edit is thereby forgotten within a few
  frames. The steps reveal a record whose heavy passage lies somewhere else: over all frames it may seem
  right, because some are light in both.
- `level` at a frame is a mean of three: the level just before it, the one just after it (the next process has
  begun there), and that of the whole run. The first two count the less the farther they are, with `REACH`.
  Neighbours usually cost alike: scenes are tens of frames long. Where they do not, as the frames so far show
  (`Roughness`), the whole run's mean is the better guess and counts for more.

Frames that the record lacks take the level of the record's nearest frames by the same rule.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REACH = 30.0
"""Frames over which a neighbour's level fades (to 37 %)."""

COMMON = 0.25
"""Weight of the whole run's level beside that of a direct neighbour, where neighbours cost alike."""

ROUGH = 1.0
"""Added to that weight where neighbours have nothing in common."""

LOOK = 8
"""Frames from which a neighbour's level is taken."""

FADE = 0.75
"""Weight of each of them relative to the one that is nearer."""

DOUBT = 0.6
"""Trust in a record that may be stale, before anything is known."""

_FAITH = 4.0
"""Strength of the belief in a record before anything is known, as a sum of squared deviations of
logarithms.
"""

_LEAST = 1e-6


class Estimates:
    """Costs in seconds of the frames of a run, known and estimated. Frames are given by their position.

    `sure`: the record is of the version rendered now.
    """

    def __init__(
        self, frames: FrameSet, record: Mapping[int, float] | None = None, *, sure: bool = True
    ) -> None:
        self.record = completed(frames, record or {})
        """What is believed of each position before anything is known, in seconds where there is a record."""

        self._known = array("d", [math.nan]) * len(frames)  # NaN where nothing is known yet
        self._recorded = bool(record)
        self._trust = 1.0 if sure else DOUBT
        self._fit = _Fit(self._trust)
        self._shape = [seconds**self._trust for seconds in self.record]
        self._roughness = _Roughness()
        self._fades: list[float] = []
        self._unseen = sum(self.record) / max(_LEAST, sum(self._shape))
        """The whole run's level until a frame is known: the record's own."""

        self._sum = self._shapes = 0.0
        self._count = 0
        self.version = 0
        """Grows whenever the shape changes."""

    @property
    def informed(self) -> bool:
        """Return whether a record or a finished frame gives costs in seconds."""
        return self._recorded or self._count > 0

    @property
    def stamp(self) -> tuple[int, int]:
        """Return a value that changes when costs of frames with an unchanged neighbourhood change by more
        than a thousandth.
        """
        return self.version, round(1000 * math.log(self._common))

    @property
    def _common(self) -> float:
        """Return the whole run's level."""
        return self._sum / self._shapes if self._count else self._unseen

    def observe(self, position: int, cost: float) -> None:
        """Record the cost in seconds of a rendered frame. A later value replaces an earlier one."""
        cost = max(cost, _LEAST)
        previous = self._cost(position)
        self._known[position] = cost
        if previous is None:
            self._count += 1
            self._shapes += self._shape[position]
        self._sum += cost - (previous or 0.0)
        before = self._cost(position - 1) if position else None
        if previous is None:
            self._roughness.add(cost / self._shape[position], before and before / self._shape[position - 1])
        if self._recorded:
            if previous is not None:
                self._weigh(position, previous, -1)
            self._weigh(position, cost, 1)
            self._believe(self._fit.slope())

    def _weigh(self, position: int, cost: float, times: int) -> None:
        """Add this frame's evidence for or against the record, alone and beside its neighbours."""
        log, seconds = math.log(self.record[position]), math.log(cost)
        self._fit.add(log, seconds, times)
        for near in (position - 1, position + 1):
            known = self._cost(near) if 0 <= near < len(self._known) else None
            if known is not None:
                self._fit.add_step(log - math.log(self.record[near]), seconds - math.log(known), times)

    def costs(self, first: int, last: int, under_way: float = 0.0) -> list[float]:
        """Return the costs of the positions `first` to `last`, none of which is known.

        `under_way` is how long the first of them has been in work. A frame that takes longer than expected
        raises the estimate of its neighbours, as far as neighbours cost alike.
        """
        common = self._common
        left = self._level(first - 1, -1)
        thought = common if left is None else left
        if under_way > self._shape[first] * thought:
            alike = 1 - self._roughness.value
            left = thought + alike * (under_way / self._shape[first] - thought)
        right = self._level(last + 1, 1)
        count = last - first + 1
        fades, nothing = self._fading(count), [0.0] * count
        near, far = nothing if left is None else fades, nothing if right is None else reversed(fades)
        left, right = left or 0.0, right or 0.0
        anybody = COMMON + ROUGH * self._roughness.value
        total = anybody * common
        return [
            shape * (total + before * left + after * right) / (anybody + before + after)
            for shape, before, after in zip(self._shape[first : last + 1], near, far, strict=True)
        ]

    def _fading(self, count: int) -> list[float]:
        """Return the weight of a neighbour's level, one, two, … `count` frames away."""
        self._fades += [math.exp(-(at + 1) / REACH) for at in range(len(self._fades), count)]
        return self._fades[:count]

    def _cost(self, position: int) -> float | None:
        """Return observed seconds; None while unknown."""
        cost = self._known[position]
        return None if math.isnan(cost) else cost

    def _level(self, position: int, step: int) -> float | None:
        """Return cost over shape around here, from this position outwards; None where nothing is known."""
        total = weight = 0.0
        share = 1.0
        for at in range(position, position + step * LOOK, step):
            known = self._cost(at) if 0 <= at < len(self._known) else None
            if known is None:
                break
            total += share * known
            weight += share * self._shape[at]
            share *= FADE
        return total / weight if weight else None

    def _believe(self, trust: float) -> None:
        """Bend the shape to the trust that the record has earned; skip small changes."""
        if abs(trust - self._trust) < 0.1 and not (trust == 0.0 < self._trust):
            return
        self._trust = trust
        self._shape = [seconds**trust for seconds in self.record]
        self._shapes = sum(
            shape for shape, known in zip(self._shape, self._known, strict=True) if not math.isnan(known)
        )
        self.version += 1


class _Fit:
    """A line through points, kept as running sums: only its slope, drawn to `faith` while there are few
    points.
    """

    def __init__(self, faith: float) -> None:
        self.count = 0
        self._faith = faith
        self._x = self._y = self._xx = self._xy = 0.0
        self._steps_xx = self._steps_xy = 0.0

    def add(self, x: float, y: float, times: int) -> None:
        """Add a point, or (-1 times) remove it."""
        self.count += times
        self._x, self._y = self._x + times * x, self._y + times * y
        self._xx, self._xy = self._xx + times * x * x, self._xy + times * x * y

    def add_step(self, x: float, y: float, times: int) -> None:
        """Add the step from one point to the next, whatever the level of both."""
        self._steps_xx, self._steps_xy = self._steps_xx + times * x * x, self._steps_xy + times * x * y

    def slope(self) -> float:
        """Return the slope, between 0 and 1."""
        spread = max(0.0, self._xx - self._x * self._x / self.count + self._steps_xx)
        common = self._xy - self._x * self._y / self.count + self._steps_xy
        return min(1.0, max(0.0, (common + self._faith * _FAITH) / (spread + _FAITH)))


class _Roughness:
    """How little neighbours have in common: 0 where they cost alike, 1 where they differ as any two
    frames.
    """

    def __init__(self) -> None:
        self._count = self._pairs = 0
        self._sum = self._squares = self._steps = 0.0

    def add(self, level: float, before: float | None) -> None:
        """Add a frame's level, and that of the frame before it if known."""
        log = math.log(level)
        self._count += 1
        self._sum, self._squares = self._sum + log, self._squares + log * log
        if before is not None:
            self._pairs += 1
            self._steps += (log - math.log(before)) ** 2

    @property
    def value(self) -> float:
        """Return the mean squared step between neighbours over that between any two frames."""
        if self._pairs < 2:
            return 0.0
        variance = self._squares / self._count - (self._sum / self._count) ** 2
        step = self._steps / self._pairs
        return min(1.0, step / (2 * variance)) if variance > _LEAST else 0.0


def completed(frames: FrameSet, record: Mapping[int, float]) -> list[float]:
    """Return a cost for every frame of the run: the record's own, else one from the record's nearest frames.

    Those may lie outside the run: the frames of an interrupted run predict the rest.
    """
    every = FrameSet.of({*frames, *record})
    costs = dict(zip(every, _completed([record.get(frame) for frame in every]), strict=True))
    return [costs[frame] for frame in frames]


def _completed(known: Sequence[float | None]) -> list[float]:
    there = [max(cost, _LEAST) for cost in known if cost is not None and math.isfinite(cost)]
    if not there:
        return [1.0] * len(known)
    mean = sum(there) / len(there)
    before = _faded(known)
    after = list(reversed(_faded(list(reversed(known)))))
    costs = []
    for own, (left, near), (right, far) in zip(known, before, after, strict=True):
        if own is not None and math.isfinite(own):
            costs.append(max(own, _LEAST))
        else:
            costs.append((left * near + right * far + mean * COMMON) / (near + far + COMMON))
    return costs


def _faded(known: Sequence[float | None]) -> list[tuple[float, float]]:
    """Return for each position the nearest known cost before it, and its weight there."""
    faded, cost, weight = [], 0.0, 0.0
    fade = math.exp(-1 / REACH)
    for own in known:
        if own is not None and math.isfinite(own):
            cost, weight = max(own, _LEAST), 1.0
        faded.append((cost, weight))
        weight *= fade
    return faded
