"""Room on both disks for the frames that are still to come. Pure decisions; the clock is an argument.

    room ─► a disk is full ─► the run is paused, and says so ─► room again ─► it goes on
                                                             └─► `timeout` seconds later: it ends; all is kept

Full is the destination when a delivery found no room there (what a disk or a quota says beforehand is a hint, the write
decides), and scratch when two more frames would not fit and nothing waits there whose delivery would make room. (While
something waits, `backlog` decides.) Long before that, `shortfall` says that what is to come will not fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MIN_SCRATCH_BYTES = 16 << 20
"""Bytes of scratch that renderers need in any case, where the disk had eight times as much at the start."""

MIN_SCRATCH_FRAMES = 2
"""Frames that must fit into scratch."""

MIN_SAMPLE = 5
"""Delivered frames after which their sizes are believed."""


class DiskAction(Enum):
    """What the run is to do."""

    GO = "go"
    """There is room."""

    PAUSE = "pause"
    """Suspend the renderers and wait."""

    GIVE_UP = "give up"
    """It has waited for as long as it may."""


@dataclass(frozen=True, slots=True)
class DiskState:
    """What is seen of both ends. Sizes are bytes."""

    now: float
    """Seconds of a monotonic clock."""

    scratch_free: int
    destination_free: int | None
    """None while it is not known."""

    waiting: int
    """Frames that are verified and not delivered."""

    refusal: str
    """Why deliveries find no room, in words; empty while they do."""

    remaining: int
    """Frames that are not delivered."""


@dataclass(slots=True)
class FrameSizes:
    """Sizes of the frames that were delivered."""

    frames: int = 0
    total: int = 0
    largest: int = 0

    def add(self, size: int) -> None:
        """One more, in bytes."""
        self.frames += 1
        self.total += size
        self.largest = max(self.largest, size)

    @property
    def typical(self) -> float | None:
        """Bytes of a frame; None while too few are known."""
        return self.total / self.frames if self.frames >= MIN_SAMPLE else None


@dataclass(slots=True)
class DiskPolicy:
    """Watches the disks of one run. `timeout` is in seconds; with 0 it never pauses, and a full disk ends the run."""

    timeout: float
    scratch_at_start: int
    sizes: FrameSizes = field(default_factory=FrameSizes)
    full: str = ""
    """Which disk is full, as a sentence; empty while there is room."""

    _since: float | None = None
    _told: bool = False

    def decide(self, disks: DiskState) -> DiskAction:
        """Take a sample."""
        self.full = self._full(disks)
        if not self.full or not self.timeout:
            self._since = None
            return DiskAction.GO
        if self._since is None:
            self._since = disks.now
        return DiskAction.PAUSE if disks.now - self._since < self.timeout else DiskAction.GIVE_UP

    def _full(self, disks: DiskState) -> str:
        if disks.refusal:
            return disks.refusal
        if disks.waiting or not disks.remaining:
            return ""
        wanted = min(MIN_SCRATCH_FRAMES, disks.remaining) * self.sizes.largest
        wanted = max(wanted, min(MIN_SCRATCH_BYTES, self.scratch_at_start // 8))
        if self._since is not None:
            wanted *= 2  # a little more than nothing, so that it does not pause again at once
        return "the scratch disk is full" if disks.scratch_free < wanted else ""

    def shortfall(self, disks: DiskState) -> tuple[int, int] | None:
        """Free bytes at the destination, and bytes that the frames to come will take, when those are more.

        Told once, and again only after there was room in between.
        """
        typical = self.sizes.typical
        if typical is None or disks.destination_free is None:
            return None
        wanted = int(typical * disks.remaining)
        short = wanted > disks.destination_free
        tell, self._told = short and not self._told, short
        return (disks.destination_free, wanted) if tell else None
