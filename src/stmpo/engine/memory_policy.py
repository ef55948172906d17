"""Decide when memory allows a further renderer, and which one has to go. Pure decisions: clock and samples
are arguments.

    room for one more, if all grow to their peak ─► a renderer may start
    less than that       ─► no new leases; those that run go on
    less than `retire`   ─► after a while the newest one ends at its next frame (nothing is lost)
    less than `kill`     ─► the newest one is stopped at once; its frames go back, no retry is counted
    one runs away        ─► it is stopped and named; its frame counts as failed and is tried again alone

After each retreat the number of renderers may grow by one at a time, after a wait that doubles with every
retreat: a machine that holds six and never seven is tried with seven a handful of times in a night, not every
minute.

The last renderer goes on however little memory there is, since a wait would gain nothing. It is stopped only
if nothing at all is left and it holds most of the memory. Its frame then fails after its retries, with the
reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.machine.model import MemoryRoom

GB = 2**30

HOLD = 5.0
"""Seconds that memory is short before a renderer is retired: a peak that passes is no pressure."""

FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
"""Seconds of calm before one more renderer may run, after the first retreat, and at most."""

RUNAWAY_FACTOR = 2
"""A renderer with this many times the memory of any other of this run is a runaway."""

RUNAWAY_SHARE = 4
"""A runaway holds at least this part of all memory: total / 4."""


@dataclass(frozen=True, slots=True)
class MemoryThresholds:
    """Bytes available, below which something is done; each is less than the one before."""

    start: int
    """Left over when one more has grown to its peak."""

    retire: int
    kill: int
    last: int
    """Below this even the only renderer is stopped, if it holds most of the memory."""

    @classmethod
    def of(cls, total: int) -> MemoryThresholds:
        """Parts of all memory, on a large machine no more than the file cache and everyone else need."""
        return cls(
            min(total // 8, 16 * GB), min(total // 12, 8 * GB), min(total // 25, 4 * GB), min(total // 50, GB)
        )


@dataclass(frozen=True, slots=True)
class Resident:
    """A renderer that runs. `number` grows with each start; sizes are bytes of its whole tree."""

    number: int
    memory: int
    retiring: bool = False
    """Whether it ends at its next frame."""

    stopping: bool = False
    """Whether it is being stopped, so that its memory comes back soon."""


class MemoryAction(Enum):
    """What to do with a renderer."""

    RETIRE = "retire"
    """Stop it at its next frame; its other frames go back."""

    KILL = "kill"
    """Stop it at once; its frames go back, and no retry is counted."""

    RUNAWAY = "runaway"
    """Stop it at once; the frame that it is rendering counts as failed."""


@dataclass(frozen=True, slots=True)
class MemoryDecision:
    """One renderer to act on, and the reason in words."""

    action: MemoryAction
    number: int
    text: str


@dataclass(slots=True)
class MemoryPolicy:
    """Watches the memory of one run's renderers. `slots` is the largest number of them."""

    slots: int
    allowed: int = 0
    """How many may run now: 1 to `slots`."""

    wait: float = FIRST_WAIT
    """Seconds of calm before one more may run."""

    _peaks: dict[int, int] = field(default_factory=dict)
    """The largest memory of each renderer so far, ended ones included, runaways excluded."""

    _runaways: set[int] = field(default_factory=set)

    _short_since: float | None = None
    _calm_since: float | None = None
    _retreated: bool = False

    def __post_init__(self) -> None:
        self.allowed = self.slots

    @property
    def need(self) -> int:
        """Return the bytes that a renderer of this run has needed at its peak; 0 while nothing is known."""
        return max(self._peaks.values(), default=0)

    def refusal(self, room: MemoryRoom | None, residents: Sequence[Resident], living: int) -> str:
        """Return why no further renderer may start now; empty if it may.

        `living` counts those that were started and not measured yet as well. With none of them the answer is
        yes.
        """
        if living == 0:
            return ""
        if living >= self.allowed < self.slots:
            return f"memory allows {_renderers(self.allowed)} at present"
        if room is None:
            return ""
        need = self.need
        to_come = sum(max(0, need - each.memory) for each in residents if not each.stopping)
        to_come += max(0, living - len(residents)) * need
        left = room.available - to_come - need
        if left >= MemoryThresholds.of(room.total).start:
            return ""
        return (
            f"{size(room.available)} of {size(room.total)} {room.what} available, and a renderer needs up to {size(need)}:"
            " no further one is started until there is room"
        )

    def decide(
        self, now: float, room: MemoryRoom | None, residents: Sequence[Resident]
    ) -> MemoryDecision | None:
        """Take a sample and decide what to do. At most one renderer is being stopped at a time."""
        for each in (each for each in residents if each.number not in self._runaways):
            self._peaks[each.number] = max(each.memory, self._peaks.get(each.number, 0))
        if room is None:
            return None
        marks = MemoryThresholds.of(room.total)
        self._recover(now, room.available, marks)
        if any(each.stopping for each in residents):
            return None  # what it held comes back first
        if room.available >= marks.retire or not residents:
            self._short_since = None
            return None
        if self._short_since is None:
            self._short_since = now
        running = sorted(residents, key=lambda each: each.number)
        return self._under_pressure(running, room, marks, held=now - self._short_since >= HOLD)

    def _under_pressure(
        self, running: Sequence[Resident], room: MemoryRoom, marks: MemoryThresholds, *, held: bool
    ) -> MemoryDecision | None:
        if len(running) == 1:
            return self._last_one(running[0], room, marks) if held else None
        if room.available < marks.kill:
            return self._find_runaway(running, room) or self._dismiss_newest(MemoryAction.KILL, running, room)
        if held and not any(each.retiring for each in running):
            return self._find_runaway(running, room) or self._dismiss_newest(
                MemoryAction.RETIRE, running, room
            )
        return None

    def on_system_kill(self, others: int) -> None:
        """Retreat after the system has killed a renderer for want of memory; `others` still run."""
        self._retreat(others)

    def _recover(self, now: float, available: int, marks: MemoryThresholds) -> None:
        """Allow one more after a calm time."""
        if available < marks.start:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif self.allowed < self.slots and now - self._calm_since >= self.wait:
            self.allowed += 1
            self._calm_since = now

    def _retreat(self, to: int) -> None:
        self.wait = min(2 * self.wait, LONGEST_WAIT) if self._retreated else FIRST_WAIT
        self._retreated = True
        self.allowed = max(1, min(to, self.allowed))
        self._calm_since = self._short_since = None

    def _dismiss_newest(
        self, action: MemoryAction, running: Sequence[Resident], room: MemoryRoom
    ) -> MemoryDecision:
        """Choose the newest renderer, which has the least to lose."""
        self._retreat(len(running) - 1)
        how = (
            "ends after its present frame"
            if action is MemoryAction.RETIRE
            else "is stopped and its frames go back"
        )
        short = f"memory is short ({size(room.available)} of {size(room.total)} {room.what} available)"
        text = f"{short}: the newest renderer {how}; {_renderers(self.allowed)} may run"
        return MemoryDecision(action, running[-1].number, text)

    def _find_runaway(self, running: Sequence[Resident], room: MemoryRoom) -> MemoryDecision | None:
        """Return the decision to stop a runaway, if there is one, so that the others can stay."""
        largest = max(running, key=lambda each: each.memory)
        others = max((peak for number, peak in self._peaks.items() if number != largest.number), default=0)
        if largest.memory < max(RUNAWAY_FACTOR * others, room.total // RUNAWAY_SHARE):
            return None
        return self._runaway(largest, room, others)

    def _last_one(self, only: Resident, room: MemoryRoom, marks: MemoryThresholds) -> MemoryDecision | None:
        if room.available >= marks.last or only.memory < room.total // 2:
            return None
        others = max((peak for number, peak in self._peaks.items() if number != only.number), default=0)
        return self._runaway(only, room, others)

    def _runaway(self, runaway: Resident, room: MemoryRoom, others: int) -> MemoryDecision:
        """Stop a runaway, and forget its memory: it does not show what a renderer needs."""
        self._short_since = None
        self._runaways.add(runaway.number)
        self._peaks.pop(runaway.number, None)
        return MemoryDecision(MemoryAction.RUNAWAY, runaway.number, _runaway_text(runaway, room, others))


def _runaway_text(renderer: Resident, room: MemoryRoom, others: int) -> str:
    known = f", where no other has needed more than {size(others)}" if others else ""
    return f"it has taken {size(renderer.memory)} of memory{known}, and {size(room.available)} of {size(room.total)} are left"


def _renderers(count: int) -> str:
    return "one renderer" if count == 1 else f"{count} renderers"


def size(count: int) -> str:
    """For people: "3.1 GB", "212 MB"."""
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / 2**20:,.0f} MB"
