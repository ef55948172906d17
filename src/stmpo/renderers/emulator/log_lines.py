"""aerender's output lines, in the shapes that real logs show, and a writer for them.

The lines of a render come from the launcher (version, launching), the script (`PROGRESS: Adding specified
comp …`, errors) and After Effects' render log, relayed behind `PROGRESS:` with two spaces: "Starting
composition", the settings, a line per frame, "Finished composition", the elapsed time. In a frame line the
timecode is the comp's own time, while the number in brackets counts from 1 in every process.

`Style` selects among the shapes found in real logs: time display, language, date, decimal sign and quotes.
`LineWriter` writes lines as bytes, since on Windows they are in the console's code page.
"""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

from stmpo.renderers.emulator.translations import PHRASES, Language

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Item", "Language", "LineWriter", "LogLines", "Quotes", "Style", "TimeDisplay", "timecode"]

VERSION = "26.2x49"
"""The version that the lines of this module were taken from."""


class TimeDisplay(Enum):
    """Project Settings > Time Display Style."""

    TIMECODE = "timecode"
    """`0:00:03:18`."""

    DROP_FRAME = "drop-frame"
    """`0;00;03;18`, in the numbering of 29.97 and 59.94 frames a second."""

    FRAMES = "frames"
    """`123`."""

    FEET = "feet"
    """`0006+08`: feet of 35 mm film, 16 frames each."""


class Quotes(Enum):
    """The quotation marks around the comp's name in "Starting composition" and "Finished composition"."""

    STRAIGHT = "straight"
    """`"main".`"""

    CURLY = "curly"
    """macOS."""

    NONE = "none"
    """`main.`"""


@dataclass(frozen=True, slots=True)
class Style:
    """The shape of the lines that a machine prints."""

    display: TimeDisplay = TimeDisplay.TIMECODE
    language: Language = Language.EN
    quotes: Quotes = Quotes.STRAIGHT
    decimal_comma: bool = False
    repeat_frames: bool = False
    """Print each frame's line twice, as some real logs do."""

    clock: str = ""
    """A fixed date and time, such as "11-Feb-21 17:50:57"; empty: now, in the language's usual form."""


@dataclass(frozen=True, slots=True)
class Item:
    """The render queue item that the header describes. Frame numbers are displayed ones, `last` included."""

    comp: str
    first: int
    last: int
    fps: float
    width: int
    height: int
    output: str
    format: str
    single: bool = False
    alpha: bool = True
    skip_existing: bool = False
    rs_template: str = "Best Settings"
    om_template: str = "Untitled 1"


class LogLines:
    """Creates lines in one style for one item. Every method returns whole lines, without their ends."""

    def __init__(self, style: Style, item: Item) -> None:
        self._style = style
        self._item = item
        self._phrases = PHRASES[style.language]

    def starting(self) -> list[str]:
        """Return the lines with which rendering begins, settings included."""
        return [
            "PROGRESS: Adding specified comp to Render Queue",
            f"PROGRESS:  {_clock(self._style)}: {self._phrases.starting.format(self._quoted())}",
            "",
            "",
            *(f"PROGRESS:  {key}: {value}" for key, value in self._header()),
        ]

    def frame(self, frame: int, count: int, seconds: float) -> list[str]:
        """Return the lines for a frame, the `count`-th of this process, rendered in `seconds`."""
        line = f"PROGRESS:  {self.time(frame)} ({count}): {int(seconds)} {self._phrases.seconds}"
        return [line, line] if self._style.repeat_frames else [line]

    def finished(self, seconds: float) -> list[str]:
        """Return the lines with which rendering ends."""
        return [
            "",
            "",
            f"PROGRESS:  {_clock(self._style)}: {self._phrases.finished.format(self._quoted())}",
            f"PROGRESS:  {self._phrases.elapsed}: {self._elapsed(int(seconds))}",
        ]

    def warning(self, words: str) -> str:
        """Return a warning line of After Effects; no space after the first colon, as in real logs."""
        return f"WARNING:{self._phrases.warning}: {words}"

    def missing_footage(self, path: str) -> str:
        """Return the warning that a footage file does not exist."""
        return self.warning(self._phrases.missing_footage.format(path))

    def missing_effect(self, effect: str) -> str:
        """Return the line for an effect that is not installed; English has its own severity and no prefix."""
        words = self._phrases.missing_effect.format(effect)
        return f"INFO:{words}" if self._style.language is Language.EN else self.warning(words)

    def missing_layer(self, name: str) -> str:
        """Return the warning that a layer is missing that another one refers to."""
        return self.warning(self._phrases.missing_layer.format(name))

    def expression_disabled(self, layer: str) -> str:
        """Return the warning that an expression failed and was disabled."""
        return self.warning(self._phrases.expression_disabled.format(layer))

    def logged_errors(self, count: int) -> str:
        """Return the warning that errors were logged; it leaves exit code 0."""
        return self.warning(self._phrases.logged_errors.format(count))

    def outside(self, frame: int, comp_first: int, comp_last: int) -> str:
        """Return the warning for a span from `frame` on that begins before, or ends after, the comp."""
        fps = self._item.fps
        at, first, end = (
            self._number(frames / fps) for frames in (frame - comp_first, comp_first, comp_last + 1)
        )
        return self.warning(
            f"timeSpanStart of {at} seconds will cause render to have frames outside of range defined by comp "
            f"displayStartTime ({first}) and end of comp duration ({end}). Render will succeed, but may have blank frames."
        )

    def time(self, frame: int) -> str:
        """Return a displayed frame number in the project's time display."""
        display = self._style.display
        if display is TimeDisplay.FRAMES:
            return str(frame)
        if display is TimeDisplay.FEET:
            sign = "-" if frame < 0 else ""
            return f"{sign}{abs(frame) // 16:04d}+{abs(frame) % 16:02d}"
        return timecode(frame, self._item.fps, drop=display is TimeDisplay.DROP_FRAME)

    def _header(self) -> list[tuple[str, str]]:
        item, phrases = self._item, self._phrases
        rate = "23.976" if abs(item.fps - 23.976) < 0.001 else f"{item.fps:.2f}"
        size = f"{item.width} x {item.height}"
        render = [
            ("Render Settings", item.rs_template),
            ("Quality", "Best"),
            ("Resolution", "Full"),
            ("Size", size),
            ("Proxy Use", "Use No Proxies"),
            ("Effects", "Current Settings"),
            ("Disk Cache", "Read Only"),
            ("Color Depth", "Current Settings"),
            ("Frame Blending", "On for Checked Layers"),
            ("Field Render", "Off"),
            ("Pulldown", "Off"),
            ("Motion Blur", "On for Checked Layers"),
            ("Solos", "Current Settings"),
            ("Time Span", "Custom"),
            (phrases.span_start, self.time(item.first)),
            (phrases.span_end, self.time(item.last)),
            (phrases.duration, self.time(item.last - item.first + 1)),
            ("Frame Rate", f"{self._localised(rate)} (comp)"),
            ("Guide Layers", "All Off"),
            ("Skip Existing Files", "On" if item.skip_existing else "Off"),
        ]
        module = [
            ("Output Module", item.om_template),
            ("Output To", item.output),
            ("Format", item.format),
            ("Output Info", "-"),
            ("Include", "Project Link") if item.single else ("Start Frame", str(item.first)),
            ("Output Audio", "-"),
            ("Channels", "RGB + Alpha" if item.alpha else "RGB"),
            ("Depth", "Millions of Colors+" if item.alpha else "Millions of Colors"),
            ("Color", "Straight" if item.alpha else "Premultiplied"),
            ("Resize", "-"),
            ("Crop", "-"),
            ("Final Size", size),
            ("Profile", "-"),
            ("Post-Render Action", "None"),
        ]
        return render + module

    def _quoted(self) -> str:
        marks = {Quotes.STRAIGHT: ('"', '"'), Quotes.CURLY: ("\u201c", "\u201d"), Quotes.NONE: ("", "")}
        left, right = marks[self._style.quotes]
        return f"{left}{self._item.comp}{right}"

    def _elapsed(self, seconds: int) -> str:
        if self._style.language is not Language.EN:
            return f"{seconds} {self._phrases.seconds}"
        if seconds < 60:
            return f"{seconds} Seconds"
        minutes, seconds = divmod(seconds, 60)
        if minutes < 60:
            return f"{minutes} Min, {seconds} Sec"
        return f"{minutes // 60} Hr, {minutes % 60} Min"

    def _number(self, value: float) -> str:
        return self._localised(f"{value:.2f}")

    def _localised(self, number: str) -> str:
        return number.replace(".", ",") if self._style.decimal_comma else number


def timecode(frame: int, fps: float, *, drop: bool = False) -> str:
    """Format a frame number as `h:mm:ss:ff`; with `drop`, as `h;mm;ss;ff` (29.97 and 59.94 only)."""
    base = max(1, round(fps))
    sign, at = ("-", -frame) if frame < 0 else ("", frame)
    if drop and base in {30, 60}:
        at = _with_dropped_numbers(at, base)
    seconds, frames = divmod(at, base)
    minutes, seconds = divmod(seconds, 60)
    colon = ";" if drop else ":"
    return f"{sign}{minutes // 60}{colon}{minutes % 60:02d}{colon}{seconds:02d}{colon}{frames:02d}"


def _with_dropped_numbers(frame: int, base: int) -> int:
    """Return the displayed drop-frame number: each minute but every tenth skips 2 (or 4) numbers."""
    dropped = base // 15
    minute = base * 60 - dropped
    tens, rest = divmod(frame, minute * 10 + dropped)
    minutes = 0 if rest < base * 60 else 1 + (rest - base * 60) // minute
    return frame + dropped * (9 * tens + minutes)


def _clock(style: Style) -> str:
    if style.clock:
        return style.clock
    now = time.localtime()
    if PHRASES[style.language].date:
        return time.strftime(PHRASES[style.language].date, now)
    hour = now.tm_hour % 12 or 12
    half = "AM" if now.tm_hour < 12 else "PM"
    return f"{now.tm_mon}/{now.tm_mday}/{now.tm_year} {hour}:{now.tm_min:02d}:{now.tm_sec:02d} {half}"


class LineWriter:
    """Writes lines of After Effects to standard output, the launcher's socket, or the `-log` file.

    Each call is one write and one flush: a reader sees whole groups of lines, and a process that dies loses
    none.
    """

    def __init__(self, out: BinaryIO, *, errors_only: bool = False, encoding: str = "utf-8") -> None:
        self._out = out
        self._errors_only = errors_only
        self._encoding = encoding

    def with_errors_only(self) -> LineWriter:
        """Return a writer to the same stream that obeys `-v ERRORS`."""
        return LineWriter(self._out, errors_only=True, encoding=self._encoding)

    def write(self, lines: str | Sequence[str]) -> None:
        """Write lines; under `-v ERRORS` without PROGRESS, WARNING, INFO and blank lines."""
        chosen = [lines] if isinstance(lines, str) else list(lines)
        if self._errors_only:
            chosen = [
                line for line in chosen if line and not line.startswith(("PROGRESS:", "WARNING:", "INFO:"))
            ]
        if chosen:
            self.write_bytes("".join(f"{line}\n" for line in chosen).encode(self._encoding, "replace"))

    def write_bytes(self, data: bytes) -> None:
        """Write bytes as they are.

        Raises:
            BrokenPipeError: the reader is gone.
        """
        try:
            self._out.write(data)
            self._out.flush()
        except OSError as error:
            # Windows' C runtime reports this for a pipe that is closed at its other end.
            if error.errno == errno.EINVAL:
                raise BrokenPipeError from error
            raise
