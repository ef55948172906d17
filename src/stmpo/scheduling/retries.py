"""What happens to the frames that a dead or stopped process left: a failure costs its frames, not the task.

Pure: an attempt's end goes in, a decision comes out.

- What is whole is kept; the decision speaks only of what is missing.
- A process that was rendering died *on* a frame: the first missing one. That frame is taken out of its lease, counted,
  and set aside to be tried alone once the others are done; the rest, before and after it, goes back at once.
- A process that never began to render says nothing about frames: its lease goes back whole. When the same lease fails
  like that again and again, its first frame is treated as the one it died on, so that this ends too.
- A start that was refused (`LATER`) counts against no frame; the slot waits, longer each time.
- A frame with more than `max_retries` counted failures is exhausted.
- A run in which nothing at all was rendered and attempt after attempt fails is `hopeless`: no reason to burn the night.
  So is one in which nothing is rendered *any more*: a licence that was lost fails every frame from then on. Attempts on
  frames that had failed before prove nothing; the others are spread over all that is left, so that a region of bad
  frames is told from a job that has gone bad: what a fruitless attempt leaves is tried from its middle first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from stmpo.model.frames import FrameSet, Span

MAX_REFUSALS = 20
"""Refused starts in a row, over all slots, before one counts as a failure."""

MOST_BARREN = 12
"""Failed attempts on frames of their own, one after the other, while nothing was rendered by anybody: then nothing will be."""

LONGEST_PAUSE = 60.0
"""Seconds a slot waits at most after a refused start."""


class AttemptEnd(Enum):
    """How a process came to its end, as far as its missing frames are concerned."""

    DIED = "died"
    """It had begun to render, and ended, was stalled or was no longer trusted, with frames missing."""

    NEVER_BEGAN = "never began"
    """It ended before it began to render."""

    REFUSED = "refused"
    """It said that it cannot start now."""

    STOPPED = "stopped"
    """We stopped it for a reason that is not its own: cancel, fail-fast, no space."""


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """What to do with the frames that an attempt left missing."""

    again: tuple[Span, ...] = ()
    """Render these next."""

    set_aside: tuple[Span, ...] = ()
    """Render these alone, after everything else."""

    exhausted: tuple[int, ...] = ()
    """These have failed for good."""

    pause: float = 0.0
    """Seconds the slot waits before its next start."""

    hopeless: bool = False
    """Nothing was ever rendered and attempts keep failing: the run should end."""


@dataclass(slots=True)
class RetryBook:
    """Counts failures and decides. `slots` and `max_retries` as planned and as the user said."""

    slots: int
    max_retries: int
    failures: dict[int, int] = field(default_factory=dict)
    """Counted failures of each frame."""

    launches: dict[int, int] = field(default_factory=dict)
    """For a lease's first frame: attempts that never began to render."""

    refusals: int = 0
    """Refused starts since a process last began."""

    fruitless: int = 0
    """Failed attempts while nothing at all has been rendered."""

    barren: int = 0
    """Failed attempts, each on frames that had not failed before, since a frame was last rendered by anybody."""

    anything_rendered: bool = False
    retried: int = 0
    """Attempts that were made necessary by a failure, for the summary."""

    def rendered(self) -> None:
        """A frame was rendered whole: the job can work on this machine."""
        self.anything_rendered = True
        self.refusals = self.barren = 0

    def ended(self, end: AttemptEnd, missing: FrameSet) -> RetryDecision:
        """Decide what happens to the frames of a lease that an attempt left missing (at least one)."""
        if end is AttemptEnd.STOPPED:
            return RetryDecision(again=tuple(missing.runs()))
        self.retried += 1
        if end is AttemptEnd.REFUSED:
            self.refusals += 1
            if self.refusals <= MAX_REFUSALS:
                return RetryDecision(
                    again=tuple(missing.runs()), pause=min(2.0**self.refusals, LONGEST_PAUSE)
                )
        if not self.anything_rendered:
            self.fruitless += 1
            if self.fruitless >= max(3, self.slots) * (self.max_retries + 1):
                return RetryDecision(again=tuple(missing.runs()), hopeless=True)
        first = missing.frames[0]
        if first not in self.failures:
            self.barren += 1
        if self.barren >= max(MOST_BARREN, 3 * self.slots):
            return RetryDecision(again=tuple(missing.runs()), hopeless=True)
        if end is not AttemptEnd.DIED and self._may_launch_again(first):
            return RetryDecision(again=tuple(missing.runs()), pause=min(self.launches[first], LONGEST_PAUSE))
        return self._died_on(first, missing)

    def _may_launch_again(self, first: int) -> bool:
        self.launches[first] = self.launches.get(first, 0) + 1
        return self.launches[first] <= self.max_retries

    def _died_on(self, frame: int, missing: FrameSet) -> RetryDecision:
        self.failures[frame] = self.failures.get(frame, 0) + 1
        rest = (
            _middle_first(missing.frames[1:])
            if self.barren > 3
            else tuple(FrameSet(missing.frames[1:]).runs())
        )
        if self.failures[frame] > self.max_retries:
            return RetryDecision(again=rest, exhausted=(frame,))
        return RetryDecision(again=rest, set_aside=(Span(frame, frame),))


def _middle_first(frames: tuple[int, ...]) -> tuple[Span, ...]:
    """The second half before the first: what is bad may end there."""
    half = len(frames) // 2
    return (*FrameSet(frames[half:]).runs(), *FrameSet(frames[:half]).runs())
