"""Puts into events what the orchestrator's parts have to say, and says nothing twice that need be said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.model.events import Level, Message, RendererOutput, SlotChanged, SlotState
from stmpo.renderers.protocol import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from stmpo.engine.attempt import Attempt
    from stmpo.model.events import Event
    from stmpo.renderers.protocol import Finding

MOST_TOLD = 100
"""Explanations of renderers' lines in one run, at most; the lines themselves are always in the log."""


class Reporter:
    """`emit` is the sinks' ear; `redact` masks secret values in whatever comes from a renderer."""

    def __init__(self, emit: Callable[[Event], None], redact: Callable[[str], str]) -> None:
        self.emit = emit
        self.redact = redact
        self._explained: set[tuple[str, str]] = set()
        self._pinned: set[int] = set()
        self._refused: set[str] = set()

    def say(self, level: Level, text: str, attempt: Attempt | None = None) -> None:
        """A line for people, about the run or about an attempt."""
        span = None if attempt is None else attempt.lease.span
        where = (
            ""
            if attempt is None or span is None
            else f"{attempt.lease.slot:02} {span.first:04}-{span.last:04}"
        )
        self.emit(Message(level, text, where))

    def line(self, attempt: Attempt, text: str) -> None:
        """A renderer's own line."""
        self.emit(RendererOutput(attempt.lease.slot, attempt.lease.span, self.redact(text)))

    def words(self, attempt: Attempt) -> str:
        """Why an attempt failed, in the renderer's words, safe to show."""
        return self.redact(attempt.words())

    def explain(self, attempt: Attempt, finding: Finding) -> None:
        """Say what a known line means: once a run for the same words, and not without end."""
        key = (finding.name, finding.words)
        if finding.meaning is Meaning.HARMLESS or not finding.advice or key in self._explained:
            return
        if len(self._explained) < MOST_TOLD:
            self._explained.add(key)
            level = Level.WARNING if finding.meaning in {Meaning.WARNING, Meaning.LATER} else Level.ERROR
            self.say(level, f"{self.redact(finding.words.strip())}: {finding.advice}", attempt)

    def containment(self, attempt: Attempt) -> None:
        """What was asked of the system and what was obtained, once a slot; a refusal is one warning a run."""
        if attempt.tree is None:
            return
        pinning = attempt.tree.pinning
        for warning in (*attempt.tree.warnings, *([pinning.refused] if pinning.refused else [])):
            if warning not in self._refused:
                self._refused.add(warning)
                self.say(Level.WARNING, f"{warning}; the render goes on", attempt)
        if pinning.asked and pinning.refused is None and attempt.lease.slot not in self._pinned:
            self._pinned.add(attempt.lease.slot)
            self.say(Level.INFO, f"pinned: asked for {pinning.asked}, obtained {pinning.obtained}", attempt)

    def idle(self, slot: int, state: SlotState = SlotState.IDLE) -> None:
        """A slot without a renderer."""
        self.emit(SlotChanged(slot, state))

    def slot(self, attempt: Attempt, state: SlotState | None = None) -> None:
        """A slot and what its renderer is doing."""
        self.emit(
            SlotChanged(
                slot=attempt.lease.slot,
                state=state or state_of(attempt),
                lease=attempt.lease.span,
                pid=attempt.tree.pid if attempt.tree is not None else None,
                done=max(len(attempt.files.seen), attempt.output.counted),
                memory_bytes=attempt.samples.memory_bytes,
                cpu_percent=attempt.samples.cpu_percent,
            )
        )


def state_of(attempt: Attempt) -> SlotState:
    """What an attempt's renderer is doing, for the board."""
    if attempt.tree is None:
        return SlotState.WAITING
    if attempt.exit.stopped is not None:
        return SlotState.STOPPING
    if attempt.samples.paused:
        return SlotState.PAUSED
    if attempt.samples.complete_since is not None:
        return SlotState.FINISHING
    return SlotState.RENDERING if attempt.began else SlotState.STARTING
