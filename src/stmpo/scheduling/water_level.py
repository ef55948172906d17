"""The water level: the earliest time at which everything could end, if every slot, once idle, started one
more renderer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WORTH = 0.1
"""A steal pays if the stolen frames are done earlier than in the victim range by at least this share of a
start-up.
"""

PRECISE = 20
"""Halvings of the time in which the level is searched: to a millionth of it."""


def water_level(ends: Sequence[float], begins: Sequence[float], halvings: int = PRECISE) -> float:
    """Return the time at which the work beyond it, of work that would end at `ends`, fits into the slots that
    are free from `begins`.
    """
    low, high = min(*ends, *begins), max(ends)
    for _ in range(halvings):
        level = (low + high) / 2
        beyond = sum([end - level for end in ends if end > level])
        room = sum([level - begin for begin in begins if begin < level])
        low, high = (level, high) if beyond > room else (low, level)
    return high
