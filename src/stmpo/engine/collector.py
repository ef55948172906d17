"""From scratch to destination: finds what renderers have written, has it verified, and has it delivered.

    file appears ─► left alone for `TRUST_AFTER` (or its renderer has ended) ─► verified ─► published ─► journal

The collector moves frames of the ledger along that line and back when a file is broken; the way from "verified" on is
its courier's. Looking at folders happens in the orchestrator's loop (scratch is local); reading and copying happen in a
few threads, so that rendering goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.delivery.disk_policy import FrameSizes
from stmpo.delivery.file_stability import RenderedFile, StabilityCheck, scan
from stmpo.delivery.misplaced_frames import find_misplaced_frames
from stmpo.delivery.size_consensus import SizeConsensus, format_size
from stmpo.delivery.verify import Broken, Whole, has_structure
from stmpo.delivery.verify_files import verify_all, verify_path
from stmpo.engine.attempt import TRUST_AFTER, Attempt
from stmpo.engine.delivery_queue import Delivery, DeliveryQueue
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.history.journal_model import movie_frames
from stmpo.model.errors import ExitCode, StmpoError
from stmpo.model.events import Event, FrameDelivered, Level, Message
from stmpo.model.frames import FrameSet
from stmpo.system.daemon_threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stmpo.delivery.scratch import Scratch
    from stmpo.history.journal import Journal
    from stmpo.model.render_job import RenderJob

VERIFY_THREADS = 2
"""Attempts whose files are verified at a time. Checksums and reads run beside each other, walking structure does not."""

LAST_SECONDS = 5.0
"""How long a run that ends waits for a destination in the middle of a copy. What hangs longer hangs for good."""


class SizesDiffer(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """Frames keep coming out of another size than those before."""

    exit_code = ExitCode.FRAMES_FAILED


@dataclass(slots=True)
class _Look:
    """What the collector remembers of one attempt's folder."""

    attempt: Attempt
    settling: StabilityCheck
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    changed: dict[str, tuple[int, int]] = field(default_factory=dict)
    complete: bool = False
    """The folder was looked at after its renderer had ended: nothing in it is waiting to be found."""


class Collector:
    """Owns the way of a frame's file.

    `failed` is called when delivery cannot go on, `lost` for a verified frame that has to be rendered again after all,
    `revoked` for frames that turned out to be of the wrong size. `patience` is how many seconds deliveries wait for room
    on a full disk. `size_consensus` knows the sizes of what is delivered already.
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
        size_consensus: SizeConsensus | None = None,
    ) -> None:
        self._job = job
        self._held = movie_frames(job)
        self._ledger = ledger
        self._journal = journal
        self._scratch = scratch
        self._minimum = minimum_bytes
        self._emit = emit
        self._failed = failed
        self._lost = lost
        self._revoked = revoked
        self._size_consensus = SizeConsensus() if size_consensus is None else size_consensus
        self._outcast: set[int] = set()
        """Frames on their way to the destination that will not count there: they are of the wrong size."""

        self._readers = Threads(VERIFY_THREADS, "verify")
        self._looks: dict[int, _Look] = {}
        self.delivery_queue = DeliveryQueue(self, journal, job.output.directory, run=run, patience=patience)
        """Brings verified frames to the destination."""

        self.sizes = FrameSizes()
        """Of the frames delivered in this run."""

        self._forced: str | None = None
        self.taken = 0
        """Frames that were rendered whole in this run, by any attempt."""

    async def look(self, attempt: Attempt, now: float) -> None:
        """See what the attempt's renderer has written, and take what can be taken (everything, once it has ended)."""
        look = self._looks.get(attempt.number)
        if look is None:
            look = self._looks[attempt.number] = _Look(attempt, StabilityCheck(TRUST_AFTER))
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

    def _without_strays(self, attempt: Attempt, ready: list[RenderedFile]) -> list[RenderedFile]:
        """Leave out files that may show another frame, where the renderer told of more frames than it left files."""
        if self._job.single_file or attempt.asked is None or attempt.lease.shared:
            return ready
        there = {file.frame for file in scan(attempt.folder) if file.size and file.frame in attempt.asked}
        if attempt.counted <= len(there | attempt.taken):
            return ready
        strays = find_misplaced_frames(
            {file.frame: file.mtime_ns for file in ready if file.frame is not None}
        )
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

    def _found(self, attempt: Attempt) -> list[RenderedFile]:
        """Files of frames that the attempt was asked for and that were not taken yet; the asked extension first."""
        if self._job.single_file and not attempt.wrote_its_file:
            return []
        best: dict[int, RenderedFile] = {}
        for found in scan(attempt.folder):
            frame = attempt.lease.span.first if self._job.single_file else found.frame
            if frame is None or frame not in attempt.lease.span or frame in attempt.taken:
                continue
            if not self._wants(attempt, frame):
                continue
            if frame not in best or found.extension.lower() == self._job.output.extension.lower():
                best[frame] = found
        return list(best.values())

    def _settled(self, attempt: Attempt, look: _Look, found: RenderedFile, now: float) -> bool:
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

    def _frame(self, attempt: Attempt, found: RenderedFile) -> int:
        if self._job.single_file or found.frame is None:
            return attempt.lease.span.first
        return found.frame

    async def _verify(
        self, attempt: Attempt, ready: Sequence[RenderedFile]
    ) -> list[tuple[RenderedFile, Whole]]:
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
        return (
            None if self._job.single_file else self._size_consensus.judge(frame, file.sides, attempt.number)
        )

    def _compare(self) -> None:
        """After new frames were judged: turn to the size of most of them, or see that more of them are no use."""
        old = self._size_consensus.switch_size()
        if old is not None and self._size_consensus.size is not None:
            size = format_size(self._size_consensus.size)
            which = f"frame {old} is" if len(old) == 1 else f"frames {old} are"
            text = f"{which} not {size} pixels large, as most are; rendered again"
            self._emit(Message(Level.WARNING, text))
            self._cast_out(old)
        elif (why := self._size_consensus.give_up_reason) and not self.delivery_queue.gave_up:
            self.delivery_queue.gave_up = True
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

    def _take_back(self, frames: FrameSet, **about: int) -> None:
        """Remove these frames from the destination; they are pending. `about` goes into the journal with them."""
        for frame in frames:
            self._ledger.move(frame, FrameState.PENDING)
            with contextlib.suppress(OSError):
                self._job.output.path(frame, self._forced).unlink()
        if frames:
            self._journal.write("revoked", frames=str(frames), **about)

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

    def _take(self, attempt: Attempt, found: RenderedFile, file: Whole) -> None:
        """A frame is whole: account for it and send it on its way."""
        frame = self._frame(attempt, found)
        self._ledger.move(frame, FrameState.VERIFIED)
        cost = attempt.costs.finished(file.mtime_ns / 1e9, time.monotonic() - attempt.started)
        self._ledger.rendered(frame, attempt.lease.slot, cost)
        attempt.taken.add(frame)
        self.taken += 1
        self._send(frame, found, file, attempt)

    def adopt(self, frame: int, found: RenderedFile, file: Whole) -> None:
        """A whole frame of an earlier run's scratch goes the same way."""
        self._ledger.move(frame, FrameState.VERIFIED)
        self._send(frame, found, file, None)

    def _extension(self, found: RenderedFile) -> str:
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

    def _send(self, frame: int, found: RenderedFile, file: Whole, attempt: Attempt | None) -> None:
        if attempt is not None:
            attempt.undelivered += 1
        output = self._job.output
        name = output.name(frame, self._extension(found))
        self.delivery_queue.send(Delivery(frame, found.path, file, output.directory, name, attempt))

    async def arrived(self, parcel: Delivery, size: int) -> None:
        """The frame stands at the destination: ledger, sinks, journal."""
        record = self._ledger.move(parcel.frame, FrameState.DELIVERED)
        self.sizes.add(size)
        self._emit(
            FrameDelivered(
                frame=parcel.frame,
                slot=-1 if record.slot is None else record.slot,
                name=parcel.name,
                size=size,
                cost=record.cost,
                delivered=self._ledger.count(FrameState.DELIVERED),
                total=len(self._ledger),
            )
        )
        values: dict[str, object] = {
            "frame": parcel.frame,
            "name": parcel.name,
            "size": size,
            "cost": None if record.cost is None else round(record.cost, 4),
            "attempt": None if parcel.attempt is None else parcel.attempt.number,
            **({} if self._held is None else {"frames": self._held}),
        }
        await self.delivery_queue.write("delivered", values)
        self._refuse_outcast(parcel.frame, parcel.attempt)

    def lost(self, parcel: Delivery) -> None:
        """The file changed after it was verified, and is not whole: the frame is rendered again."""
        self._ledger.move(parcel.frame, FrameState.PENDING)
        self._lost(parcel.frame)

    def settled(self, parcel: Delivery) -> None:
        """The attempt's folder may go with its last frame."""
        if parcel.attempt is not None:
            parcel.attempt.undelivered -= 1
            self.settle(parcel.attempt)

    def stopped(self, error: StmpoError) -> None:
        """Delivery cannot go on; what is verified stays in scratch."""
        self._failed(error)

    async def verified_again(self, source: str) -> Whole | None:
        """A file that has changed after it was verified, as it is now."""
        result = await self._readers.run(verify_path, source, self._minimum)
        return result if isinstance(result, Whole) else None

    def _refuse_outcast(self, frame: int, attempt: Attempt | None) -> None:
        if frame in self._outcast:
            self._outcast.discard(frame)
            self._take_back(FrameSet((frame,)))
            if attempt is None or attempt.concluded:
                self._revoked(FrameSet((frame,)))

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
        self._take_back(frames, attempt=attempt.number)
        return frames

    async def attempt_delivered(self, attempt: Attempt) -> None:
        """Wait until nothing of this attempt is on its way."""
        while attempt.undelivered and self.delivery_queue.waiting:
            await self.delivery_queue.some_delivered()

    def close(self) -> None:
        """End the threads; what they are copying is finished or thrown away as a whole, unless the system hangs in it."""
        self._readers.close(LAST_SECONDS)
        if not self.delivery_queue.close(LAST_SECONDS):
            where = self._job.output.directory
            text = f"the destination {where} does not answer; frames that were on their way there are kept in scratch"
            self._emit(Message(Level.ERROR, text))
