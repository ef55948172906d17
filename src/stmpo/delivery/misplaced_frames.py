"""Find frames that may have been written into another frame's file. Pure.

If a renderer has reported more frames than it left files, it has written one into the file of another frame.
That file is whole and shows the wrong picture. Its time gives it away: it is newer than the file of a later
frame.

Ask only in that case. Under Multi-Frame Rendering frames finish out of order anyway, so some good frames are
suspected as well and rendered again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_misplaced_frames(times: Mapping[int, int]) -> frozenset[int]:
    """Return the frames whose file was last written after the file of a later frame.

    `times` maps each frame to the time of its file, in any unit.
    """
    suspects = set()
    earliest: int | None = None
    for frame in sorted(times, reverse=True):
        if earliest is not None and times[frame] > earliest:
            suspects.add(frame)
        earliest = times[frame] if earliest is None else min(earliest, times[frame])
    return frozenset(suspects)
