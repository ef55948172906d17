"""The options that name a farm's queue, and lines of progress, for every command that uses Deadline Cloud."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stmpo.model.text import visible

if TYPE_CHECKING:
    from argparse import Namespace

    from stmpo.deadline.client import TransferProgress
    from stmpo.deadline.service import FarmQueue
    from stmpo.system.command_parser import CommandParser


def add_queue_options(parser: CommandParser) -> None:
    """Give a command the options that name a queue."""
    parser.value("--profile", "NAME", "AWS profile.  [default: the client's]")
    parser.value("--farm-id", "ID", "Farm.  [default: the client's]")
    parser.value("--queue-id", "ID", "Queue.  [default: the client's]")
    parser.value("--region", "NAME", "AWS region of the farm.  [default: the client's]")


def queue_of(given: Namespace) -> FarmQueue:
    """Return the queue that the options name."""
    from stmpo.deadline.service import FarmQueue  # noqa: PLC0415 - `--help` does not need it

    storage_profile = getattr(given, "storage_profile_id", None)
    return FarmQueue(given.profile, given.farm_id, given.queue_id, storage_profile, given.region)


def print_status(line: str) -> None:
    """Print a line for people, who read it beside a script's output."""
    print(visible(line), file=sys.stderr, flush=True)


def counts_text(counts: dict[str, int]) -> str:
    """Return the number of tasks per status: "3 succeeded, 1 failed"."""
    return ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()) if count)


class TransferLine:
    """Progress on standard error: a moving line on a terminal, otherwise a line every 10 %."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._moving = sys.stderr.isatty()

    def show(self, progress: TransferProgress) -> bool:
        """Show the progress; return True, which means: continue."""
        step = int(progress.percent) if self._moving else int(progress.percent) // 10 * 10
        if (progress.phase, step) != self._last:
            end = "\n" if not self._moving or progress.percent >= 100 else "\r"
            print(f"{progress.phase} {step} %", end=end, file=sys.stderr, flush=True)
            self._last = (progress.phase, step)
        return True
