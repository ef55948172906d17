"""The memory guard at work: asks the system how much memory there is, and carries out what `memory_guard` decides.

The engine asks it. Before a slot is granted a lease, and again at the start gate, `refuses` says whether a further
renderer would find room; once a second `look` may send one away; and `heard` sees the next frame of one that was
retired, which is when it is stopped. The system may be faster: `ended` knows a renderer that it has ended.
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


KILLED = frozenset((-9, 137))
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
        """Monotonic seconds when memory was last seen so scarce that renderers have to go."""

    @property
    def short(self) -> bool:
        """Memory is scarce: renderers should be measured often."""
        return self._room is not None and self._room.available < MemoryThresholds.of(self._room.total).start

    def refuses(self, living: int) -> bool:
        """Whether there is no room for a further renderer beside so many; said once each time it becomes so."""
        if living == 0:
            return False
        self._room = self._ask()
        why = self._policy.refusal(self._room, self._residents(), living)
        if why and not self._refused:
            self._reporter.say(Level.INFO, why)
        self._refused = bool(why)
        return self._refused

    def look(self, now: float) -> None:
        """Once a second. `now` is monotonic seconds."""
        self._room = self._ask()
        if self._room is not None and self._room.available < MemoryThresholds.of(self._room.total).retire:
            self._short_at = now
        decision = self._policy.look(now, self._room, self._residents())
        if decision is not None:
            self._carry_out(decision, self._attempts[decision.number])
        for attempt in list(self._attempts.values()):
            self.heard(attempt)

    def heard(self, attempt: Attempt) -> None:
        """A renderer goes forward: one that was retired is stopped at its next frame."""
        if attempt.retiring is not None and attempt.retiring != attempt.progress:
            attempt.retiring = None
            self._supervisor.stop(attempt, StopReason.MEMORY, "memory is short")

    def ended(self, attempt: Attempt) -> None:
        """A renderer is gone. When the system has ended it for want of memory, that was no frame's fault.

        Unless it ran alone: then it is the frame that takes too much.
        """
        if attempt.stopped is not None or attempt.code not in KILLED:
            return
        self._room = self._ask()
        others = sum(1 for each in self._attempts.values() if each.tree is not None and not each.ended)
        if others and self._ran_out(attempt):
            note = "the system ended it, because memory ran out"
            self._supervisor.was_ended_by_system(attempt, StopReason.MEMORY, note)
            self._policy.bereaved(others)

    def _ran_out(self, attempt: Attempt) -> bool:
        """Whether memory was nearly gone, or the system says that it has ended a process for it since the renderer's start."""
        return self._room is not None and (
            self._room.kills > attempt.kills_before or self._short_at > attempt.started
        )

    def started(self, attempt: Attempt) -> None:
        """A renderer is being started."""
        attempt.kills_before = 0 if self._room is None else self._room.kills

    def _carry_out(self, decision: MemoryDecision, attempt: Attempt) -> None:
        match decision.action:
            case MemoryAction.RETIRE:
                attempt.retiring = attempt.progress
                self._reporter.say(Level.WARNING, decision.text, attempt)
            case MemoryAction.KILL:
                self._supervisor.stop(attempt, StopReason.MEMORY, decision.text, grace=0.0)
            case MemoryAction.RUNAWAY:
                self._supervisor.stop(attempt, StopReason.RUNAWAY, decision.text, grace=0.0)

    def _residents(self) -> list[Resident]:
        """The renderers that run and were measured."""
        return [
            Resident(
                attempt.number,
                attempt.memory_bytes,
                retiring=attempt.retiring is not None,
                stopping=attempt.stopped is not None,
            )
            for attempt in self._attempts.values()
            if attempt.tree is not None and attempt.sampled is not None and not attempt.ended
        ]

    def _ask(self) -> MemoryRoom | None:
        ours = sum(attempt.memory_bytes for attempt in self._attempts.values() if not attempt.ended)
        return machine.memory_room(ours)
