"""The decision about frames that a dead or stopped process left: a failure costs its frames, not the task.

Pure: the end of an attempt goes in, a decision comes out.

- Whole frames are kept; the decision is about the missing ones only.
- A process that was rendering died *on* a frame: the one that its words name or that was in work when they
  came (`culprit`), and otherwise the first missing one. That frame is taken out of its lease, counted, and
  set aside to be tried alone once the others are done. The rest, before and after it, goes back at once.
- A process that never began to render proves nothing about frames: its lease goes back whole. If the same
  lease fails like that again and again, its first frame counts as the one it died on, so that this ends too.
- A refused start (`REFUSED`) counts against no frame; the slot waits, longer each time.
- A frame with more than `max_retries` counted failures is exhausted.
- A run in which nothing was rendered and attempt after attempt fails is `hopeless`, and ends early, after
  one or two renderers if their reason is certain (`launch_limits`). The same holds when nothing is rendered
  *any more*: after a lost licence every frame fails. Attempts on frames that had failed before prove
  nothing. The others are spread over all remaining frames, so that a region of bad frames is told from a job
  that has gone bad: after several failures without progress, the rest of a lease is tried from its middle
  first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.launch_limits import EndReason, LaunchLimits

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REFUSALS = 20
"""Refused starts in a row, over all slots, before one counts as a failure."""

MAX_ATTEMPTS_WITHOUT_PROGRESS = 12
"""Failed attempts in a row, on new frames each, without any frame rendered: after that the run is
hopeless.
"""

LONGEST_PAUSE = 60.0
"""Most seconds that a slot waits after a refused start."""


class AttemptEnd(Enum):
    """How a process ended, as far as its missing frames are concerned."""

    DIED = "died"
    """It had begun to render, and ended, stalled or became untrusted, with frames missing."""

    NEVER_BEGAN = "never began"
    """It ended before it began to render."""

    REFUSED = "refused"
    """It reported that it cannot start now."""

    STOPPED = "stopped"
    """STMPO stopped it for an outside reason: cancel, fail-fast, no disk space."""


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The way on for the frames that an attempt left missing."""

    again: tuple[Span, ...] = ()
    """Render these next."""

    set_aside: tuple[Span, ...] = ()
    """Render these alone, after all others."""

    exhausted: tuple[int, ...] = ()
    """These have failed for good."""

    pause: float = 0.0
    """Seconds that the slot waits before its next start."""

    hopeless: bool = False
    """Attempts keep failing without progress: end the run."""


@dataclass(slots=True)
class RetryPolicy:
    """Counts failures and decides. `slots` is the planned number, `max_retries` the option."""

    slots: int
    max_retries: int
    failures: dict[int, int] = field(default_factory=dict)
    """Counted failures per frame."""

    launches: dict[int, int] = field(default_factory=dict)
    """Attempts that never began to render, by their lease's first frame."""

    refusals: int = 0
    """Refused starts since a process last began."""

    before_first_frame: int = 0
    """Failed attempts before any frame was rendered."""

    without_progress: int = 0
    """Failed attempts, each on frames that had not failed before, since a frame was last rendered."""

    anything_rendered: bool = False
    retried: int = 0
    """Attempts that a failure made necessary, for the summary."""

    limits: LaunchLimits = field(init=False)

    def __post_init__(self) -> None:
        self.limits = LaunchLimits(self.slots)

    def rendered(self) -> None:
        """Record that a frame was rendered whole: the job can work on this machine."""
        self.anything_rendered = True
        self.refusals = self.without_progress = 0

    def forgive(self, frames: Iterable[int]) -> None:
        """Take back one counted failure of each of these frames: they were not to blame."""
        for frame in frames:
            if self.failures.get(frame):
                self.failures[frame] -= 1

    def ended(
        self,
        end: AttemptEnd,
        missing: FrameSet,
        *,
        culprit: int | None = None,
        reason: EndReason | None = None,
    ) -> RetryDecision:
        """Decide what happens to the frames of a lease that an attempt left missing (at least one).

        `culprit` is the frame that the renderer's words are about, and `reason` is why it ended, if they
        tell.
        """
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
            self.before_first_frame += 1
            certain = end is not AttemptEnd.REFUSED and self.limits.ended(reason)
            if certain or self.before_first_frame >= max(3, self.slots) * (self.max_retries + 1):
                return RetryDecision(again=tuple(missing.runs()), hopeless=True)
        first = culprit if culprit is not None and culprit in missing.frames else missing.frames[0]
        if first not in self.failures:
            self.without_progress += 1
        if self.without_progress >= max(MAX_ATTEMPTS_WITHOUT_PROGRESS, 3 * self.slots):
            return RetryDecision(again=tuple(missing.runs()), hopeless=True)
        if end is not AttemptEnd.DIED and self._may_launch_again(first):
            return RetryDecision(again=tuple(missing.runs()), pause=min(self.launches[first], LONGEST_PAUSE))
        return self._died_on(first, missing)

    def _may_launch_again(self, first: int) -> bool:
        self.launches[first] = self.launches.get(first, 0) + 1
        return self.launches[first] <= self.max_retries

    def _died_on(self, frame: int, missing: FrameSet) -> RetryDecision:
        self.failures[frame] = self.failures.get(frame, 0) + 1
        others = tuple(other for other in missing if other != frame)
        rest = _middle_first(others) if self.without_progress > 3 else tuple(FrameSet(others).runs())
        if self.failures[frame] > self.max_retries:
            return RetryDecision(again=rest, exhausted=(frame,))
        return RetryDecision(again=rest, set_aside=(Span(frame, frame),))


def _middle_first(frames: tuple[int, ...]) -> tuple[Span, ...]:
    """Return the second half before the first: a bad region may end there."""
    half = len(frames) // 2
    return (*FrameSet(frames[half:]).runs(), *FrameSet(frames[:half]).runs())
