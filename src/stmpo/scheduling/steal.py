"""`steal`: contiguous ranges, weighted where costs are known; a process that finishes early takes frames from
the end of the range that is furthest behind.

Each slot begins with a range as long as possible, because every range costs a start-up. When a slot is idle
and nothing waits, it *steals*: it takes frames from the back of the living lease that is expected to end
last. Their number follows from the *water level*: the earliest time at which everything could end if every
slot, once idle, started one more renderer.

    now        T (level)
     │ ███████████▒▒▒▒▒▒▒▒   victim range, ends last: frames beyond T are stolen, from its back
     │ ████████   :          will be idle soon, and then has T - end - start-up to give
     │ ····████████          stealing slot, start-up included: takes work until T, and leaves the rest

With a level instead of a half, several stealing slots share a victim evenly, in whatever order they come, and
the next steal corrects estimates that turn out wrong. A stolen range may be a victim in turn, even before it
has begun. Stealing ends where the stolen frames would not be done clearly earlier than now: then a start-up
does not pay.

An estimate may be wrong: a victim that speeds up reaches the stolen frames before their process has begun. It
then simply goes on, since its command line still covers them, and the other start is cancelled (`reclaim`).
So every frame is begun no later than it would have been without the steal, and stealing is never slower than
fixed ranges.

Frames in work are never taken: the frame after the last finished one, and as many more as were seen in work
at once (Multi-Frame Rendering finishes frames out of order).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from stmpo.model.frame_bits import FrameBits
from stmpo.scheduling.estimates import Estimates, completed
from stmpo.scheduling.initial_ranges import cautious, equal_ranges, weighted_ranges
from stmpo.scheduling.lease_queue import LeaseQueue
from stmpo.scheduling.protocol import Grant, Lease, Reclaim

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stmpo.model.frames import FrameSet, Span

USUAL_START_UP = 15.0
"""Seconds that a renderer takes to start, until one has started."""

WORTH = 0.1
"""A steal pays if the stolen frames begin earlier than in the victim range by at least this share of a
start-up.
"""

OVERDUE = 1.25
"""A frame that has been in work for t seconds is expected to take at least `OVERDUE` times t in all."""

BURST = 0.1
"""Frames that finish within this share of the usual time between frames were in work together, and share the
time.
"""

FRESH = 0.005
"""Seconds per living lease for which an estimate of a rest is kept: with a thousand, five seconds change
little.
"""


@dataclass(slots=True, eq=False)
class _Work:
    """The state of a living lease's process."""

    lease: Lease
    start: float
    """Time when it was started, or is expected to start."""

    asked: int
    """The last frame of its command line."""

    last: float
    """Time when it began, or last finished a frame: the frame in work is that old."""

    top: int
    """The highest finished frame; before any, the one before the first."""

    began: bool = False
    done: int = 0
    reported: FrameBits = field(default_factory=FrameBits)
    """Its finished frames. A frame that is rendered again has a known cost before it is done, so costs do not
    tell.
    """

    spread: int = 0
    """Most frames below the top that were unfinished at once."""

    burst: tuple[int, ...] = ()
    """Positions of the frames that finished together last."""

    burst_from: float = 0.0
    rest: _Rest = field(init=False)
    """Its remaining part, as estimated last."""

    looked_at: float = -math.inf
    """When that was."""

    changed: bool = True
    """Something has happened since."""


@dataclass(slots=True, eq=False)
class _Rest:
    """The remaining part of a living lease."""

    work: _Work
    end: float
    """Time at which it is expected to be done."""

    level: float = 0.0
    """Estimated seconds per frame of shape 1."""

    loose: int = 0
    """Frames at the back that are not in work."""


class Steal:
    """Implements `stmpo.scheduling.protocol.Strategy`.

    `record` holds costs in seconds of an earlier run, by frame number. If they are of the version rendered
    now (`sure`), ranges and estimates follow them; otherwise only as far as `cautious` allows. `start_up` and
    `spawn_delay` are seconds. `ranges` are the first ranges, if the caller has chosen them.
    """

    name = "steal"

    def __init__(
        self,
        frames: FrameSet,
        slots: int,
        *,
        record: Mapping[int, float] | None = None,
        sure: bool = False,
        start_up: float | None = None,
        spawn_delay: float = 0.0,
        ranges: Sequence[FrameSet] | None = None,
    ) -> None:
        costs = completed(frames, record or {})
        self._estimates = Estimates(costs)
        if ranges is None and record and frames.frames:
            if not sure:
                costs = cautious(costs, slots, USUAL_START_UP if start_up is None else start_up)
            ranges = weighted_ranges(frames, costs, [slot * spawn_delay for slot in range(slots)])
        self._index = {frame: position for position, frame in enumerate(frames)}
        self._slots = slots
        self._spawn_delay = spawn_delay
        self._expected_start_up = start_up
        self._start_ups: list[float] = []
        self._next_start = float("-inf")
        self._works: dict[int, _Work] = {}
        self._by_first: dict[int, _Work] = {}
        """The same by their first frame."""

        self._lease_queue = LeaseQueue(equal_ranges(frames, slots) if ranges is None else ranges)

    @property
    def waiting(self) -> int:
        """Return the number of frames that are not leased yet."""
        return self._lease_queue.waiting

    @property
    def start_up(self) -> float:
        """Return the seconds that the next renderer is expected to need until it renders."""
        if self._start_ups:
            return median(self._start_ups[-9:])
        return USUAL_START_UP if self._expected_start_up is None else self._expected_start_up

    def grant(self, slot: int, now: float) -> Grant | None:
        """Return a waiting span, else the back part of a living lease, else None."""
        lease = self._lease_queue.take(slot)
        grant = Grant(lease) if lease is not None else self._steal(slot, now)
        if grant is not None:
            start = max(now, self._next_start)
            self._next_start = start + self._spawn_delay
            self._works[grant.lease.id] = self._by_first[grant.lease.span.first] = _Work(
                grant.lease,
                start,
                asked=grant.lease.span.last,
                last=start,
                top=grant.lease.span.first - 1,
            )
        return grant

    def started(self, lease: Lease, now: float) -> None:
        """Record that its process is being started."""
        work = self._works[lease.id]
        work.start = work.last = now
        work.changed = True
        work.asked = work.lease.span.last
        self._next_start = max(self._next_start, now + self._spawn_delay)

    def began(self, lease: Lease, now: float) -> None:
        """Record that its process begins to render."""
        work = self._works[lease.id]
        if not work.began:
            work.began = work.changed = True
            work.last = work.burst_from = now
            self._start_ups.append(now - work.start)

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Record a rendered frame: its cost, and a hint at the costs of its neighbours."""
        work = self._works[lease.id]
        position = self._index.get(frame)
        if frame not in work.lease.span or position is None or frame in work.reported:
            return
        work.reported.add(frame)
        work.changed = True
        self.began(lease, now)
        usual = (now - work.burst_from) / len(work.burst) if work.burst else 0.0
        if now - work.last < BURST * usual:
            work.burst = (*work.burst, position)
        else:
            work.burst, work.burst_from = (position,), work.last
        work.last = now
        for together in work.burst:
            self._estimates.observe(together, (now - work.burst_from) / len(work.burst))
        work.done += 1
        work.top = max(work.top, frame)
        work.spread = max(work.spread, work.top - work.lease.span.first + 1 - work.done)

    def reclaim(self, lease: Lease, now: float) -> Reclaim | None:  # noqa: ARG002 - other rules need the time
        """Return the next frames if their process has not begun: the victim, which renders, is faster."""
        work = self._works[lease.id]
        behind = self._by_first.get(work.lease.span.last + 1)
        if behind is None or behind.began or behind.lease.span.last > work.asked:
            return None
        cancelled = behind.lease
        self._forget(behind)
        work.lease = self._lease_queue.join(work.lease, cancelled)
        work.looked_at = -math.inf
        return Reclaim(work.lease, cancelled)

    def fall_back(self) -> tuple[Lease, ...]:
        """Return nothing: no folder is shared."""
        return ()

    def retire(self, lease: Lease) -> None:
        """Record that its process has ended. The lease may be one that `reclaim` has cancelled."""
        if lease.id in self._works:
            self._forget(self._works[lease.id])
            self._lease_queue.retire(lease)

    def _forget(self, work: _Work) -> None:
        del self._works[work.lease.id]
        if self._by_first.get(work.lease.span.first) is work:
            del self._by_first[work.lease.span.first]

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Queue frames that must be rendered again: next, or (`last`) after all others."""
        self._lease_queue.give_back(spans, last=last)

    def _steal(self, slot: int, now: float) -> Grant | None:
        if now < self._next_start:
            return None  # the start gate is taken: to decide when it is free costs nothing, and more is known then
        start_up = self.start_up
        ready = now + start_up
        works = [
            work
            for work in self._works.values()
            if not self._lease_queue.is_aside(work.lease) and work.lease.span.last in self._index
        ]
        fresh = now - FRESH * len(works)
        rests = [work.rest if work.looked_at >= fresh else self._look(work, now, start_up) for work in works]
        victim = max(rests, key=_end_of_loose, default=None)
        while victim is not None and (victim.work.changed or victim.work.looked_at < now):
            # An estimate of a moment ago chose it.
            rests[rests.index(victim)] = self._look(victim.work, now, start_up)
            victim = max(rests, key=_end_of_loose)
        if victim is None or victim.loose <= 0 or ready + WORTH * start_up >= victim.end:
            return None
        room = self._water_level(rests, ready) - ready
        last = self._index[victim.work.lease.span.last]
        taken = self._estimates.fitting(last, victim.loose, room / victim.level)
        cost = self._estimates.shape(last + 1 - taken, last) * victim.level
        if ready + cost + WORTH * start_up > victim.end:
            return None
        return self._take(victim.work, taken, slot)

    def _take(self, victim: _Work, frames: int, slot: int) -> Grant:
        victim.lease, cut = self._lease_queue.cut(victim.lease, victim.lease.span.last - frames)
        victim.looked_at = -math.inf  # its estimate is far off
        return Grant(self._lease_queue.lease(slot, cut), victim=victim.lease)

    def _look(self, work: _Work, now: float, start_up: float) -> _Rest:
        """Estimate the remaining part of a lease, and keep the result in its work."""
        work.rest, work.looked_at, work.changed = self._rest(work, now, start_up), now, False
        return work.rest

    def _rest(self, work: _Work, now: float, start_up: float) -> _Rest:
        """Return the remaining part of a lease, and its expected end."""
        if work.top >= work.lease.span.last:
            return _Rest(work, max(now, work.last))
        first, last = self._index[work.top + 1], self._index[work.lease.span.last]
        under_way = now - work.last if work.began else 0.0
        level = self._estimates.level(first, last)
        if under_way > self._estimates.shape(first, first) * level:
            under_way *= OVERDUE
            level = self._estimates.level(first, last, under_way)
        begins = work.last if work.began else max(now, work.start + start_up)
        current = self._estimates.shape(first, first) * level
        holes = (work.top - work.lease.span.first + 1 - work.done) * current
        behind = self._estimates.shape(first + 1, last) * level if last > first else 0.0
        end = max(now, begins + max(current, under_way)) + behind + holes
        return _Rest(work, end, level, last - first - work.spread)

    def _water_level(self, rests: Sequence[_Rest], ready: float) -> float:
        """Return the time when everything could end: the work beyond it equals what the other slots can do
        until then.
        """
        idle = self._slots - len(self._works)
        free = [ready + at * self._spawn_delay for at in range(idle)]
        free += [max(rest.end + self.start_up, ready) for rest in rests]
        return water_level([rest.end for rest in rests], free)


def water_level(ends: Sequence[float], begins: Sequence[float]) -> float:
    """Return the time at which the work beyond it, of work that would end at `ends`, fits into the slots that
    are free from `begins`.
    """
    level, slope = min(*ends, *begins), len(ends)
    missing = sum(ends) - slope * level  # work beyond the level less what fits below it
    for time, change in sorted([*((end, -1) for end in ends), *((begin, 1) for begin in begins)]):
        if missing <= slope * (time - level):
            break
        missing -= slope * (time - level)
        level, slope = time, slope + change
    return min(max(ends), level + max(0.0, missing) / max(1, slope))


def _end_of_loose(rest: _Rest) -> float:
    return rest.end if rest.loose > 0 else -math.inf
