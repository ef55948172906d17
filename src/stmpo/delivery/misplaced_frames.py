"""Frames that were written into another frame's file. Pure.

A renderer that has told of more frames than there are files has put one somewhere else: perhaps into the file of a
frame that it had rendered before, which is whole then, and shows the wrong picture. Such a file gives itself away by
its time: it was written after the file of a later frame. (Under Multi-Frame Rendering frames are finished out of order
anyway; so this is only asked where a file is missing that the renderer told of, and costs some good frames then.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_misplaced_frames(written: Mapping[int, int]) -> frozenset[int]:
    """The frames whose file was last written after that of a later frame. `written`: frame to time, in any unit."""
    found = set()
    earliest: int | None = None
    for frame in sorted(written, reverse=True):
        if earliest is not None and written[frame] > earliest:
            found.add(frame)
        earliest = written[frame] if earliest is None else min(earliest, written[frame])
    return frozenset(found)
