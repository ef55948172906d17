"""Turn what the parts of a run report into events, without needless repetition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.engine.warning_policy import Reaction, WarningCounts, WarningPolicy
from stmpo.model.events import Level, Message, RendererOutput, SlotChanged, SlotState
from stmpo.renderers.environment import Redactor
from stmpo.renderers.protocol import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from stmpo.engine.attempt import Attempt
    from stmpo.model.events import Event
    from stmpo.renderers.protocol import Finding

MAX_EXPLANATIONS = 100
"""Explanations of renderers' lines in one run. The lines themselves are always in the log."""


@dataclass(slots=True)
class SeenFinding:
    """A finding of this run, for machine-readable output."""

    name: str
    kind: str
    meaning: str
    words: str
    """The first renderer's line, without secret values."""

    renderers: int = 1
    """Renderers that printed such a line."""


class Reporter:
    """Emits a run's events. `redact` masks secret values in everything that comes from a renderer.

    `policy` says which warnings are reported, and which end the run. Default: that of the options.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        redact: Callable[[str], str],
        policy: WarningPolicy | None = None,
    ) -> None:
        self.emit = emit
        self.redact = redact
        self.policy = WarningPolicy() if policy is None else policy
        self.warnings = WarningCounts()
        self.findings: dict[str, SeenFinding] = {}
        """The findings of this run, by their names."""

        self.blank: set[int] = set()
        """Frames outside the comp, as a renderer's warning says."""

        self._finders: set[tuple[str, int]] = set()
        self._explained: set[tuple[str, str]] = set()
        self._pinned: set[int] = set()
        self._refused: set[str] = set()

    def say(self, level: Level, text: str, attempt: Attempt | None = None) -> None:
        """Report one line for people, about the run or about an attempt."""
        where = ""
        if attempt is not None:
            span = attempt.lease.span
            where = f"{attempt.lease.slot:02} {span.first:04}-{span.last:04}"
        self.emit(Message(level, text, where))

    def line(self, attempt: Attempt, text: str) -> None:
        """Report a renderer's own line."""
        self.emit(RendererOutput(attempt.lease.slot, attempt.lease.span, self.redact(text)))

    def mask_bytes(self, line: bytes) -> bytes:
        """Return a renderer's line, before it is decoded, without secret values; itself if it has none."""
        return self.redact.mask_bytes(line) if isinstance(self.redact, Redactor) else line

    def words(self, attempt: Attempt) -> str:
        """Return why an attempt failed, in the renderer's words, without secret values."""
        return self.redact(attempt.words())

    def on_finding(self, attempt: Attempt, finding: Finding) -> Reaction:
        """Count a known line and explain it as the policy asks. Return what follows if it is a warning."""
        if finding.meaning is Meaning.HARMLESS:
            return Reaction.IGNORE
        self._remember(attempt, finding)
        reaction = self.policy.reaction(finding)
        if finding.meaning is Meaning.WARNING:
            if reaction is Reaction.IGNORE:
                return reaction
            self.warnings.add(finding)
        if reaction is not Reaction.FAIL:  # the reason for the run's end says it
            self._explain(attempt, finding)
        return reaction

    def _remember(self, attempt: Attempt, finding: Finding) -> None:
        key = (finding.name, attempt.number)
        if key in self._finders:
            return
        self._finders.add(key)
        if (seen := self.findings.get(finding.name)) is not None:
            seen.renderers += 1
            return
        words = self.redact(finding.words.strip())
        self.findings[finding.name] = SeenFinding(
            finding.name, finding.kind.value, finding.meaning.value, words
        )

    def _explain(self, attempt: Attempt, finding: Finding) -> None:
        """Explain a known line: once per run for the same words, and not without limit."""
        key = (finding.name, finding.words)
        if not finding.advice or key in self._explained:
            return
        if len(self._explained) < MAX_EXPLANATIONS:
            self._explained.add(key)
            level = Level.WARNING if finding.meaning in {Meaning.WARNING, Meaning.LATER} else Level.ERROR
            self.say(level, f"{self.redact(finding.words.strip())}: {finding.advice}", attempt)

    def containment(self, attempt: Attempt) -> None:
        """Report which CPUs were asked for and obtained, once per slot; a refusal is one warning per run."""
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
        """Report a slot without a renderer."""
        self.emit(SlotChanged(slot, state))

    def slot(self, attempt: Attempt, state: SlotState | None = None) -> None:
        """Report a slot and what its renderer is doing."""
        shared = attempt.folder.is_shared
        rendered = max(len(attempt.files.seen), attempt.output.counted)
        self.emit(
            SlotChanged(
                slot=attempt.lease.slot,
                state=state or _state_of(attempt),
                lease=attempt.lease.span,
                pid=attempt.tree.pid if attempt.tree is not None else None,
                done=attempt.output.frame_lines if shared else rendered,
                memory_bytes=attempt.samples.memory_bytes,
                cpu_percent=attempt.samples.cpu_percent,
                shared=shared,
            )
        )


def _state_of(attempt: Attempt) -> SlotState:
    """Return what an attempt's renderer is doing."""
    if attempt.tree is None:
        return SlotState.WAITING
    if attempt.exit.stopped is not None:
        return SlotState.STOPPING
    if attempt.samples.paused:
        return SlotState.PAUSED
    if attempt.samples.complete_since is not None:
        return SlotState.FINISHING
    return SlotState.RENDERING if attempt.began else SlotState.STARTING
