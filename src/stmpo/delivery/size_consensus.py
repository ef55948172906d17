"""Decide which width and height the frames of a sequence must have. A pure decision over verified frames.

    first whole frame ─► sets the size ─► same size: accepted
                                       └─► another size: refused, a failed attempt at that frame

Usually the odd frame is the wrong one, and refusing it costs one attempt, as a cut frame does. But the first
frame may be the odd one. So the sizes are counted, by frames and by the attempts that wrote them. The run
switches to another size, once, if that has at least three frames, more frames than the present size, and no
fewer attempts. Accepted frames of the old size must then be rendered again. Frames that an earlier run
delivered count as those of one attempt.

If several attempts write several frames each, and none of the right size, more attempts will not help:
`give_up_reason`. It happens when a project is saved with another size while it is being rendered.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.model.frame_bits import FrameBits
from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Mapping

Size = tuple[int, int]
"""Width and height in pixels."""

MIN_FRAMES = 3
"""Frames of one size before it can outweigh another; frames of one attempt before that attempt counts as
wrong."""

MAX_WRONG_ATTEMPTS = 2
"""Attempts that wrote only wrong sizes, after which the run should end."""

EARLIER_RUN = -1
"""The attempt number of frames that an earlier run delivered."""


@dataclass(slots=True)
class _Votes:
    """The frames of one size, in all and by the attempt that wrote them."""

    frames: FrameBits = field(default_factory=FrameBits)
    attempts: defaultdict[int, FrameBits] = field(default_factory=lambda: defaultdict(FrameBits))

    def add(self, frame: int, attempt: int) -> None:
        self.frames.add(frame)
        self.attempts[attempt].add(frame)


class SizeConsensus:
    """Counts the sizes of a sequence and judges frames by them."""

    def __init__(self) -> None:
        self.size: Size | None = None
        """The size that frames must have; None before the first frame."""

        self._votes: defaultdict[Size, _Votes] = defaultdict(_Votes)
        self._switched = False

    def prime(self, sizes: Mapping[int, Size]) -> None:
        """Start from the frames at the destination, given with their sizes.

        The most frequent size is the right one.
        """
        for frame, size in sizes.items():
            self._votes[size].add(frame, EARLIER_RUN)
        if self._votes:
            self.size = max(self._votes, key=lambda size: len(self._votes[size].frames))

    def judge(self, frame: int, size: Size | None, attempt: int) -> str | None:
        """Return why a whole frame is refused, to continue "the frame …"; None if it has the right size.

        A frame may be judged again. A frame whose size is not known is never refused.
        """
        if size is None:
            return None
        self._votes[size].add(frame, attempt)
        if self.size is None:
            self.size = size
        if size == self.size:
            return None
        others = len(self._votes[self.size].frames)
        which = "the frame before it is" if others == 1 else f"the {others} frames before it are"
        return f"is {format_size(size)} pixels, and {which} {format_size(self.size)}"

    def switch_size(self) -> FrameSet | None:
        """Switch to the size of most frames, if it is another one, and return the frames of the old size."""
        if self.size is None or self._switched:
            return None
        present = self._votes[self.size]
        for size, votes in self._votes.items():
            more = len(votes.frames) > len(present.frames) and len(votes.attempts) >= len(present.attempts)
            if size != self.size and more and len(votes.frames) >= MIN_FRAMES:
                self.size, self._switched = size, True
                return FrameSet.of(present.frames)
        return None

    @property
    def give_up_reason(self) -> str:
        """The reason why the run should end, as a sentence; empty while it should continue."""
        if self.size is None:
            return ""
        right = self._votes[self.size]
        for size, votes in self._votes.items():
            wrong = [
                attempt
                for attempt, frames in votes.attempts.items()
                if len(frames) >= MIN_FRAMES and attempt not in right.attempts
            ]
            if size != self.size and len(wrong) >= MAX_WRONG_ATTEMPTS:
                return (
                    f"{len(wrong)} attempts wrote frames of {format_size(size)} pixels, and {len(right.frames)} frames"
                    f" before them are {format_size(self.size)}; if the project was changed meanwhile, render all"
                    " frames again with --no-resume"
                )
        return ""


def format_size(size: Size) -> str:
    """Return the size for people: "1920 x 1080"."""
    return f"{size[0]} x {size[1]}"
