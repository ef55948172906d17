"""Frames as ranges with steps: `1-240,250,301-399:2`.

Memory is per range, not per frame, whatever a journal says.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RANGE = re.compile(r"(-?\d{1,12})(?:-(-?\d{1,12})(?::(\d{1,12}))?)?", re.ASCII)
_MIN_STEPPED = 3
"""Frames of a range with a step; two are shorter without one."""


class FrameRanges:
    """An immutable set of frames. `parse` reads it."""

    def __init__(self) -> None:
        self._firsts: array[int] = array("q")
        self._lasts: array[int] = array("q")
        self._steps: array[int] = array("q")

    @classmethod
    def parse(cls, text: str) -> FrameRanges:
        """Read ranges in ascending order, as `format_frames` writes them.

        Return the empty set for any other text.
        """
        ranges = cls()
        before = None
        for part in text.split(","):
            match = _RANGE.fullmatch(part)
            if match is None:
                return cls()
            first = int(match[1])
            last = first if match[2] is None else int(match[2])
            step = 1 if match[3] is None else int(match[3])
            if step < 1 or last < first or (before is not None and first <= before):
                return cls()
            before = last
            ranges._firsts.append(first)
            ranges._lasts.append(last)
            ranges._steps.append(step)
        return ranges

    def __contains__(self, frame: object) -> bool:
        at = bisect_right(self._firsts, frame) - 1 if isinstance(frame, int) else -1
        return at >= 0 and frame in range(self._firsts[at], self._lasts[at] + 1, self._steps[at])

    def __iter__(self) -> Iterator[int]:
        for first, last, step in zip(self._firsts, self._lasts, self._steps, strict=True):
            yield from range(first, last + 1, step)

    def __len__(self) -> int:
        return sum(
            (last - first) // step + 1
            for first, last, step in zip(self._firsts, self._lasts, self._steps, strict=True)
        )

    def __str__(self) -> str:
        return format_frames(self)


def format_frames(frames: Iterable[int]) -> str:
    """Return frames, given in ascending order, as ranges in ascending order."""
    parts: list[str] = []
    singles: list[int] = []  # frames without neighbours, all at the same distance

    def flush() -> None:
        if len(singles) >= _MIN_STEPPED:
            parts.append(f"{singles[0]}-{singles[-1]}:{singles[1] - singles[0]}")
        else:
            parts.extend(map(str, singles))
        singles.clear()

    for first, last in _spans(frames):
        if first != last:
            flush()
            parts.append(f"{first}-{last}")
            continue
        if len(singles) > 1 and first - singles[-1] != singles[1] - singles[0]:
            if len(singles) == 2:
                parts.append(str(singles.pop(0)))
            else:
                flush()
        singles.append(first)
    flush()
    return ",".join(parts)


def _spans(frames: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of the maximal spans without a gap."""
    first = last = None
    for frame in frames:
        if last is not None and first is not None and frame != last + 1:
            yield first, last
            first = None
        first = frame if first is None else first
        last = frame
    if first is not None and last is not None:
        yield first, last
