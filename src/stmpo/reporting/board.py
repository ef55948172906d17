"""The live board of a terminal: one row per slot, and the whole run below.

    slot  state      frames      progress              done    rate      memory   CPU
     00   rendering  1-30        ━━━━━━━━━━╺━━━━━━━    14/30   2.1 /s    412 MB   98 %
    ────
    62/120 frames · 4.1 frames/s · about 14.1 s left

Slots are numbered as in `stmpo plan`; the states are those of `SlotState`. Messages scroll above the board.
The renderers' own lines are not shown; `--log-file` keeps them. The board is drawn at most twice per second,
and only after a change.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stmpo.model.events import (
    Event,
    FrameDelivered,
    Level,
    Message,
    Progress,
    RunEnded,
    RunStarted,
    SlotChanged,
    SlotState,
)
from stmpo.model.text import byte_size, duration, visible
from stmpo.reporting.lines import message_text, started_lines
from stmpo.reporting.safe_stream import SafeStream

if TYPE_CHECKING:
    from collections.abc import Callable

REDRAW_INTERVAL = 0.5
"""Least seconds between two drawings."""

_COLOURS = {
    SlotState.IDLE: "bright_black",
    SlotState.WAITING: "bright_black",
    SlotState.STARTING: "yellow",
    SlotState.RENDERING: "green",
    SlotState.FINISHING: "cyan",
    SlotState.PAUSED: "magenta",
    SlotState.STOPPING: "red",
}
_LEVELS = {Level.INFO: "", Level.WARNING: "yellow", Level.ERROR: "bold red"}


@dataclass(slots=True)
class Row:
    """The contents of one slot's row."""

    event: SlotChanged
    delivered: int = 0
    shared_done: int = 0
    """Frames that the slot's renderer reported under a shared lease."""

    cost: float | None = None
    """Seconds per frame, a running mean that favours recent frames."""


class Board:
    """Sink that draws on a terminal. `clock` returns monotonic seconds."""

    def __init__(
        self, stream: TextIO, clock: Callable[[], float] = time.monotonic, *, width: int | None = None
    ) -> None:
        # A closed terminal must not end the run: rich would raise, or exit on a broken pipe.
        file = cast("TextIO", SafeStream(stream))
        self.console = Console(
            file=file, highlight=False, width=width, force_terminal=True if width else None
        )
        self._clock = clock
        self._rows: dict[int, Row] = {}
        self._progress: Progress | None = None
        self._drawn = clock()
        self._started = False
        # `Live` draws at once: it comes after everything that `draw` uses.
        self._live = Live(console=self.console, auto_refresh=False, transient=True, get_renderable=self.draw)

    def handle(self, event: Event) -> None:
        """Take a change; draw if the last drawing is old enough."""
        match event:
            case RunStarted():
                for line in started_lines(event):
                    self.console.print(Text(line))
                self._live.start()
                self._started = True
            case SlotChanged():
                row = self._rows.setdefault(event.slot, Row(event))
                row.event = event
                if event.shared:
                    row.shared_done = event.done
            case FrameDelivered():
                self._delivered(event)
            case Progress():
                self._progress = event
            case Message():
                self.console.print(Text(message_text(event), style=_LEVELS[event.level]))
            case RunEnded():
                self._end(event)
            case _:
                return
        self._redraw()

    def close(self) -> None:
        """Restore the terminal."""
        if self._started:
            self._live.stop()
            self._started = False

    def draw(self) -> RenderableType:
        """Return the board."""
        table = Table(box=None, padding=(0, 1), expand=True)
        for name in ("slot", "state", "frames"):
            table.add_column(name, style="bright_black" if name == "slot" else "", no_wrap=True)
        table.add_column("", ratio=1)
        for name in ("done", "rate", "memory", "CPU"):
            table.add_column(name, justify="right", no_wrap=True)
        for slot in sorted(self._rows):
            table.add_row(*_cells(self._rows[slot]))
        return Group("", table, "", self._total()) if self._progress is not None else Group("", table)

    def _delivered(self, event: FrameDelivered) -> None:
        row = self._rows.get(event.slot)
        if row is not None:
            row.delivered += 1
            if event.cost is not None:
                row.cost = event.cost if row.cost is None else 0.8 * row.cost + 0.2 * event.cost

    def _total(self) -> RenderableType:
        progress = self._progress
        assert progress is not None
        words = [f"[bold]{progress.delivered}[/]/{progress.total} frames", f"{progress.rate:.2f} frames/s"]
        if progress.eta is not None and progress.delivered < progress.total:
            words.append(f"about {duration(progress.eta)} left")
        if progress.waiting:
            words.append(f"{progress.waiting} being delivered")
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_row(" " + " · ".join(words), _bar(progress.fraction, 1.0))
        return grid

    def _redraw(self) -> None:
        now = self._clock()
        if self._started and now - self._drawn >= REDRAW_INTERVAL:
            self._drawn = now
            self._live.refresh()

    def _end(self, event: RunEnded) -> None:
        self.close()
        for number, line in enumerate(event.lines):
            style = ("bold green" if event.succeeded else "bold red") if number == 0 else ""
            self.console.print(Text(visible(line), style=style))


def _bar(completed: float, total: float) -> ProgressBar:
    return ProgressBar(
        total=total,
        completed=completed,
        style="grey30",
        complete_style="green",
        finished_style="bright_green",
    )


def _cells(row: Row) -> list[RenderableType]:
    event = row.event
    state = Text(event.state.value, style=_COLOURS[event.state])
    if event.lease is None:
        return [f"{event.slot:02}", state, "", "", f"{row.shared_done or row.delivered}", "", "", ""]
    total = len(event.lease)
    done = min(event.done, total)
    # A slot of a shared lease has no range of its own, and its frames cannot be told from the others'.
    range_cells: list[RenderableType] = (
        ["next free", _bar(done, total), f"{done}", ""]
        if event.shared
        else [
            escape(str(event.lease)),
            _bar(done, total),
            f"{done}/{total}",
            f"{1 / row.cost:.2f} /s" if row.cost else "",
        ]
    )
    return [
        f"{event.slot:02}",
        state,
        *range_cells,
        byte_size(event.memory_bytes) if event.memory_bytes else "",
        f"{event.cpu_percent:.0f} %" if event.memory_bytes else "",
    ]
