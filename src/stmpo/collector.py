"""From scratch to destination: finds what renderers have written, has it verified, and has it delivered.

    file appears ─► left alone for `TRUST_AFTER` (or its renderer has ended) ─► verified ─► published ─► journal

The collector moves frames of the ledger along that line and back when a file is broken. Looking at folders happens in
the orchestrator's loop (scratch is local); reading and copying happen in a few threads, so that rendering goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.attempt import TRUST_AFTER, Attempt
from stmpo.delivery.likeness import Likeness
from stmpo.delivery.likeness import text as as_text
from stmpo.delivery.publish import DestinationError, SourceChanged, mount_of, publish, retry_delay
from stmpo.delivery.room import Sizes
from stmpo.delivery.settling import Found, Settling, scan
from stmpo.delivery.space import ensure_room
from stmpo.delivery.strays import out_of_turn
from stmpo.delivery.verify import Broken, Whole, has_structure, verify_frame
from stmpo.errors import ExitCode, NoSpace, StmpoError
from stmpo.events import Event, FrameDelivered, Level, Message
from stmpo.frames import FrameSet
from stmpo.journal import frames_of
from stmpo.ledger import FrameState, Ledger
from stmpo.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from stmpo.delivery.publish import Published
    from stmpo.delivery.scratch import Scratch
    from stmpo.job import RenderJob
    from stmpo.journal import Journal

VERIFY_THREADS = 2
"""Attempts whose files are verified at a time. Checksums and reads run beside each other, walking structure does not."""

DELIVERY_THREADS = 8
"""Deliveries at a time: enough to hide the latency of one flush behind the others, few enough for a spinning disk."""

DELIVERIES_AT_A_TIME = 8 * DELIVERY_THREADS
"""Frames that are being copied, or wait to be tried again. The others wait as plain values, which hold a fraction
of the memory of a task and its future."""

ROOM_RETRY = 3.0
"""Seconds between two tries to deliver to a full disk."""

REVERIFY = 5
"""How often a frame that changes after it was verified is looked at again, before it is rendered again."""

LAST_SECONDS = 5.0
"""How long a run that ends waits for a destination in the middle of a copy. What hangs longer hangs for good."""


class SizesDiffer(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """Frames keep coming out of another size than those before."""

    exit_code = ExitCode.FRAMES_FAILED


class DeliveryFailed(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """The destination refuses frames; they are kept in scratch."""

    exit_code = ExitCode.FRAMES_FAILED


@dataclass(slots=True)
class _Look:
    """What the collector remembers of one attempt's folder."""

    attempt: Attempt
    settling: Settling
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    changed: dict[str, tuple[int, int]] = field(default_factory=dict)
    complete: bool = False
    """The folder was looked at after its renderer had ended: nothing in it is waiting to be found."""


class Collector:
    """Owns the way of a frame's file.

    `failed` is called when delivery cannot go on, `lost` for a verified frame that has to be rendered again after all,
    `revoked` for frames that turned out to be of the wrong size. `patience` is how many seconds deliveries wait for room
    on a full disk. `likeness` knows the sizes of what is delivered already.
    """

    def __init__(
        self,
        job: RenderJob,
        ledger: Ledger,
        journal: Journal,
        scratch: Scratch,
        *,
        run: str,
        minimum_bytes: int,
        emit: Callable[[Event], None],
        failed: Callable[[StmpoError], None],
        lost: Callable[[int], None],
        patience: float = 0.0,
        revoked: Callable[[FrameSet], None] = lambda _: None,
        likeness: Likeness | None = None,
    ) -> None:
        self._job = job
        self._held = frames_of(job)
        self._mount = mount_of(job.output.directory)
        self._ledger = ledger
        self._journal = journal
        self._scratch = scratch
        self._tag = run
        self._minimum = minimum_bytes
        self._emit = emit
        self._failed = failed
        self._lost = lost
        self._revoked = revoked
        self._likeness = Likeness() if likeness is None else likeness
        self._outcast: set[int] = set()
        """Frames on their way to the destination that will not count there: they are of the wrong size."""

        self._readers = Threads(VERIFY_THREADS, "verify")
        self._copiers = Threads(DELIVERY_THREADS, "delivery")
        self._looks: dict[int, _Look] = {}
        self._queue: deque[tuple[int, Path, Whole, str, Attempt | None]] = deque()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._gave_up = False
        self._patience = patience
        self._refused_since: float | None = None
        """When a delivery found no room, for the first time since one found room."""

        self.refused = ""
        """Why deliveries find no room, in words; empty while they do."""

        self.sizes = Sizes()
        """Of the frames delivered in this run."""

        self._forced: str | None = None
        self.taken = 0
        """Frames that were rendered whole in this run, by any attempt."""

        self.waiting_bytes = 0
        """Bytes that are verified and not yet delivered."""

    @property
    def waiting(self) -> int:
        """Frames that are verified and not yet delivered."""
        return len(self._queue) + len(self._deliveries)

    async def look(self, attempt: Attempt, now: float) -> None:
        """See what the attempt's renderer has written, and take what can be taken (everything, once it has ended)."""
        look = self._looks.get(attempt.number)
        if look is None:
            look = self._looks[attempt.number] = _Look(attempt, Settling(TRUST_AFTER))
        async with look.lock:
            last = attempt.ended
            ready = [found for found in self._found(attempt) if self._settled(attempt, look, found, now)]
            if last:
                ready = self._without_strays(attempt, ready)
            ready.sort(key=lambda found: found.mtime_ns)  # their costs are the times between them
            if ready and not attempt.untrusted:
                whole = await self._verify(attempt, ready)
                if not attempt.untrusted:  # words that came while it was read
                    for found, file in whole:
                        self._take(attempt, found, file)
                        look.settling.forget(found.name)
                        look.changed.pop(found.name, None)
            look.complete = last

    def _without_strays(self, attempt: Attempt, ready: list[Found]) -> list[Found]:
        """Leave out files that may show another frame, where the renderer told of more frames than it left files."""
        if self._job.single_file or attempt.asked is None or attempt.lease.shared:
            return ready
        there = {file.frame for file in scan(attempt.folder) if file.size and file.frame in attempt.asked}
        if attempt.counted <= len(there | attempt.taken):
            return ready
        strays = out_of_turn({file.frame: file.mtime_ns for file in ready if file.frame is not None})
        for frame in strays:
            attempt.broken[frame] = (
                "was written out of turn, while another frame that was told of has no file"
            )
        return [file for file in ready if file.frame not in strays]

    def has_all(self, attempt: Attempt) -> bool:
        """Whether every frame of the attempt's lease was taken."""
        return all(frame in attempt.taken for frame in attempt.lease.span if self._wants(attempt, frame))

    def _wants(self, attempt: Attempt, frame: int) -> bool:
        return frame in self._ledger and frame not in attempt.excluded

    async def whole(self, attempt: Attempt) -> bool:
        """Whether every frame of the attempt's lease has a whole file, settled or not, as far as files can show it."""
        found = {file.frame: file for file in self._found(attempt) if has_structure(file.extension)}
        left = [frame for frame in attempt.lease.span if frame in self._ledger and frame not in attempt.taken]
        if any(frame not in found for frame in left):
            return False
        results = await self._readers.run(verify_all, [found[frame] for frame in left], self._minimum)
        return all(isinstance(result, Whole) for result in results)

    async def count_beyond(self, attempt: Attempt) -> int:
        """How many whole frames lie in the attempt's folder that were its own once, and are so no more."""
        beyond = [
            file
            for file in scan(attempt.folder)
            if file.frame is not None and attempt.asked is not None and file.frame in attempt.asked
            if file.frame not in attempt.lease.span
        ]
        results = await self._readers.run(verify_all, beyond, self._minimum)
        return sum(isinstance(result, Whole) for result in results)

    def _found(self, attempt: Attempt) -> list[Found]:
        """Files of frames that the attempt was asked for and that were not taken yet; the asked extension first."""
        if self._job.single_file and not attempt.wrote_its_file:
            return []
        best: dict[int, Found] = {}
        for found in scan(attempt.folder):
            frame = attempt.lease.span.first if self._job.single_file else found.frame
            if frame is None or frame not in attempt.lease.span or frame in attempt.taken:
                continue
            if not self._wants(attempt, frame):
                continue
            if frame not in best or found.extension.lower() == self._job.output.extension.lower():
                best[frame] = found
        return list(best.values())

    def _settled(self, attempt: Attempt, look: _Look, found: Found, now: float) -> bool:
        frame = self._frame(attempt, found)
        state = (found.size, found.mtime_ns)
        if look.changed.get(found.name) != state:
            look.changed[found.name] = state
            attempt.changes += 1
        if frame not in attempt.seen and found.size:
            attempt.saw(frame, now)
            if self._ledger[frame].state is FrameState.LEASED:
                self._ledger.move(frame, FrameState.RENDERED)
        return look.settling.observe(found.name, found.size, found.mtime_ns, now) or attempt.ended

    def _frame(self, attempt: Attempt, found: Found) -> int:
        if self._job.single_file or found.frame is None:
            return attempt.lease.span.first
        return found.frame

    async def _verify(self, attempt: Attempt, ready: Sequence[Found]) -> list[tuple[Found, Whole]]:
        results = await self._readers.run(verify_all, ready, self._minimum)
        whole = []
        for found, read in zip(ready, results, strict=True):
            frame = self._frame(attempt, found)
            result = self._counted(attempt, read) if self._job.single_file else read
            if isinstance(result, Broken):
                attempt.broken[frame] = result.reason
            elif self._ledger[frame].state is FrameState.RENDERED:
                if odd := self._unlike(attempt, frame, result):
                    attempt.broken[frame] = odd
                else:
                    attempt.broken.pop(frame, None)
                    whole.append((found, result))
        if any(isinstance(result, Whole) for result in results):
            self._compare()
        # The run may have turned to another size just now.
        return [
            (found, file)
            for found, file in whole
            if self._unlike(attempt, self._frame(attempt, found), file) is None
        ]

    def _unlike(self, attempt: Attempt, frame: int, file: Whole) -> str | None:
        """Why a whole frame of a sequence is refused: it is not of the size that the others are."""
        return None if self._job.single_file else self._likeness.judge(frame, file.sides, attempt.number)

    def _compare(self) -> None:
        """After new frames were judged: turn to the size of most of them, or see that more of them are no use."""
        old = self._likeness.turn()
        if old is not None and self._likeness.size is not None:
            size = as_text(self._likeness.size)
            which = f"frame {old} is" if len(old) == 1 else f"frames {old} are"
            text = f"{which} not {size} pixels large, as most are; rendered again"
            self._emit(Message(Level.WARNING, text))
            self._cast_out(old)
        elif (why := self._likeness.hopeless) and not self._gave_up:
            self._gave_up = True
            self._failed(SizesDiffer(why))

    def _cast_out(self, frames: FrameSet) -> None:
        """Frames of the wrong size count no more: those at the destination now, those on their way when they are there."""
        self._outcast = {frame for frame in frames if self._ledger[frame].state is FrameState.VERIFIED}
        there = FrameSet.of(frame for frame in frames if self._ledger[frame].state is FrameState.DELIVERED)
        self._take_back(there)
        # Whoever renders still, or was not concluded yet, finds them missing then.
        open_ = {f for look in self._looks.values() if not look.attempt.concluded for f in look.attempt.taken}
        if again := FrameSet.of(frame for frame in there if frame not in open_):
            self._revoked(again)

    def _take_back(self, frames: FrameSet) -> None:
        """Remove these frames from the destination; they are pending."""
        for frame in frames:
            self._ledger.move(frame, FrameState.PENDING)
            with contextlib.suppress(OSError):
                self._job.output.path(frame, self._forced).unlink()
        if frames:
            self._journal.write("revoked", frames=str(frames))

    @staticmethod
    def _counted(attempt: Attempt, file: Whole | Broken) -> Whole | Broken:
        """A movie must hold the frames that its renderer told of; how many were asked for is another question, since
        render settings may choose another frame rate.
        """
        if isinstance(file, Broken) or file.frames is None:
            return file
        attempt.pictures = file.frames
        if file.frames >= attempt.counted:
            return file
        return Broken(f"holds {file.frames:,} frames, and its renderer told of {attempt.counted:,}")

    def _take(self, attempt: Attempt, found: Found, file: Whole) -> None:
        """A frame is whole: account for it and send it on its way."""
        frame = self._frame(attempt, found)
        record = self._ledger.move(frame, FrameState.VERIFIED)
        record.size, record.slot = file.size, attempt.lease.slot
        record.renderings += 1
        record.cost = attempt.costs.finished(file.mtime_ns / 1e9)
        attempt.taken.add(frame)
        self.taken += 1
        self._send(frame, found.path, file, self._extension(found), attempt)

    def adopt(self, frame: int, found: Found, file: Whole) -> None:
        """A whole frame of an earlier run's scratch goes the same way."""
        self._ledger.move(frame, FrameState.VERIFIED).size = file.size
        self._send(frame, found.path, file, self._extension(found), None)

    def _extension(self, found: Found) -> str:
        """The extension to deliver under: After Effects forces that of the output module, whatever was asked."""
        asked = self._job.output.extension
        if found.extension.lower() == asked.lower():
            return asked
        if self._forced != found.extension:
            self._forced = found.extension
            self._emit(
                Message(
                    Level.WARNING,
                    f"the renderer writes {found.extension} where --output says {asked or 'no extension'}; frames are"
                    f" delivered as {found.extension}. Choose another output module template or correct --output",
                )
            )
        return found.extension

    def _send(self, frame: int, source: Path, file: Whole, extension: str, attempt: Attempt | None) -> None:
        self.waiting_bytes += file.size
        if attempt is not None:
            attempt.undelivered += 1
        self._queue.append((frame, source, file, extension, attempt))
        self._deliver_more()

    def _deliver_more(self, done: asyncio.Task[None] | None = None) -> None:
        """Start what there is room for, in the place of the delivery that is done."""
        if done is not None:
            self._deliveries.discard(done)
        while self._queue and len(self._deliveries) < DELIVERIES_AT_A_TIME:
            task = asyncio.get_running_loop().create_task(self._deliver(*self._queue.popleft()))
            self._deliveries.add(task)
            task.add_done_callback(self._deliver_more)

    async def _deliver(
        self, frame: int, source: Path, file: Whole, extension: str, attempt: Attempt | None
    ) -> None:
        destination = self._job.output.path(frame, extension)
        try:
            published = await self._publish(source, destination, file)
            if published is None:
                self._ledger.move(frame, FrameState.PENDING)
                self._lost(frame)
            else:
                self._account(frame, destination, published.size)
                await self._record(frame, destination, published.size, attempt)
                self._refuse_outcast(frame, attempt)
                with contextlib.suppress(OSError):  # it goes with its folder at the latest
                    _drop(source, shared=attempt is not None and attempt.lease.shared)
        except StmpoError as error:
            self._gave_up = True
            self._failed(error)
            return
        finally:
            self.waiting_bytes -= file.size
        if attempt is not None:
            attempt.undelivered -= 1
            self.settle(attempt)

    def _refuse_outcast(self, frame: int, attempt: Attempt | None) -> None:
        if frame in self._outcast:
            self._outcast.discard(frame)
            self._take_back(FrameSet((frame,)))
            if attempt is None or attempt.concluded:
                self._revoked(FrameSet((frame,)))

    def _account(self, frame: int, destination: Path, size: int) -> None:
        """The frame stands at the destination: ledger, sinks."""
        record = self._ledger.move(frame, FrameState.DELIVERED)
        self.sizes.add(size)
        self._emit(
            FrameDelivered(
                frame=frame,
                slot=-1 if record.slot is None else record.slot,
                name=destination.name,
                size=size,
                cost=record.cost,
                delivered=self._ledger.count(FrameState.DELIVERED),
                total=len(self._ledger),
            )
        )

    async def _record(self, frame: int, destination: Path, size: int, attempt: Attempt | None) -> None:
        """Say so in the journal; where its disk is full, once there is room."""
        cost = self._ledger[frame].cost
        values: dict[str, object] = {
            "frame": frame,
            "name": destination.name,
            "size": size,
            "cost": None if cost is None else round(cost, 4),
            "attempt": None if attempt is None else attempt.number,
            **({} if self._held is None else {"frames": self._held}),
        }
        while (full := self._unwritten("delivered", values)) is not None:
            await self._wait_for_room(full)
        self._refused_since, self.refused = None, ""

    def _unwritten(self, event: str, values: Mapping[str, object]) -> NoSpace | None:
        """Write to the journal; why it could not be."""
        try:
            self._journal.write(event, **values)
        except NoSpace as full:
            return full
        return None

    async def _wait_for_room(self, full: NoSpace) -> None:
        """Let some time pass.

        Raises:
            NoSpace: the wait has lasted for as long as it may.
        """
        now = time.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        self.refused = str(full).partition(";")[0]
        if self._gave_up or now - self._refused_since >= self._patience:
            raise full
        await asyncio.sleep(min(ROOM_RETRY, self._patience))

    async def _publish(self, source: Path, destination: Path, file: Whole) -> Published | None:
        """Copy until it stands there. What may pass is waited out, but not again for each frame that is waiting.

        Returns None when the frame in scratch turned out not to be whole after all.

        Raises:
            NoSpace, DeliveryFailed: what a user can act on.
        """
        failures = 0
        while True:
            try:
                published = await self._copiers.run(
                    _publish, source, destination, file, self._tag, self._mount
                )
            except SourceChanged:
                # It was written again after two quiet seconds: what counts is what it is now.
                if failures >= REVERIFY or (changed := await self._verified_again(source)) is None:
                    return None
                file = changed
            except NoSpace as full:
                await self._wait_for_room(full)
                continue
            except DestinationError as error:
                delay = retry_delay(failures) if error.transient and not self._gave_up else None
                if delay is None:
                    raise DeliveryFailed(
                        f"cannot deliver {destination.name} to {destination.parent}: {error}; it is kept in scratch:"
                        " make the folder writable and run again"
                    ) from None
                await asyncio.sleep(delay)
            else:
                self._refused_since, self.refused = None, ""
                return published
            failures += 1

    async def _verified_again(self, source: Path) -> Whole | None:
        await asyncio.sleep(TRUST_AFTER)
        result = await self._readers.run(verify_path, source, self._minimum)
        return result if isinstance(result, Whole) else None

    def settle(self, attempt: Attempt) -> None:
        """Give the attempt's folder back once it has been looked at for the last time and all taken of it is delivered."""
        look = self._looks.get(attempt.number)
        if look is not None and look.complete and not attempt.undelivered:
            del self._looks[attempt.number]
            self._scratch.discard(attempt.folder)

    def revoke(self, attempt: Attempt) -> FrameSet:
        """Take back all that this attempt delivered: its words say that it may be wrong. Returns those frames."""
        frames = FrameSet.of(
            frame for frame in attempt.taken if self._ledger[frame].state is FrameState.DELIVERED
        )
        for frame in frames:
            self._ledger.move(frame, FrameState.PENDING)
            with contextlib.suppress(OSError):
                self._job.output.path(frame, self._forced).unlink()
        if frames.frames:
            self._journal.write("revoked", frames=str(frames), attempt=attempt.number)
        return frames

    async def some_delivered(self, limit: float) -> None:
        """Wait until at least one more delivery has ended, or for `limit` seconds."""
        if self._deliveries:
            await asyncio.wait(set(self._deliveries), timeout=limit, return_when=asyncio.FIRST_COMPLETED)

    async def attempt_delivered(self, attempt: Attempt) -> None:
        """Wait until nothing of this attempt is on its way."""
        while attempt.undelivered and self._deliveries:
            await asyncio.wait(set(self._deliveries), return_when=asyncio.FIRST_COMPLETED)

    def close(self) -> None:
        """End the threads; what they are copying is finished or thrown away as a whole, unless the system hangs in it."""
        self._queue.clear()
        for task in self._deliveries:
            task.cancel()
        self._readers.close(LAST_SECONDS)
        if not self._copiers.close(LAST_SECONDS):
            where = self._job.output.directory
            text = f"the destination {where} does not answer; frames that were on their way there are kept in scratch"
            self._emit(Message(Level.ERROR, text))


def _drop(source: Path, *, shared: bool) -> None:
    """A delivered frame's file; in a shared folder a byte of it stays, so that nobody renders the frame again."""
    if shared:
        os.truncate(source, 1)
    else:
        source.unlink()


def _publish(source: Path, destination: Path, file: Whole, tag: str, mount: Path) -> Published:
    ensure_room(destination.parent, file.size)
    return publish(source, destination, expected=file, temporary_tag=tag, mount=mount)


def verify_all(ready: Sequence[Found], minimum_bytes: int) -> list[Whole | Broken]:
    """Verify several files in one go, in a thread of the pool."""
    return [verify_one(found, minimum_bytes) for found in ready]


def verify_one(found: Found, minimum_bytes: int) -> Whole | Broken:
    """Verify one file that was found."""
    return verify_path(found.path, minimum_bytes)


def verify_path(path: Path, minimum_bytes: int) -> Whole | Broken:
    """Verify one file; a file that cannot be read now is not whole now."""
    try:
        return verify_frame(path, extension=path.suffix, minimum_bytes=minimum_bytes)
    except OSError as error:
        return Broken(f"cannot be read: {error.strerror or error}")
