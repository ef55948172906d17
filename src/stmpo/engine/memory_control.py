"""Apply the memory policy: ask the system how much memory there is, and carry out what the policy decides.

Before a slot is granted a lease, and again at the start gate, `refuses` returns whether a further renderer
would find room. Once a second `check` may stop one. A renderer that is to retire is stopped at its next frame
(`on_progress`). The system may be faster: `on_end` recognises a renderer that the system has killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo import machine
from stmpo.engine.attempt import StopReason
from stmpo.engine.memory_policy import MemoryAction, MemoryPolicy, MemoryThresholds, Resident
from stmpo.model.events import Level

if TYPE_CHECKING:
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.memory_policy import MemoryDecision
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.supervisor import Supervisor
    from stmpo.machine.model import MemoryRoom

SIGKILL_CODES = frozenset((-9, 137))
"""Exit codes after SIGKILL, of a process itself and of a launcher whose child it was."""


class MemoryControl:
    """Applies the memory policy to the attempts under way."""

    def __init__(self, context: RunContext, slots: int, supervisor: Supervisor) -> None:
        self._policy = MemoryPolicy(slots)
        self._attempts, self._reporter = context.attempts, context.reporter
        self._supervisor = supervisor
        self._room: MemoryRoom | None = None
        self._refused = False
        self._short_at = float("-inf")
        """Monotonic seconds when memory was last so scarce that renderers had to go."""

        self._retiring: dict[int, tuple[int, int]] = {}
        """Attempts that end at their next frame, with their progress when that was decided."""

        self._kills_before: dict[int, int] = {}
        """For each attempt, how many processes the system had killed for want of memory before its start."""

    @property
    def short(self) -> bool:
        """Return whether memory is scarce, so that renderers should be measured often."""
        return self._room is not None and self._room.available < MemoryThresholds.of(self._room.total).start

    def refuses(self, running: int) -> bool:
        """Return whether there is no room for a further renderer beside so many. Say so when that changes."""
        if running == 0:
            return False
        self._room = self._ask()
        why = self._policy.refusal(self._room, self._residents(), running)
        if why and not self._refused:
            self._reporter.say(Level.INFO, why)
        self._refused = bool(why)
        return self._refused

    def check(self, now: float) -> None:
        """Ask the system, and act on what the policy decides. `now` is in monotonic seconds."""
        self._room = self._ask()
        if self._room is not None and self._room.available < MemoryThresholds.of(self._room.total).retire:
            self._short_at = now
        decision = self._policy.decide(now, self._room, self._residents())
        if decision is not None:
            self._carry_out(decision, self._attempts[decision.number])
        for attempt in list(self._attempts.values()):
            self.on_progress(attempt)

    def on_start(self, attempt: Attempt) -> None:
        """Remember how often the system had killed for want of memory before this renderer's start."""
        self._kills_before[attempt.number] = 0 if self._room is None else self._room.kills

    def on_progress(self, attempt: Attempt) -> None:
        """Stop a renderer that is to retire, at its next frame."""
        if self._retiring.get(attempt.number, attempt.progress) != attempt.progress:
            del self._retiring[attempt.number]
            self._supervisor.stop(attempt, StopReason.MEMORY, "memory is short")

    def on_end(self, attempt: Attempt) -> None:
        """Recognise a renderer that the system has killed for want of memory: no frame is to blame.

        If it ran alone, the frame takes too much memory and is to blame after all.
        """
        kills_before = self._kills_before.pop(attempt.number, 0)
        self._retiring.pop(attempt.number, None)
        if attempt.exit.stopped is not None or attempt.exit.code not in SIGKILL_CODES:
            return
        self._room = self._ask()
        others = sum(1 for each in self._attempts.values() if each.tree is not None and not each.ended)
        if others and self._ran_out(kills_before, attempt.started_at):
            note = "the system ended it, because memory ran out"
            self._supervisor.was_ended_by_system(attempt, StopReason.MEMORY, note)
            self._policy.on_system_kill(others)

    def _ran_out(self, kills_before: int, since: float) -> bool:
        """Return whether memory was nearly gone since a time, or the system has killed a process for it."""
        return self._room is not None and (self._room.kills > kills_before or self._short_at > since)

    def _carry_out(self, decision: MemoryDecision, attempt: Attempt) -> None:
        match decision.action:
            case MemoryAction.RETIRE:
                self._retiring[attempt.number] = attempt.progress
                self._reporter.say(Level.WARNING, decision.text, attempt)
            case MemoryAction.KILL:
                self._supervisor.stop(attempt, StopReason.MEMORY, decision.text, grace=0.0)
            case MemoryAction.RUNAWAY:
                self._supervisor.stop(attempt, StopReason.RUNAWAY, decision.text, grace=0.0)

    def _residents(self) -> list[Resident]:
        """Return the renderers that run and were measured."""
        return [
            Resident(
                attempt.number,
                attempt.samples.memory_bytes,
                retiring=attempt.number in self._retiring,
                stopping=attempt.exit.stopped is not None,
            )
            for attempt in self._attempts.values()
            if attempt.tree is not None and attempt.samples.at is not None and not attempt.ended
        ]

    def _ask(self) -> MemoryRoom | None:
        ours = sum(a.samples.memory_bytes for a in self._attempts.values() if not a.ended)
        return machine.memory_room(ours)
