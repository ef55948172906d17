"""Which frames count when a renderer prints words that condemn its pictures, and which frame is to blame.

    frames 1 2 3 4 5 6 7 8 …        lines and words come through one pipe, in order
    lines  1 2 3 4 ─► words         1-4 count: their lines came before the words, and their files are whole
                      5             was in work, or is named by the words: set aside, tried alone at the end
                      6 7 8 …       in doubt or not begun: rendered again, as one range

A line tells how many frames are done, not which. So a frame counts only if it is one of the first ones by
its number and by the time at which its file was written; with Multi-Frame Rendering, frames may be done out
of order. Frames that were verified before the words still count, with or without a line. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stmpo.model.frames import Span

_NAMED = re.compile(r"\bframe(?: number)?[ #:]{1,3}(-?[0-9]{1,9})\b(?! ?/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condemned:
    """What a renderer had done when it printed words that condemn its pictures."""

    counted: int
    """Frames that its lines had reported."""

    wall_ns: int
    """When the words were read, in nanoseconds of the clock of the files."""

    finished: bool = False
    """Whether it had printed that it has finished: the words are about all frames."""


def frames_before(
    asked: Span, at: Condemned, written: Mapping[int, int], taken: Collection[int]
) -> frozenset[int]:
    """Return the frames that count because they were done before the words.

    `written` holds the modification times of the files that are not verified yet, in nanoseconds, and `taken`
    the frames that are.
    """
    if at.finished:
        return frozenset()
    by_number = range(asked.first, asked.first + at.counted)
    in_time = sorted((time, frame) for frame, time in written.items() if time <= at.wall_ns)
    left = max(0, at.counted - sum(frame in asked for frame in taken))
    return frozenset(frame for _, frame in in_time[:left] if frame in by_number)


def frame_to_blame(words: str, asked: Span, at: Condemned | None, seen: Collection[int]) -> int | None:
    """Return the frame that a renderer's words name, or the one that was in work when they came; None if
    unknown.

    `seen` are the frames that have a file. If they are out of order, the frame in work is unknown.
    """
    for match in _NAMED.finditer(words):
        if (frame := int(match[1])) in asked:
            return frame
    if at is None or at.finished or at.counted >= len(asked):
        return None
    frame = asked.first + at.counted
    return frame if all(other <= frame for other in seen) else None
