"""Back-pressure: pause the renderers while the destination is slower than they are. Pure decisions.

Each limit is a pair: pause at the high one, continue at the low one. So a run never flickers between the two.
With nothing waiting for delivery a pause could free no space; renderers then continue, and a full disk shows
as such (`disk_policy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Pressure(Enum):
    """What to do with the renderers."""

    PAUSE = "pause"
    """Suspend them: too much waits for delivery, or scratch is nearly full."""

    GO = "go"
    """Let them run: delivery has caught up."""

    KEEP = "keep"
    """Leave them as they are: the backlog is between the limits."""


@dataclass(frozen=True, slots=True)
class BackpressureLimits:
    """The pairs of limits, in bytes and in frames that wait for delivery, and in free bytes of scratch."""

    high_bytes: int = 16 << 30
    low_bytes: int = 8 << 30
    high_frames: int = 2_000
    low_frames: int = 1_000
    scratch_low: int = 1 << 30
    """Pause at this many free bytes of scratch."""

    scratch_enough: int = 2 << 30
    """Continue at this many free bytes of scratch."""

    @classmethod
    def for_disk(cls, free: int) -> BackpressureLimits:
        """Return the limits for a scratch disk with `free` bytes at the start.

        A small disk has small limits.
        """
        default = cls()
        low = min(default.scratch_low, free // 8)
        high = min(default.high_bytes, free // 2)
        return cls(high_bytes=high, low_bytes=high // 2, scratch_low=low, scratch_enough=2 * low)


def backlog_action(
    waiting_bytes: int,
    waiting_frames: int,
    scratch_free: int,
    *,
    holding: bool,
    limits: BackpressureLimits = BackpressureLimits(),
) -> Pressure:
    """Return what to do with this backlog and this many free bytes of scratch.

    `holding` says whether the renderers are paused now.
    """
    if not waiting_frames:
        return Pressure.GO if holding else Pressure.KEEP
    if (
        waiting_bytes >= limits.high_bytes
        or waiting_frames >= limits.high_frames
        or scratch_free <= limits.scratch_low
    ):
        return Pressure.PAUSE
    if (
        waiting_bytes <= limits.low_bytes
        and waiting_frames <= limits.low_frames
        and scratch_free >= limits.scratch_enough
    ):
        return Pressure.GO
    return Pressure.KEEP
