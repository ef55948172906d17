"""Back-pressure: when renderers must wait because the destination is slower than they are. Pure decisions.

Two pairs of marks, a high one to pause at and a low one to go on at, so that a run never flickers between the two. When
nothing is waiting, pausing could not free a byte: then renderers go on, and a full disk shows as what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Pressure(Enum):
    """What to do with the renderers."""

    PAUSE = "pause"
    """Too much waits for delivery, or scratch is nearly full: suspend them."""

    GO = "go"
    """Delivery has caught up: let them run."""

    KEEP = "keep"
    """Between the marks: leave them as they are."""


@dataclass(frozen=True, slots=True)
class BackpressureLimits:
    """The marks. Each low mark lies on the quiet side of its high one."""

    high_bytes: int = 16 << 30
    low_bytes: int = 8 << 30
    high_frames: int = 2_000
    low_frames: int = 1_000
    scratch_low: int = 1 << 30
    """Free bytes of scratch at which to pause."""

    scratch_enough: int = 2 << 30
    """Free bytes of scratch at which to go on."""

    @classmethod
    def for_disk(cls, free: int) -> BackpressureLimits:
        """Marks for a scratch disk with so many free bytes at the start: a small disk has small marks."""
        usual = cls()
        low = min(usual.scratch_low, free // 8)
        high = min(usual.high_bytes, free // 2)
        return cls(high_bytes=high, low_bytes=high // 2, scratch_low=low, scratch_enough=2 * low)


def backlog_action(
    waiting_bytes: int,
    waiting_frames: int,
    scratch_free: int,
    *,
    holding: bool,
    limits: BackpressureLimits = BackpressureLimits(),
) -> Pressure:
    """Weigh what waits for delivery and what scratch has left; `holding` says whether renderers are paused now."""
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
