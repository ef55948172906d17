"""Frame sets: exactly the frames that a job asks for.

The text form is OpenJD's integer range expression (`1-240`, `1-9:2`, `-5--1`, `1,4,7-9`), with OpenJD's own
rules: a descending range needs a negative step, a step is never zero, elements do not overlap. A frame set
is sorted and has no duplicates. aerender renders contiguous spans (`-s`, `-e`), so the rest of the program
works with `runs()`, the longest spans without a gap.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FRAMES = 1_000_000
"""Limit of frames in one job: eleven hours of film. More is a typing error."""

_ELEMENT = re.compile(r"N(?:-N(?::N)?)?".replace("N", r"[ \t]*(-?[ \t]*\d+)[ \t]*"), re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Frames `first` to `last`, both included, none missing. Frame numbers may be negative."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, int) and self.first <= frame <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class FrameSet:
    """Sorted, distinct frame numbers. Build it with `parse`, `of` or `between`."""

    frames: tuple[int, ...]

    @classmethod
    def of(cls, frames: Iterable[int]) -> FrameSet:
        """Return the set of these frames, given in any order and maybe more than once."""
        return cls(tuple(sorted(set(frames))))

    @classmethod
    def between(cls, first: int, last: int) -> FrameSet:
        """Return the frames from `first` to `last`, both included."""
        return cls(tuple(range(first, last + 1)))

    @classmethod
    def parse(cls, text: str) -> FrameSet:
        """Read an OpenJD range expression.

        Raises:
            BadInput: the text is empty or malformed, elements overlap, or there are more than `MAX_FRAMES`.
        """
        if not text.strip():
            raise BadInput("--frames is empty; write for example 1-240 or 1,4,7-9")
        elements = sorted((_element(part, text) for part in text.split(",")), key=lambda r: (r[0], r[-1]))
        if sum(map(len, elements)) > MAX_FRAMES:
            raise BadInput(f"--frames {shown(text)} asks for more than {MAX_FRAMES:,} frames")
        for before, after in pairwise(elements):
            if before[-1] >= after[0]:
                raise BadInput(
                    f"--frames {shown(text)}: {_show(before)} and {_show(after)} overlap; name each frame once"
                )
        return cls(tuple(frame for element in elements for frame in element))

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[int]:
        return iter(self.frames)

    def __contains__(self, frame: object) -> bool:
        if not isinstance(frame, int):
            return False
        at = bisect_left(self.frames, frame)
        return at < len(self.frames) and self.frames[at] == frame

    def __str__(self) -> str:
        return ",".join(str(run) for run in self.runs())

    def runs(self) -> list[Span]:
        """Return the longest spans without a gap, in order. `1-9:2` gives five runs of one frame each."""
        runs: list[Span] = []
        first = previous = None
        for frame in self.frames:
            if first is None or previous is None:
                first = frame
            elif frame != previous + 1:
                runs.append(Span(first, previous))
                first = frame
            previous = frame
        if first is not None and previous is not None:
            runs.append(Span(first, previous))
        return runs


def _element(part: str, text: str) -> range:
    match = _ELEMENT.fullmatch(part)
    if match is None or max(map(len, match[0].split("-"))) > 12:
        raise BadInput(
            f"--frames {shown(text)}: cannot read {shown(part.strip())}; write frames as 7, 1-240, 1-9:2 or -5--1, joined by commas"
        )
    numbers = [int("".join(number.split())) for number in match.groups() if number is not None]
    first = numbers[0]
    last = numbers[1] if len(numbers) > 1 else first
    step = numbers[2] if len(numbers) > 2 else 1
    if step == 0:
        raise BadInput(f"--frames {shown(text)}: the step of {shown(part.strip())} is zero")
    if (last - first) * step < 0:
        wanted = "a negative" if last < first else "a positive"
        raise BadInput(
            f"--frames {shown(text)}: {shown(part.strip())} counts from {first} to {last}, which needs {wanted} step"
        )
    steps = range(first, last + (1 if step > 0 else -1), step)
    return steps if step > 0 else steps[::-1]


def _show(element: range) -> str:
    return str(Span(element[0], element[-1]))
