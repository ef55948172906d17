"""Connect the engine with the strategy: report progress to it, and carry out its grants.

    lines and files ─► `on_progress` ─► strategy
    idle slot ─► `grant` ─► strategy ─► a lease, perhaps stolen from an attempt whose own lease is shortened

aerender cannot be told to end earlier. A renderer whose last frames were stolen is stopped when the last
frame that is still its own is there. That is recognised in two ways. A frame counts as verified two seconds
after its last change (`attempt.TRUST_AFTER`): by then, lines that condemn it have been read. But words and
frame lines come through one pipe, in order. So as soon as the renderer's lines have counted all its own
frames, and their files are whole, there is nothing more to wait for. Frames that it renders beyond that are
rendered twice; they are counted and thrown away.

A renderer may reach the stolen frames before the process that was started for them begins. The steal is then
undone: it goes on, since its command line still covers them, and the other process is stopped.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from stmpo.engine.attempt import StopReason
from stmpo.engine.ledger import FrameState
from stmpo.model.events import Level
from stmpo.scheduling.work_clock import WorkClock

if TYPE_CHECKING:
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.collector import Collector
    from stmpo.engine.output_folder import OutputFolder
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.supervisor import Supervisor
    from stmpo.scheduling.protocol import Grant, Lease

CHECK_EVERY = 0.1
"""Seconds between two checks whether a renderer's last own frames are whole, once its lines have counted
them."""

CHECKS = 20
"""Such checks at most; afterwards the monitor's scans decide."""

STOLEN_GRACE = 2.0
"""Seconds for a renderer to end by itself once its own frames are done."""


class Dispatcher:
    """Tells the strategy what happens, and stops renderers whose own frames are done."""

    def __init__(self, context: RunContext, collector: Collector, supervisor: Supervisor) -> None:
        self._strategy, self._attempts = context.strategy, context.attempts
        self._ledger, self._journal = context.ledger, context.journal
        self._reporter = context.reporter
        self._collector = collector
        self._supervisor = supervisor
        self._checking: dict[int, asyncio.Task[None]] = {}
        self._clock = WorkClock()
        """The strategy's clock: it stands still while renderers are paused."""

        self.rendered_twice = 0
        """Frames that a renderer rendered after they were stolen from it, or beside another one that shares
        its folder.
        """

        self.steals = 0
        """Leases that were shortened."""

        self.sharing_ended = ""
        """Why the renderers share the frames out no longer; empty while that works."""

        self.blames_version = False
        """Whether that says something about this version of the renderer, not about the queue item."""

        self.reclaimed = 0
        """Steals that were undone: the renderer reached the frames before its helper began."""

    def set_paused(self, *, paused: bool) -> None:
        """Stop the strategy's clock, or let it go on. Repeating it does nothing."""
        self._clock.hold(time.monotonic(), held=paused)

    def grant(self, slot: int) -> Lease | None:
        """Return a lease for an idle slot; None if there is none at present."""
        for attempt in self._attempts.values():
            self._report(attempt)
        grant = self._strategy.grant(slot, self._now())
        if grant is None:
            return None
        if grant.victim is not None:
            self._shorten(grant, grant.victim)
        return grant.lease

    def on_start(self, attempt: Attempt) -> None:
        """Tell the strategy that a renderer is being started."""
        if not self._is_known(attempt):
            return
        self._strategy.started(attempt.lease, self._now())

    def on_progress(self, attempt: Attempt) -> None:
        """Report the progress of a renderer; stop it if all its own frames are done."""
        self._report(attempt)
        self.end_sharing(attempt.folder)
        self._stop_if_done(attempt)

    def end_sharing(self, folder: OutputFolder, why: str = "") -> None:
        """Stop the renderers of a shared folder if there is a reason, such as `why`; once per run."""
        why = why or folder.end_of_sharing
        if not why or self.sharing_ended:
            return
        self.sharing_ended, self.blames_version = why, folder.blames_version
        text = f"sharing the frames out does not work here: {self.sharing_ended}; steal is used for the rest"
        self._reporter.say(Level.WARNING, text)
        stopped = {lease.id for lease in self._strategy.fall_back()}
        for attempt in self._attempts.values():
            if attempt.lease.id in stopped:
                self._supervisor.stop(attempt, StopReason.NOT_SHARING, self.sharing_ended, grace=STOLEN_GRACE)

    async def retire(self, attempt: Attempt) -> None:
        """Tell the strategy that a renderer is gone."""
        if not self._is_known(attempt):
            return
        if attempt.folder.is_shared:  # whether another process is worth its start depends on the files there
            await self._collector.scan(attempt.folder.owner(attempt), time.monotonic())
            self._report(attempt)
        self._strategy.retire(attempt.lease)

    async def count_twice(self, attempt: Attempt) -> None:
        """Count the frames that an ended renderer rendered after they were stolen from it."""
        if (checking := self._checking.pop(attempt.number, None)) is not None:
            checking.cancel()
        self.rendered_twice += attempt.folder.doubled
        if attempt.is_cut:
            self.rendered_twice += await self._collector.count_stolen(attempt)

    def _now(self) -> float:
        return self._clock.reading(time.monotonic())

    @staticmethod
    def _is_known(attempt: Attempt) -> bool:
        """Return whether the strategy knows its lease: it is no backup, and was not taken back."""
        return attempt.request.backup_of is None and not attempt.withdrawn

    def _report(self, attempt: Attempt) -> None:
        if self._is_known(attempt):
            attempt.folder.report(attempt, self._strategy, self._now())

    def _shorten(self, grant: Grant, front: Lease) -> None:
        """Shorten the lease that a grant's frames were stolen from; `front` is what is left of it."""
        victim = next(attempt for attempt in self._attempts.values() if attempt.lease.id == front.id)
        victim.lease = front
        self.steals += 1
        for frame in self._ledger.frames_in(grant.lease.span):
            self._ledger.move(frame, FrameState.PENDING)
        self._journal.write("robbed", attempt=victim.number, frames=str(front.span))
        self._stop_if_done(victim)

    def _stop_if_done(self, attempt: Attempt) -> None:
        """Stop a renderer that frames were stolen from, once all that are still its own are there."""
        if not attempt.is_cut or attempt.tree is None or attempt.exit.stopped is not None or attempt.ended:
            return
        if self._collector.has_all(attempt):
            self._stop_or_go_on(attempt)
        elif attempt.output.counted >= len(attempt.lease.span) and attempt.number not in self._checking:
            self._checking[attempt.number] = asyncio.create_task(self._check(attempt))

    async def _check(self, attempt: Attempt) -> None:
        for _ in range(CHECKS):
            if await self._collector.are_whole(attempt):
                self._stop_or_go_on(attempt)
                return
            await asyncio.sleep(CHECK_EVERY)

    def _stop_or_go_on(self, attempt: Attempt) -> None:
        """Stop a renderer whose own frames are done, or undo the steal if it is faster than its helper."""
        if attempt.exit.stopped is not None or attempt.ended:
            return
        for other in self._attempts.values():  # one that has begun keeps its frames
            self._report(other)
        reclaim = self._strategy.reclaim(attempt.lease, self._now())
        if reclaim is None:
            self._supervisor.stop(attempt, StopReason.STOLEN, grace=STOLEN_GRACE)
            return
        attempt.lease = reclaim.lease
        if (checking := self._checking.pop(attempt.number, None)) is not None:
            checking.cancel()  # it looks for fewer frames
        self.reclaimed += 1
        helper = next(each for each in self._attempts.values() if each.lease.id == reclaim.cancelled.id)
        helper.withdrawn = True
        self._supervisor.stop(helper, StopReason.NOT_NEEDED, grace=STOLEN_GRACE)
        self._journal.write("reclaimed", attempt=attempt.number, frames=str(reclaim.lease.span))
