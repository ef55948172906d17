"""Verified frames on their way to the destination: copied in a few threads, tried again, waiting for room.

    sent ─► waiting ─► being copied ─► arrived: accounted for, in the journal, its file in scratch dropped
                          │  ▲
                          ├──┘ the destination is away, or full: once more after a while
                          ├─► lost: the file in scratch turned out not to be whole, its frame has to be rendered again
                          └─► nothing can be delivered any more: everything is kept in scratch

What a frame is, and what its arrival means to a run, is its sender's business (`DeliveryListener`); the courier knows parcels.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stmpo.delivery.disk_space import ensure_room
from stmpo.delivery.publish import DestinationError, SourceChanged, mount_of, publish, retry_delay
from stmpo.engine.attempt import TRUST_AFTER
from stmpo.model.errors import ExitCode, NoSpace, StmpoError
from stmpo.system.daemon_threads import Threads

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.delivery.publish import Published
    from stmpo.delivery.verify import Whole
    from stmpo.engine.attempt import Attempt
    from stmpo.history.journal import Journal

DELIVERY_THREADS = 8
"""Deliveries at a time: enough to hide the latency of one flush behind the others, few enough for a spinning disk."""

DELIVERIES_AT_A_TIME = 8 * DELIVERY_THREADS
"""Frames that are being copied, or wait to be tried again. The others wait as plain values, which hold a fraction
of the memory of a task and its future."""

ROOM_RETRY = 3.0
"""Seconds between two tries to deliver to a full disk."""

REVERIFY = 5
"""How often a frame that changes after it was verified is looked at again, before it is rendered again."""


class DeliveryFailed(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """The destination refuses frames; they are kept in scratch."""

    exit_code = ExitCode.FRAMES_FAILED


@dataclass(frozen=True, slots=True)
class Delivery:
    """One verified file on its way."""

    frame: int
    source: str
    file: Whole

    folder: Path
    """The destination."""

    name: str
    """What it is called there."""

    attempt: Attempt | None
    """Whose renderer wrote it; None for a frame of an earlier run's scratch."""


class DeliveryListener(Protocol):
    """Who sends parcels, and hears of each what became of it."""

    async def arrived(self, parcel: Delivery, size: int) -> None:
        """It stands at the destination, of so many bytes."""

    def lost(self, parcel: Delivery) -> None:
        """Its file is not whole after all."""

    def settled(self, parcel: Delivery) -> None:
        """It is under way no more; told after either of the above."""

    def stopped(self, error: StmpoError) -> None:
        """Nothing can be delivered any more, for a reason that a user can act on."""

    async def verified_again(self, source: str) -> Whole | None:
        """The file as it is now; None where it is not whole."""


class DeliveryQueue:
    """Owns the way of a parcel. `patience` is how many seconds it waits for room on a full disk."""

    def __init__(
        self, sender: DeliveryListener, journal: Journal, destination: Path, *, run: str, patience: float
    ) -> None:
        self._sender = sender
        self._journal = journal
        self._mount = mount_of(destination)
        self._tag = run
        self._patience = patience
        self._copiers = Threads(DELIVERY_THREADS, "delivery")
        self._queue: deque[Delivery] = deque()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._refused_since: float | None = None
        """When a delivery found no room, for the first time since one found room."""

        self.refused = ""
        """Why deliveries find no room, in words; empty while they do."""

        self.gave_up = False
        """Set by whoever ends the run: nothing is waited for any more."""

        self.waiting_bytes = 0
        """Bytes that are verified and not yet delivered."""

    @property
    def waiting(self) -> int:
        """Parcels that have not arrived."""
        return len(self._queue) + len(self._deliveries)

    def send(self, parcel: Delivery) -> None:
        """Take it on, in its turn."""
        self.waiting_bytes += parcel.file.size
        self._queue.append(parcel)
        self._deliver_more()

    async def write(self, event: str, values: dict[str, object]) -> None:
        """Say something in the journal; where its disk is full, once there is room.

        Raises:
            NoSpace: there was none for as long as the wait may last.
        """
        while (full := self._unwritten(event, values)) is not None:
            await self._wait_for_room(full)
        self._refused_since, self.refused = None, ""

    async def some_delivered(self, limit: float | None = None) -> None:
        """Wait until at least one more delivery has ended, or for `limit` seconds."""
        if self._deliveries:
            await asyncio.wait(set(self._deliveries), timeout=limit, return_when=asyncio.FIRST_COMPLETED)

    def close(self, limit: float) -> bool:
        """End the threads; what they are copying is finished or thrown away as a whole. False where one hangs in it."""
        self._queue.clear()
        for task in self._deliveries:
            task.cancel()
        return self._copiers.close(limit)

    def _deliver_more(self, done: asyncio.Task[None] | None = None) -> None:
        """Start what there is room for, in the place of the delivery that is done."""
        if done is not None:
            self._deliveries.discard(done)
        while self._queue and len(self._deliveries) < DELIVERIES_AT_A_TIME:
            task = asyncio.get_running_loop().create_task(self._deliver(self._queue.popleft()))
            self._deliveries.add(task)
            task.add_done_callback(self._deliver_more)

    async def _deliver(self, parcel: Delivery) -> None:
        try:
            published = await self._publish(parcel)
            if published is None:
                self._sender.lost(parcel)
            else:
                await self._sender.arrived(parcel, published.size)
                with contextlib.suppress(OSError):  # it goes with its folder at the latest
                    _drop(parcel)
        except StmpoError as error:
            self.gave_up = True
            self._sender.stopped(error)
            return
        finally:
            self.waiting_bytes -= parcel.file.size
        self._sender.settled(parcel)

    async def _publish(self, parcel: Delivery) -> Published | None:
        """Copy until it stands there. What may pass is waited out, but not again for each frame that is waiting.

        Returns None when the file in scratch turned out not to be whole after all.

        Raises:
            NoSpace, DeliveryFailed: what a user can act on.
        """
        file = parcel.file
        failures = 0
        while True:
            try:
                published = await self._copiers.run(_publish, parcel, file, self._tag, self._mount)
            except SourceChanged:
                # It was written again after two quiet seconds: what counts is what it is now.
                if failures >= REVERIFY or (changed := await self._verified_again(parcel)) is None:
                    return None
                file = changed
            except NoSpace as full:
                await self._wait_for_room(full)
                continue
            except DestinationError as error:
                delay = retry_delay(failures) if error.transient and not self.gave_up else None
                if delay is None:
                    raise DeliveryFailed(
                        f"cannot deliver {parcel.name} to {parcel.folder}: {error}; it is kept"
                        " in scratch: make the folder writable and run again"
                    ) from None
                await asyncio.sleep(delay)
            else:
                self._refused_since, self.refused = None, ""
                return published
            failures += 1

    async def _verified_again(self, parcel: Delivery) -> Whole | None:
        await asyncio.sleep(TRUST_AFTER)
        return await self._sender.verified_again(parcel.source)

    def _unwritten(self, event: str, values: dict[str, object]) -> NoSpace | None:
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
        if self.gave_up or now - self._refused_since >= self._patience:
            raise full
        await asyncio.sleep(min(ROOM_RETRY, self._patience))


def _drop(parcel: Delivery) -> None:
    """A delivered frame's file; in a shared folder a byte of it stays, so that nobody renders the frame again."""
    if parcel.attempt is not None and parcel.attempt.lease.shared:
        os.truncate(parcel.source, 1)
    else:
        os.unlink(parcel.source)


def _publish(parcel: Delivery, file: Whole, tag: str, mount: Path) -> Published:
    ensure_room(parcel.folder, file.size)
    destination = os.path.join(parcel.folder, parcel.name)
    return publish(parcel.source, destination, expected=file, temporary_tag=tag, mount=mount)
