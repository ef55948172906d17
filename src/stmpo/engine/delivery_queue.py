"""Bring verified frames to the destination: the whole way from "verified" to "delivered".

    send ─► waiting ─► being copied ─► at the destination: ledger, event, journal; scratch file removed
                          │  ▲
                          ├──┘ the destination is away or full: tried again after a while
                          ├─► the file in scratch is not whole any more: the frame is rendered again
                          └─► nothing can be delivered any more: the run ends, scratch is kept

Copying happens in a few threads, so that rendering goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.disk_policy import FrameSizes
from stmpo.delivery.disk_space import ensure_room
from stmpo.delivery.file_mark import FileMark, digest_of
from stmpo.delivery.publish import DestinationError, SourceChanged, mount_of, publish, retry_delay
from stmpo.delivery.verify import Whole
from stmpo.delivery.verify_files import verify_path
from stmpo.engine.attempt import TRUST_AFTER
from stmpo.engine.delivered_files import DeliveredFiles
from stmpo.engine.ledger import FrameState
from stmpo.engine.run_context import FramesFailed
from stmpo.history.journal_model import movie_frames
from stmpo.model.errors import NoSpace, StmpoError
from stmpo.model.events import FrameDelivered, Level
from stmpo.model.frames import FrameSet
from stmpo.system.daemon_threads import Threads

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    from stmpo.delivery.file_stability import RenderedFile
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.run_context import RunContext

DELIVERY_THREADS = 8
"""Deliveries at a time: enough to hide the latency of one flush behind the others, few enough for a spinning
disk."""

DELIVERIES_AT_A_TIME = 8 * DELIVERY_THREADS
"""Frames that are being copied, or wait to be tried again. The others wait as plain values, which take a
fraction of the memory of a task and its future."""

FRAMES_PER_LOOK = 100
"""Delivered frames that a thread looks at in one go."""

ROOM_RETRY = 3.0
"""Seconds between two tries to deliver to a full disk."""

REVERIFY = 5
"""How often a frame that changes after it was verified is looked at again, before it is rendered again."""

CLOSE_TIMEOUT = 5.0
"""Seconds that the end of a run waits for copies under way. A destination that takes longer does not
answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified file on its way."""

    frame: int
    source: str
    file: Whole
    name: str
    """Its name at the destination."""

    attempt: Attempt | None
    """The attempt that wrote it; None for a frame of an earlier run's scratch."""


class DeliveryQueue:
    """Owns frames from "verified" to "delivered"."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._ledger, self._output = context.ledger, context.job.output
        self._mount = mount_of(self._output.directory)
        self._copiers = Threads(DELIVERY_THREADS, "delivery")
        self._queue: deque[Delivery] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: Counter[int] = Counter()
        """Frames that are not delivered, by the attempt that wrote them."""

        self._released: dict[int, Path] = {}
        """Folders to remove once their last frame is delivered, by attempt."""

        self._rejected: set[int] = set()
        """Frames of the wrong size that are under way: they are taken back when they arrive."""

        self._forced_extension: str | None = None
        self._no_room_since: float | None = None
        self.no_room = ""
        """Why deliveries find no room, in words; empty while they find some."""

        self.gave_up = False
        """Whether nothing is tried again any more."""

        self.waiting_bytes = 0
        """Bytes that are verified and not yet delivered."""

        self.files = DeliveredFiles(self._ledger, self._output)
        """What every delivered frame's file looks like."""

        self.sizes = FrameSizes()
        """FrameSizes of the frames delivered in this run."""

    @property
    def waiting(self) -> int:
        """Return how many frames are under way."""
        return len(self._queue) + len(self._tasks)

    def send(self, frame: int, found: RenderedFile, file: Whole, attempt: Attempt | None = None) -> None:
        """Take over a verified frame. `attempt` is None for a frame of an earlier run's scratch."""
        self._ledger.move(frame, FrameState.VERIFIED)
        if attempt is not None:
            self._under_way[attempt.number] += 1
        self.waiting_bytes += file.size
        name = self._output.name(frame, self._extension(found))
        self._queue.append(Delivery(frame, found.path, file, name, attempt))
        self._start_more()

    async def some_delivered(self, limit: float | None = None) -> None:
        """Wait until at least one more delivery has ended, or for `limit` seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=limit, return_when=asyncio.FIRST_COMPLETED)

    async def attempt_delivered(self, attempt: Attempt) -> None:
        """Wait until no frame of this attempt is under way."""
        while self._under_way[attempt.number] and self.waiting:
            await self.some_delivered()

    def release(self, attempt: Attempt) -> None:
        """Remove the attempt's folder, as soon as no frame in it waits for its delivery."""
        self._released[attempt.number] = attempt.folder.path
        self._discard(attempt)

    def reject(self, frames: FrameSet, unsettled: Container[int]) -> None:
        """Take frames of the wrong size back: from the destination now, and the others when they arrive.

        `unsettled` frames are not given back to the strategy: the outcome of their attempt finds them
        missing.
        """
        self._rejected = {frame for frame in frames if self._ledger[frame].state is FrameState.VERIFIED}
        there = self._take_back(frames)
        self._give_back(frame for frame in there if frame not in unsettled)

    def revoke(self, attempt: Attempt) -> FrameSet:
        """Take all frames of an untrusted attempt back, and return them."""
        return self._take_back(attempt.files.taken, attempt=attempt.number)

    async def take_back_changed(self) -> FrameSet:
        """Look at every delivered frame once more, where the user wants it.

        Frames that are not there as they were delivered are pending again. Return them.
        """
        frames = self._ledger.frames(FrameState.DELIVERED).frames
        parts = [frames[at : at + FRAMES_PER_LOOK] for at in range(0, len(frames), FRAMES_PER_LOOK)]
        found = await asyncio.gather(*(self._copiers.run(self.files.changed, part) for part in parts))
        changed = FrameSet.of(frame for part in found for frame in part)
        self._ledger.move_all(changed, FrameState.PENDING)
        if changed:
            self._context.journal.write("revoked", frames=changed)
        self._give_back(changed)
        return changed

    def close(self) -> None:
        """End the threads. A copy under way is finished or removed, unless the system hangs in it."""
        self._queue.clear()
        for task in self._tasks:
            task.cancel()
        if not self._copiers.close(CLOSE_TIMEOUT):
            text = (
                f"the destination {self._output.directory} does not answer; frames that were on their way there are"
                " kept in scratch"
            )
            self._context.reporter.say(Level.ERROR, text)

    def _extension(self, found: RenderedFile) -> str:
        """Return the extension to deliver under: After Effects forces that of the output module."""
        asked = self._output.extension
        if found.extension.lower() == asked.lower():
            return asked
        if self._forced_extension != found.extension:
            self._forced_extension = found.extension
            text = (
                f"the renderer writes {found.extension} where --output says {asked or 'no extension'}; frames are"
                f" delivered as {found.extension}. Choose another output module template or correct --output"
            )
            self._context.reporter.say(Level.WARNING, text)
        return found.extension

    def _start_more(self, done: asyncio.Task[None] | None = None) -> None:
        """Start deliveries while there is room for them, in the place of the one that is done."""
        if done is not None:
            self._tasks.discard(done)
        while self._queue and len(self._tasks) < DELIVERIES_AT_A_TIME:
            task = asyncio.get_running_loop().create_task(self._deliver(self._queue.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._start_more)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            published = await self._publish(delivery)
            if published is None:
                self._render_again(delivery)
            else:
                await self._arrived(delivery, *published)
        except StmpoError as error:
            self.gave_up = True
            self._context.run_end.end(error)
            return
        finally:
            self.waiting_bytes -= delivery.file.size
        if delivery.attempt is not None:
            self._under_way[delivery.attempt.number] -= 1
            self._discard(delivery.attempt)

    async def _publish(self, delivery: Delivery) -> tuple[int, FileMark] | None:
        """Copy until the frame stands there. Failures that may pass are waited out, once for all frames.

        Returns its size and mark there; None if the file in scratch is not whole any more.

        Raises:
            NoSpace, FramesFailed: the user has to act.
        """
        file, failures = delivery.file, 0
        while True:
            try:
                published = await self._copiers.run(
                    _publish, delivery, file, self._output.directory, self._context.run_id, self._mount
                )
            except SourceChanged:
                # It was written again after two quiet seconds: only its present content counts.
                if failures >= REVERIFY or (changed := await self._verified_again(delivery.source)) is None:
                    return None
                file = changed
            except NoSpace as full:
                await self._wait_for_room(full)
                continue
            except DestinationError as error:
                delay = retry_delay(failures) if error.transient and not self.gave_up else None
                if delay is None:
                    raise FramesFailed(
                        f"cannot deliver {delivery.name} to {self._output.directory}: {error}; it is kept"
                        " in scratch: make the folder writable and run again"
                    ) from None
                await asyncio.sleep(delay)
            else:
                self._found_room()
                return published
            failures += 1

    async def _verified_again(self, source: str) -> Whole | None:
        """Return a file that has changed after it was verified, as it is now."""
        await asyncio.sleep(TRUST_AFTER)
        result = await self._copiers.run(verify_path, source, self._context.options.min_frame_bytes)
        return result if isinstance(result, Whole) else None

    async def _arrived(self, delivery: Delivery, size: int, mark: FileMark) -> None:
        """Account for a frame that stands at the destination: ledger, event, journal."""
        record = self._ledger.move(delivery.frame, FrameState.DELIVERED)
        self.files.note(delivery.frame, delivery.name, mark)
        self.sizes.add(size)
        self._context.reporter.emit(
            FrameDelivered(
                frame=delivery.frame,
                slot=-1 if record.slot is None else record.slot,
                name=delivery.name,
                size=size,
                cost=record.cost,
                delivered=self._ledger.count(FrameState.DELIVERED),
                total=len(self._ledger),
            )
        )
        held = movie_frames(self._context.job)
        await self._write(
            frame=delivery.frame,
            name=delivery.name,
            size=size,
            cost=None if record.cost is None else round(record.cost, 4),
            attempt=None if delivery.attempt is None else delivery.attempt.number,
            stamp=mark.stamp,
            digest=mark.digest,
            **({} if held is None else {"frames": held}),
        )
        if delivery.frame in self._rejected:
            self._rejected.discard(delivery.frame)
            self._take_back((delivery.frame,))
            if delivery.attempt is None or delivery.attempt.settled:
                self._give_back((delivery.frame,))
        with contextlib.suppress(OSError):  # it goes with its folder at the latest
            if delivery.attempt is None:
                os.unlink(delivery.source)
            else:
                delivery.attempt.folder.remove_source(delivery.source)

    def _render_again(self, delivery: Delivery) -> None:
        """Give a frame back whose file changed after it was verified, and is not whole."""
        self._ledger.move(delivery.frame, FrameState.PENDING)
        name = self._output.name(delivery.frame)
        text = f"{name} was changed in scratch after it was read: it will be rendered again"
        self._context.reporter.say(Level.WARNING, text)
        self._give_back((delivery.frame,))

    def _take_back(self, frames: Iterable[int], **about: int) -> FrameSet:
        """Remove those frames from the destination that are there; `about` goes into the journal."""
        there = FrameSet.of(frame for frame in frames if self._ledger[frame].state is FrameState.DELIVERED)
        for frame in there:
            self._ledger.move(frame, FrameState.PENDING)
            with contextlib.suppress(OSError):
                self._output.path(frame, self._forced_extension).unlink()
        if there:
            self._context.journal.write("revoked", frames=there, **about)
        return there

    def _give_back(self, frames: Iterable[int]) -> None:
        self._context.strategy.give_back(FrameSet.of(frames).runs())

    def _discard(self, attempt: Attempt) -> None:
        if attempt.number in self._released and not self._under_way[attempt.number]:
            self._context.scratch.discard(self._released.pop(attempt.number))
            del self._under_way[attempt.number]

    async def _write(self, **values: object) -> None:
        """Write a delivery to the journal; if its disk is full, once there is room.

        Raises:
            NoSpace: there was none for as long as the wait may last.
        """
        while (full := self._try_to_write(values)) is not None:
            await self._wait_for_room(full)
        self._found_room()

    def _try_to_write(self, values: dict[str, object]) -> NoSpace | None:
        try:
            self._context.journal.write("delivered", **values)
        except NoSpace as full:
            return full
        return None

    async def _wait_for_room(self, full: NoSpace) -> None:
        """Let some time pass.

        Raises:
            NoSpace: the wait has lasted for as long as it may.
        """
        now, timeout = time.monotonic(), self._context.options.space_timeout
        if self._no_room_since is None:
            self._no_room_since = now
        self.no_room = str(full).partition(";")[0]
        if self.gave_up or now - self._no_room_since >= timeout:
            raise full
        await asyncio.sleep(min(ROOM_RETRY, timeout))

    def _found_room(self) -> None:
        self._no_room_since, self.no_room = None, ""


def _publish(delivery: Delivery, file: Whole, folder: Path, tag: str, mount: Path) -> tuple[int, FileMark]:
    ensure_room(folder, file.size)
    destination = os.path.join(folder, delivery.name)
    try:
        digest = digest_of(delivery.source)  # `publish` checks that the source stays as it is
    except OSError as error:
        raise SourceChanged(f"cannot be read any more: {error.strerror or error}") from error
    there = publish(delivery.source, destination, expected=file, temporary_tag=tag, mount=mount)
    return there.size, FileMark(there.stamp, digest)
