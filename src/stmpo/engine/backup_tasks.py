"""Give a frame that a renderer seems to be stuck on to an idle slot as well.

    idle slot ─► nothing to grant ─► `grant`: a frame that takes far longer than its neighbours
    (`scheduling.backup`) the frame is verified ─► `check`: the other renderer of the frame is stopped;
    nobody is to blame

A backup has a lease of its own that the strategy does not know, since there a frame has one lease. The
ledger does not know it either: the frame stays leased, and the first whole file moves it on. Whichever
renderer ends without the frame leaves it to the other one (`partner`).

There are no backups for a single file, which is one frame for the ledger, and none in a shared folder, where
nobody knows which renderer has which frame in work. A frame gets one backup, and none after it has failed.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from stmpo.engine.attempt import StopReason
from stmpo.engine.ledger import FrameState
from stmpo.model.events import Level
from stmpo.model.frames import Span
from stmpo.scheduling.backup import NEIGHBOURS, FrameInWork, choose_backup
from stmpo.scheduling.protocol import Lease

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stmpo.engine.attempt import Attempt
    from stmpo.engine.run_context import RunContext
    from stmpo.engine.supervisor import Supervisor

REACH = 200
"""Frames to each side in which neighbours with a known cost are looked for."""

_DONE = frozenset((FrameState.VERIFIED, FrameState.DELIVERED))


def partner(attempt: Attempt, attempts: Mapping[int, Attempt]) -> Attempt | None:
    """Return the other attempt that has one of this attempt's frames in work as well."""
    for other in attempts.values():
        if other is not attempt and not other.settled:
            if other.request.backup_of == attempt.number:
                return other
            if attempt.request.backup_of == other.number and attempt.lease.span.first in other.lease.span:
                return other
    return None


class BackupTasks:
    """Chooses backups, and stops the renderer that was slower. `failures` are the frames that have failed."""

    def __init__(self, context: RunContext, supervisor: Supervisor, failures: Collection[int]) -> None:
        self._ledger, self._attempts = context.ledger, context.attempts
        self._reporter = context.reporter
        self._single_file = context.job.single_file
        self._supervisor = supervisor
        self._failures = failures
        self._first_frames: dict[int, float] = {}
        """Seconds from the beginning of rendering to the first frame, by attempt."""

        self._given: set[int] = set()
        """Frames that had a backup."""

        self.originals: dict[int, int] = {}
        """The attempt that a backup is for, by the backup's lease."""

    def on_progress(self, attempt: Attempt) -> None:
        """Note when a renderer's first frame is done."""
        if (
            attempt.number not in self._first_frames
            and attempt.start_up is not None
            and any(attempt.progress)
        ):
            rendering = time.monotonic() - attempt.started_at - attempt.start_up
            self._first_frames[attempt.number] = rendering

    def grant(self, slot: int, start_ups: list[float]) -> Lease | None:
        """Return a lease for a backup in an idle slot, or None if no renderer seems to be stuck."""
        if self._single_file or not start_ups:
            return None
        in_work = [
            found for attempt in self._attempts.values() if (found := self._in_work(attempt)) is not None
        ]
        costs = {frame: cost for each in in_work for frame, cost in self._neighbours(each.frame).items()}
        start_up = sorted(start_ups)[len(start_ups) // 2]
        chosen = choose_backup(in_work, costs, list(self._first_frames.values()), start_up)
        if chosen is None:
            return None
        original = self._attempts[chosen.attempt]
        text = f"frame {chosen.frame} takes {chosen.seconds:.0f} s, far longer than its neighbours: an idle process renders it as well"
        self._reporter.say(Level.INFO, text, original)
        self._given.add(chosen.frame)
        lease = Lease(-len(self._given), slot, Span(chosen.frame, chosen.frame))
        self.originals[lease.id] = original.number
        return lease

    def check(self) -> None:
        """Stop the slower renderer of each frame that is verified."""
        for attempt in list(self._attempts.values()):
            if attempt.request.backup_of is not None:
                self.settle(attempt)

    def settle(self, backup: Attempt) -> None:
        """Stop the slower of the two renderers, if the backup's frame is verified."""
        frame = backup.lease.span.first
        if self._ledger[frame].state not in _DONE:
            return
        if frame not in backup.files.taken:
            self._supervisor.stop(backup, StopReason.OVERTAKEN)
            return
        original = self._attempts.get(backup.request.backup_of or 0)
        # It may have come to an end with the frame after all, and be at work on its next one.
        if original is not None and frame in original.lease.span and frame not in original.files.seen:
            self._supervisor.stop(original, StopReason.OVERTAKEN)

    def _in_work(self, attempt: Attempt) -> FrameInWork | None:
        """Return the oldest frame that an attempt has in work; None if it must not get a backup."""
        seconds = attempt.watchdog.seconds_on_frame
        usable = attempt.tree is not None and not attempt.ended and attempt.exit.stopped is None
        if not usable or attempt.folder.is_shared or attempt.samples.paused or seconds is None:
            return None
        if attempt.request.backup_of is not None or attempt.output.finished:
            return None
        ahead = attempt.output.counted - len(attempt.files.seen)
        frame = next(attempt.files.seen.gaps(*_ends(attempt)), None)
        if frame is None or ahead > 0 or frame in self._given or frame in self._failures:
            return None
        return FrameInWork(attempt.number, frame, seconds, is_first=not any(attempt.progress))

    def _neighbours(self, frame: int) -> dict[int, float]:
        """Return the known costs of the nearest frames."""
        found: dict[int, float] = {}
        for distance in range(1, REACH):
            for other in (frame - distance, frame + distance):
                cost = self._ledger[other].cost if other in self._ledger else None
                if cost is not None and math.isfinite(cost):
                    found[other] = cost
            if len(found) >= NEIGHBOURS:
                break
        return found


def _ends(attempt: Attempt) -> tuple[int, int]:
    return attempt.lease.span.first, attempt.lease.span.last
