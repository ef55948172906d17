"""Are all frames of a sequence of one size? A pure decision over what was verified.

    first whole frame ─► sets the size ─► same size: taken
                                      └─► another size: refused, a failed attempt at that frame

Usually the odd frame is the wrong one (a renderer that lost its way); its refusal costs an attempt, as a cut frame does.
But the first frame may itself be the odd one. So sizes are counted, by frames and by the attempts that wrote them; when
one has at least three frames, more than the present one, and no fewer attempts behind it, the run *turns* to it, once:
what was taken of the old size is to be rendered again. Frames that stand at the destination since an earlier run count
as one attempt's.

When attempt after attempt writes several frames and not one of the right size, more of them help nobody: `hopeless`
(a project that was saved with another size while it was being rendered).
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
"""Frames of one size before they outweigh another, and of one attempt before it counts as one that only writes wrong ones."""

MAX_WRONG_ATTEMPTS = 2
"""Such attempts before the run should end."""

EARLIER_RUN = -1
"""The attempt of frames that stood at the destination before."""


@dataclass(slots=True)
class _Votes:
    """What speaks for a size: its frames, and the attempts that wrote them."""

    frames: FrameBits = field(default_factory=FrameBits)

    attempts: defaultdict[int, FrameBits] = field(default_factory=lambda: defaultdict(FrameBits))
    """The frames that each attempt wrote."""

    def add(self, frame: int, attempt: int) -> None:
        self.frames.add(frame)
        self.attempts[attempt].add(frame)


class SizeConsensus:
    """Remembers sizes and judges frames by them."""

    def __init__(self) -> None:
        self.size: Size | None = None
        """The size that frames must have; None before the first one."""

        self._votes: dict[Size, _Votes] = {}
        self._turned = False

    def prime(self, sizes: Mapping[int, Size]) -> None:
        """Begin with what stands at the destination; the size of most of it is the right one."""
        for frame, size in sizes.items():
            self._votes.setdefault(size, _Votes()).add(frame, EARLIER_RUN)
        if self._votes:
            self.size = max(self._votes, key=lambda size: len(self._votes[size].frames))

    def judge(self, frame: int, size: Size | None, attempt: int) -> str | None:
        """Why a whole frame is refused, as the end of the sentence "the frame …"; None where it is of the right size.

        The same frame may be judged again. A frame whose size is not known is never refused.
        """
        if size is None:
            return None
        self._votes.setdefault(size, _Votes()).add(frame, attempt)
        if self.size is None:
            self.size = size
        if size == self.size:
            return None
        others = len(self._votes[self.size].frames)
        which = "the frame before it is" if others == 1 else f"the {others} frames before it are"
        return f"is {format_size(size)} pixels, and {which} {format_size(self.size)}"

    def switch_size(self) -> FrameSet | None:
        """Turn to the size that most frames have, if it is another one. Returns the frames of the old size."""
        if self.size is None or self._turned:
            return None
        present = self._votes[self.size]
        for size, votes in self._votes.items():
            more = len(votes.frames) > len(present.frames) and len(votes.attempts) >= len(present.attempts)
            if size != self.size and more and len(votes.frames) >= MIN_FRAMES:
                self.size, self._turned = size, True
                return FrameSet.of(present.frames)
        return None

    @property
    def give_up_reason(self) -> str:
        """Why the run should end, in words; empty while it need not."""
        if self.size is None:
            return ""
        right = self._votes[self.size].attempts
        for size, votes in self._votes.items():
            wrong = [
                a for a, frames in votes.attempts.items() if len(frames) >= MIN_FRAMES and a not in right
            ]
            if size != self.size and len(wrong) >= MAX_WRONG_ATTEMPTS:
                return (
                    f"frames come out {format_size(size)} pixels large, attempt after attempt, where {len(self._votes[self.size].frames)}"
                    f" before them are {format_size(self.size)}: has the project been changed meanwhile? Render all of it anew with"
                    " --no-resume"
                )
        return ""


def format_size(size: Size) -> str:
    """For people: "1920 x 1080"."""
    return f"{size[0]} x {size[1]}"
