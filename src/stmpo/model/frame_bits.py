"""A set of frames that takes one bit per frame.

A run keeps several sets of its frames (seen, taken, reported) for hours. They hold tens of thousands of
frames, most of them consecutive. A `set` takes about a hundred bytes per frame; this is one integer.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableSet
from collections.abc import Set as AbstractSet


class FrameBits(MutableSet[int]):
    """A set of integers that are close together. Bit 0 of `_bits` is `_first`, the lowest one ever added."""

    __slots__ = ("_bits", "_first")

    def __init__(self, frames: Iterator[int] | tuple[int, ...] = ()) -> None:
        self._first = 0
        self._bits = 0
        for frame in frames:
            self.add(frame)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({tuple(self)})"

    def __contains__(self, frame: object) -> bool:
        return (
            isinstance(frame, int) and frame >= self._first and bool(self._bits >> (frame - self._first) & 1)
        )

    def __iter__(self) -> Iterator[int]:
        """Iterate in ascending order."""
        bits, frame = self._bits, self._first
        while bits:
            gap = (bits & -bits).bit_length() - 1
            frame += gap
            yield frame
            bits >>= gap + 1
            frame += 1

    def gaps(self, first: int, last: int) -> Iterator[int]:
        """Yield the missing ones from `first` to `last` in ascending order; the set may change meanwhile."""
        bits = (
            self._bits << (self._first - first)
            if self._first >= first
            else self._bits >> (first - self._first)
        )
        return iter(FrameBits._of(first, ~bits & ((1 << max(0, last - first + 1)) - 1)))

    def __sub__(self, other: AbstractSet[object]) -> FrameBits:
        """Return the frames of this set that are not in the other."""
        if not isinstance(other, FrameBits):
            return FrameBits(tuple(frame for frame in self if frame not in other))
        first = min(self._first, other._first)
        theirs = other._bits << (other._first - first)
        return FrameBits._of(first, self._bits << (self._first - first) & ~theirs)

    @classmethod
    def _of(cls, first: int, bits: int) -> FrameBits:
        made = cls()
        made._first, made._bits = first, bits
        return made

    def __len__(self) -> int:
        return self._bits.bit_count()

    def add(self, value: int) -> None:
        """Add a frame."""
        if not self._bits:
            self._first = value
        elif value < self._first:
            self._bits <<= self._first - value
            self._first = value
        self._bits |= 1 << (value - self._first)

    def discard(self, value: int) -> None:
        """Remove a frame if it is in the set."""
        if value in self:
            self._bits ^= 1 << (value - self._first)
