"""Which frames are blank because they lie outside the comp, from After Effects' own warning.

The warning gives seconds, with the decimal sign of the locale: the start of the time span relative to the
comp's first frame, the comp's start time and its end. Together with the first frame that was asked for and
the frame rate, which the header shows a few lines later, they tell the comp's frames.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from stmpo.model.frames import Span

_SECONDS = r"(-?[0-9]+(?:[.,][0-9]+)?)"
_WARNING = re.compile(
    rf"\btimeSpanStart of {_SECONDS} seconds\b.*?\bdisplayStartTime \({_SECONDS}\).*?\bcomp duration \({_SECONDS}\)"
)
_FRAME_RATE = re.compile(
    r"PROGRESS:\s+[^:\uff1a]{1,60}?\s?[:\uff1a]\s*([0-9]{1,4}[.,][0-9]{1,4}) \([^()0-9]{1,20}\)\s*"
)


def frame_rate(line: str) -> float | None:
    """Return the comp's frames per second from the header's line ("Frame Rate: 25,00 (comp)"), or None."""
    match = _FRAME_RATE.fullmatch(line.strip())
    return _number(match[1]) if match else None


def blank_frames(asked: Span, warning: str, fps: float) -> FrameSet | None:
    """Return the frames of a span that lie outside the comp; None if the warning has another form."""
    match = _WARNING.search(warning)
    if match is None or fps <= 0:
        return None
    start, comp_start, comp_end = map(_number, match.groups())
    first = asked.first - round(start * fps)
    last = first + round((comp_end - comp_start) * fps) - 1
    return FrameSet.of(frame for frame in asked if not first <= frame <= last)


def _number(text: str) -> float:
    return float(text.replace(",", "."))
