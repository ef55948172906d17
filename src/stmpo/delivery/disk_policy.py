"""Decide when a full disk pauses a run, and when it ends it. Pure decisions; the clock is an argument.

    free space ─► a disk is full ─► the run is paused, with a warning ─► free space again ─► it continues
                                                                      └─► still full after `timeout`: it ends

The destination is full when a delivery failed for lack of space. What a disk or quota reports beforehand is
only a hint. Scratch is full when two more frames would not fit and nothing waits there for delivery. (While
something waits, `backpressure` decides.) `shortfall` warns long before that the remaining frames will not
fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MIN_SCRATCH_BYTES = 16 << 20
"""Free bytes of scratch that renderers always need, if the disk had eight times as much at the start."""

MIN_SCRATCH_FRAMES = 2
"""Frames that must fit into scratch."""

MIN_SAMPLE = 5
"""Delivered frames from which the size of the remaining ones is estimated."""


class DiskAction(Enum):
    """What the run must do."""

    GO = "go"
    """Continue: there is space."""

    PAUSE = "pause"
    """Suspend the renderers and wait for space."""

    GIVE_UP = "give up"
    """End the run: it has waited for the whole timeout."""


@dataclass(frozen=True, slots=True)
class DiskState:
    """A sample of both disks. Sizes are in bytes."""

    now: float
    """Seconds of a monotonic clock."""

    scratch_free: int
    destination_free: int | None
    """None until it is known."""

    waiting: int
    """Verified frames that wait for delivery."""

    refusal: str
    """The reason why deliveries fail for lack of space; empty while they succeed."""

    remaining: int
    """Frames that are not delivered yet."""


@dataclass(slots=True)
class FrameSizes:
    """Sizes in bytes of the frames that were delivered."""

    frames: int = 0
    total: int = 0
    largest: int = 0

    def add(self, size: int) -> None:
        """Count one more frame."""
        self.frames += 1
        self.total += size
        self.largest = max(self.largest, size)

    @property
    def typical(self) -> float | None:
        """Mean size of a frame; None before `MIN_SAMPLE` frames."""
        return self.total / self.frames if self.frames >= MIN_SAMPLE else None


@dataclass(slots=True)
class DiskPolicy:
    """Watches the disks of one run.

    `timeout` is in seconds; with 0 it never pauses, so a full disk ends the run.
    """

    timeout: float
    scratch_at_start: int
    sizes: FrameSizes = field(default_factory=FrameSizes)
    full: str = ""
    """A sentence that names the full disk; empty while there is space."""

    _full_since: float | None = None
    _warned: bool = False

    def decide(self, disks: DiskState) -> DiskAction:
        """Return what the run must do now."""
        self.full = self._find_full_disk(disks)
        if not self.full or not self.timeout:
            self._full_since = None
            return DiskAction.GO
        if self._full_since is None:
            self._full_since = disks.now
        return DiskAction.PAUSE if disks.now - self._full_since < self.timeout else DiskAction.GIVE_UP

    def _find_full_disk(self, disks: DiskState) -> str:
        if disks.refusal:
            return disks.refusal
        if disks.waiting or not disks.remaining:
            return ""
        wanted = min(MIN_SCRATCH_FRAMES, disks.remaining) * self.sizes.largest
        wanted = max(wanted, min(MIN_SCRATCH_BYTES, self.scratch_at_start // 8))
        if self._full_since is not None:
            wanted *= 2  # so that the run does not pause again at once
        return "the scratch disk is full" if disks.scratch_free < wanted else ""

    def shortfall(self, disks: DiskState) -> tuple[int, int] | None:
        """Return the destination's free bytes and the larger number that the remaining frames will take.

        Return None if they will fit, if it is not known, or if it was reported since there was space last.
        """
        typical = self.sizes.typical
        if typical is None or disks.destination_free is None:
            return None
        wanted = int(typical * disks.remaining)
        short = wanted > disks.destination_free
        warn, self._warned = short and not self._warned, short
        return (disks.destination_free, wanted) if warn else None
