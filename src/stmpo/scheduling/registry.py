"""The strategies by name, and how each is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.scheduling.auto import choose_rule
from stmpo.scheduling.estimates import completed
from stmpo.scheduling.initial_ranges import FEW, candidates
from stmpo.scheduling.shared import Shared
from stmpo.scheduling.simulate import SimulatedCosts, simulate
from stmpo.scheduling.static import Static
from stmpo.scheduling.steal import USUAL_START_UP, Steal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.model.frames import FrameSet
    from stmpo.scheduling.protocol import Strategy


TRIED_FRAMES = 2000
"""Frames up to which several first ranges are tried by simulation. With more, a slot has so many that all are
alike.
"""


def make_strategy(
    name: str,
    frames: FrameSet,
    slots: int,
    *,
    record: Mapping[int, float] | None = None,
    sure: bool = False,
    start_up: float | None = None,
    spawn_delay: float = 0.0,
) -> Strategy:
    """Return a strategy by its name. `record`, `start_up` and `spawn_delay` (seconds) are for those that plan
    ahead.

    `sure`: the record is of the version that is rendered now, so it cannot be stale. `auto` takes for granted
    that the renderers can share a folder; where they cannot, call `stmpo.scheduling.auto.choose_rule` and
    give its result here.
    """
    if name == "auto":
        name = choose_rule(frames, record, sure=sure).name
    if name == "static":
        return Static(frames, slots)
    if name == "shared":
        return Shared(frames, slots, start_up=start_up, spawn_delay=spawn_delay)

    def steal(ranges: Sequence[FrameSet] | None = None) -> Steal:
        return Steal(
            frames,
            slots,
            record=record,
            sure=sure,
            start_up=start_up,
            spawn_delay=spawn_delay,
            ranges=ranges,
        )

    if not record or not sure or not 0 < len(frames) <= TRIED_FRAMES or slots > FEW:
        return steal()
    costs = completed(frames, record)
    delays = [slot * spawn_delay for slot in range(slots)]
    truth = SimulatedCosts(
        dict(zip(frames, costs, strict=True)),
        USUAL_START_UP if start_up is None else start_up,
        spawn_delay=spawn_delay,
    )
    tried = candidates(frames, costs, delays)
    return steal(min(tried, key=lambda ranges: simulate(steal(ranges), slots, truth).makespan))
