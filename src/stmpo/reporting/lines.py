"""Events as plain lines, for standard output without a terminal and for the log file.

Every line of a renderer is written once, after its slot and frames: `[03 0120-0159] PROGRESS:  0:00:05:00
(1): …`. The prefix also protects an OpenJD session: no renderer's text can begin a line and be taken for a
command. `_plain` does the same for our own lines, because names in them come from the job (a project called
`openjd_fail: x.aep`).
"""

from __future__ import annotations

import contextlib
import os
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

PROGRESS_INTERVAL = 15.0
"""Seconds between two lines of progress."""


def prefix(slot: int, span: Span | None) -> str:
    """Return `[03 0120-0159]`: the slot (numbered as in `stmpo plan`) and the frames of its lease."""
    if span is None:
        return f"[{slot:02}]"
    return f"[{slot:02} {span.first:04}-{span.last:04}]"


def message_text(message: Message) -> str:
    """Return a message as one line, with its level in front unless it is INFO."""
    level = "" if message.level is Level.INFO else f"{message.level.value.upper()}: "
    where = f"[{message.where}] " if message.where else ""
    return visible(f"{level}{where}{message.text}".replace("\n", " "))


def progress_text(progress: Progress) -> str:
    """Return the state of the run in one line."""
    parts = [f"{progress.delivered}/{progress.total} frames delivered", plural(progress.running, "renderer")]
    if progress.waiting:
        parts.append(f"{progress.waiting} being delivered")
    parts.append(f"{progress.rate:.2f} frames/s")
    if progress.eta is not None and progress.delivered < progress.total:
        parts.append(f"about {duration(progress.eta)} left")
    return ", ".join(parts)


def started_lines(event: RunStarted) -> list[str]:
    """Return the first lines of a run: the job, and the reasons of the plan."""
    resumed = f", {event.resumed} of them there already" if event.resumed else ""
    head = f"{event.title}: {plural(event.total, 'frame')} to {event.output}{resumed}"
    return [visible(line) for line in (head, *event.reasons)]


def _plain(line: str) -> str:
    """Return one of our own lines so that no session takes it for a command."""
    return f"> {line}" if line.lstrip().lower().startswith("openjd_") else line


class LineSink:
    """Sink that writes lines to a stream. It flushes after a message, and otherwise twice per second."""

    def __init__(
        self, stream: TextIO, *, renderer_lines: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = SafeStream(stream)
        self._renderer_lines = renderer_lines
        self._clock = clock
        self._reported = clock()
        self._flushed = clock()

    def handle(self, event: Event) -> None:
        """Write the lines of this event, if it has any."""
        match event:
            case RendererOutput():
                if self._renderer_lines and event.text.strip():
                    self._write(f"{prefix(event.slot, event.lease)} {event.text}")
            case Message():
                self._write(_plain(message_text(event)), flush=True)
            case Progress():
                self._progress(event)
            case RunStarted():
                for line in started_lines(event):
                    self._write(_plain(line), flush=True)
            case RunEnded():
                for line in event.lines:
                    self._write(_plain(line), flush=True)
            case _:
                pass

    def close(self) -> None:
        """Flush the rest."""
        self._stream.finish()

    def _progress(self, progress: Progress) -> None:
        now = self._clock()
        if now - self._reported >= PROGRESS_INTERVAL:
            self._reported = now
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
    """The log file: all lines with date and time. It is appended to, never truncated."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _open_log(path)
        except OSError as error:
            raise BadInput(f"cannot write the log file {path}: {error.strerror or error}") from None
        super().__init__(self._file)

    def close(self) -> None:
        """Flush and close."""
        super().close()
        with contextlib.suppress(OSError):  # a full disk: the rest is lost
            self._file.close()

    def _write(self, line: str, *, flush: bool = False) -> None:
        super()._write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", flush=flush)


def _open_log(path: Path) -> TextIO:
    """Open a log file for appending. A pipe without a reader is an error: nothing waits for one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)  # the stream writes the ends of lines
    descriptor = os.open(path, flags, 0o666)
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)
    return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")  # noqa: PTH123 - by descriptor
