"""Events as plain lines: standard output where there is no terminal, and the log file.

Every line of a renderer is written once, behind its slot and frames: `[03 0120-0159] PROGRESS:  0:00:05:00 (1): …`.
The prefix also keeps renderers from speaking to an OpenJD session: nothing of theirs can begin a line. Names that come
from the job (a project called `openjd_fail: x.aep`) are kept from it by `_plain`.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, TextIO

from stmpo.model.errors import BadInput
from stmpo.model.events import Event, Level, Message, Progress, RendererOutput, RunEnded, RunStarted
from stmpo.model.text import duration, plural, visible
from stmpo.reporting.safe_stream import SafeStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stmpo.model.frames import Span

HEARTBEAT = 15.0
"""Seconds between two lines that say where the run stands."""


def prefix(slot: int, span: Span | None) -> str:
    """`[03 0120-0159]`: the slot (numbered as `stmpo plan` does), and the frames of its lease."""
    if span is None:
        return f"[{slot:02}]"
    return f"[{slot:02} {span.first:04}-{span.last:04}]"


def message_text(message: Message) -> str:
    """One line for people, its level in front where it matters."""
    level = "" if message.level is Level.INFO else f"{message.level.value.upper()}: "
    where = f"[{message.where}] " if message.where else ""
    return visible(f"{level}{where}{message.text}".replace("\n", " "))


def progress_text(progress: Progress) -> str:
    """Where the run stands, in one line."""
    parts = [f"{progress.delivered}/{progress.total} frames delivered", plural(progress.running, "renderer")]
    if progress.waiting:
        parts.append(f"{progress.waiting} being delivered")
    parts.append(f"{progress.rate:.2f} frames/s")
    if progress.eta is not None and progress.delivered < progress.total:
        parts.append(f"about {duration(progress.eta)} left")
    return ", ".join(parts)


def started_lines(event: RunStarted) -> list[str]:
    """What is about to happen, with the reasons of the plan."""
    resumed = f", {event.resumed} of them there already" if event.resumed else ""
    head = f"{event.title}: {plural(event.total, 'frame')} to {event.output}{resumed}"
    return [visible(line) for line in (head, *event.reasons)]


def _plain(line: str) -> str:
    """A line of our own that cannot be taken for one of the session's: names in it come from the job."""
    return f"> {line}" if line.lstrip().lower().startswith("openjd_") else line


class LineSink:
    """Writes lines to a stream. Flushed when it has been quiet for a moment, and always after a message."""

    def __init__(
        self, stream: TextIO, *, renderer_lines: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = SafeStream(stream)
        self._renderer_lines = renderer_lines
        self._clock = clock
        self._beat = clock()
        self._flushed = clock()

    def handle(self, event: Event) -> None:
        """Write what this event says, if it says something to a reader of lines."""
        match event:
            case RendererOutput():
                if self._renderer_lines and event.text.strip():
                    self._write(f"{prefix(event.slot, event.lease)} {event.text}")
            case Message():
                self._write(_plain(message_text(event)), flush=True)
            case Progress():
                self._heartbeat(event)
            case RunStarted():
                for line in started_lines(event):
                    self._write(_plain(line), flush=True)
            case RunEnded():
                for line in event.lines:
                    self._write(_plain(line), flush=True)
            case _:
                pass

    def close(self) -> None:
        """Flush what is left."""
        self._stream.finish()

    def _heartbeat(self, progress: Progress) -> None:
        now = self._clock()
        if now - self._beat >= HEARTBEAT:
            self._beat = now
            self._write(progress_text(progress), flush=True)
        else:
            self._flush()

    def _write(self, line: str, *, flush: bool = False) -> None:
        self._stream.line(line)
        if flush or self._clock() - self._flushed > 0.5:
            self._flush()

    def _flush(self) -> None:
        self._flushed = self._clock()
        self._stream.flush()


class LogFile(LineSink):
    """The log file: the same lines, renderers' included, each with its time of day. Appended to, never truncated."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise BadInput(f"cannot write the log file {path}: {error.strerror or error}") from None
        super().__init__(self._file)

    def close(self) -> None:
        """Flush and close."""
        super().close()
        with contextlib.suppress(OSError):  # a full disk: what could be written is written
            self._file.close()

    def _write(self, line: str, *, flush: bool = False) -> None:
        super()._write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", flush=flush)
