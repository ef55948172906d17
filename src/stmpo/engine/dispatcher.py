"""Between the engine and the strategy: tells it what renderers do, and carries out what it cuts.

    lines and files ─► `news` ─► strategy
    idle slot ─► `grant` ─► strategy ─► a lease, and perhaps a *robbed* attempt: its lease ends earlier from now on

A renderer that is at work cannot be told to end earlier: it is stopped when its last own frame is there. That is seen
in two ways. A frame counts as verified two seconds after its last change (`attempt.TRUST_AFTER`), which is when words
that condemn it have been read. Words and frame lines come through one pipe, in order; so as soon as the renderer's own
lines have told of all its own frames, and their files are whole, nothing more is to be waited for. What it renders
beyond, until it is gone, is rendered twice; it is counted and thrown away.
"""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from typing import TYPE_CHECKING

from stmpo.engine.attempt import StopReason
from stmpo.engine.ledger import FrameState
from stmpo.scheduling.work_clock import WorkClock

if TYPE_CHECKING:
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.collector import Collector
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.shared_folder import SharedFolder
    from stmpo.engine.supervisor import Supervisor
    from stmpo.scheduling.protocol import Grant, Lease

LOOK_EVERY = 0.1
"""Seconds between two looks whether a robbed renderer's last own frames are whole, once its lines have told of them."""

LOOKS = 20
"""Such looks at most; after them the pulse sees to it."""

GRACE = 2.0
"""Seconds for a robbed renderer to end by itself."""


class Dispatcher:
    """Tells the strategy, and stops who was robbed. `living` are the attempts under way, by number."""

    def __init__(
        self, context: RunContext, collector: Collector, supervisor: Supervisor, shared_folder: SharedFolder
    ) -> None:
        self._strategy, self._attempts = context.strategy, context.attempts
        self._ledger, self._journal = context.ledger, context.journal
        self._collector = collector
        self._supervisor = supervisor
        self._shared_folder = shared_folder
        self._relieving: dict[int, asyncio.Task[None]] = {}
        self._clock = WorkClock()
        """The strategy's: it sees no pause."""

        self.twice = 0
        """Frames that a robbed renderer rendered although they were no longer its own."""

        self.robbed = 0
        """Leases that were cut."""

    def hold(self, *, held: bool) -> None:
        """All renderers are suspended from now on, or go on. May be told again."""
        self._clock.hold(time.monotonic(), held=held)

    def _now(self) -> float:
        return self._clock.reading(time.monotonic())

    def grant(self, slot: int) -> Lease | None:
        """What an idle slot is given."""
        for attempt in self._attempts.values():
            self.news(attempt)
        grant = self._strategy.grant(slot, self._now())
        if grant is None:
            return None
        if grant.victim is not None:
            self._cut(grant, grant.victim)
        return grant.lease

    def _cut(self, grant: Grant, front: Lease) -> None:
        victim = next(attempt for attempt in self._attempts.values() if attempt.lease.id == front.id)
        victim.lease = front
        self.robbed += 1
        for frame in grant.lease.span:
            if frame in self._ledger:
                self._ledger.move(frame, FrameState.PENDING)
        self._journal.write("robbed", attempt=victim.number, frames=str(front.span))
        self.relieve(victim)

    def started(self, attempt: Attempt) -> None:
        """Its renderer is being started."""
        self._strategy.started(attempt.lease, self._now())

    def heard(self, attempt: Attempt) -> None:
        """Its renderer has said that it goes forward."""
        self.news(attempt)
        self.relieve(attempt)

    def news(self, attempt: Attempt) -> None:
        """Tell the strategy what is new of an attempt: files that are there, and frames that lines have told of.

        A line tells how many, not which: those without a file are taken for the first ones.
        """
        if attempt.lease.shared:
            for frame in self._shared_folder.of(attempt).seen:
                self._strategy.finished(attempt.lease, frame, self._now())
            return
        if attempt.start_up is None or attempt.ended:
            return
        now = self._now()
        rendering = time.monotonic() - attempt.started - attempt.start_up
        self._strategy.began(attempt.lease, now - rendering)
        reported = attempt.reported
        for frame in attempt.seen - reported:
            reported.add(frame)
            self._strategy.finished(attempt.lease, frame, now)
        span, more = attempt.lease.span, max(0, attempt.counted - len(reported))
        for frame in islice(reported.gaps(span.first, span.last), more):
            reported.add(frame)
            self._strategy.finished(attempt.lease, frame, now)

    def relieve(self, attempt: Attempt) -> None:
        """Stop a robbed renderer once its own frames are there."""
        if not attempt.robbed or attempt.tree is None or attempt.stopped is not None or attempt.ended:
            return
        if self._collector.has_all(attempt):
            self._stop(attempt)
        elif attempt.counted >= len(attempt.lease.span) and attempt.number not in self._relieving:
            self._relieving[attempt.number] = asyncio.create_task(self._watch(attempt))

    async def _watch(self, attempt: Attempt) -> None:
        for _ in range(LOOKS):
            if await self._collector.are_whole(attempt):
                self._stop(attempt)
                return
            await asyncio.sleep(LOOK_EVERY)

    def _stop(self, attempt: Attempt) -> None:
        self._supervisor.stop(attempt, StopReason.STOLEN, grace=GRACE)

    async def ended(self, attempt: Attempt) -> None:
        """Its renderer is gone; count what it did in vain."""
        watch = self._relieving.pop(attempt.number, None)
        if watch is not None:
            watch.cancel()
        if attempt.robbed:
            self.twice += await self._collector.count_stolen(attempt)
