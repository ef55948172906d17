"""The collector by itself: what it does while it waits for its threads."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.delivery.placeholders import PLACEHOLDER
from stmpo.delivery.publish import DestinationError
from stmpo.delivery.scratch import Scratch
from stmpo.delivery.size_consensus import SizeConsensus
from stmpo.delivery.verify_files import verify_all
from stmpo.engine import delivery_queue
from stmpo.engine.attempt import Attempt, AttemptRequest
from stmpo.engine.collector import Collector
from stmpo.engine.delivery_queue import DeliveryQueue
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.engine.output_folder import PrivateFolder
from stmpo.engine.reporter import Reporter
from stmpo.engine.run_context import RunContext, RunEnd
from stmpo.engine.watchdog import Watchdog
from stmpo.history.journal import Journal
from stmpo.model.errors import NoSpace
from stmpo.model.frames import FrameSet, Span
from stmpo.model.options import RunOptions
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.scheduling.protocol import Lease
from stmpo.scheduling.static import Static
from stmpo.testing.images import Picture, encode, frame_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from stmpo.delivery.file_mark import FileMark
    from stmpo.delivery.file_stability import RenderedFile
    from stmpo.delivery.publish import Published
    from stmpo.delivery.verify import Broken, Whole
    from stmpo.model.errors import StmpoError


LAST = 4


class Recorder(Static):
    """A strategy that remembers what came back."""

    def __init__(self) -> None:
        super().__init__(FrameSet(()), 1)
        self.returned: list[str] = []

    def give_back(self, spans: Iterable[Span], *, last: bool = False) -> None:
        """Remember it."""
        assert not last
        self.returned += [str(span) for span in spans]


class Errors(RunEnd):
    """Remembers every reason to end the run."""

    def __init__(self) -> None:
        super().__init__(Reporter(lambda _: None, str))
        self.errors: list[StmpoError] = []

    def end(self, reason: StmpoError) -> None:
        """Remember it."""
        self.errors.append(reason)


class Setup:
    """A collector and what it works on: one attempt at frames 0 to `last`."""

    def __init__(self, folder: Path, last: int) -> None:
        self.out = folder / "out"
        self.out.mkdir()
        self.ledger = Ledger(FrameSet.between(0, last))
        self.journal = Journal.open(folder / "journal.jsonl")
        scratch = Scratch.create(folder)
        job = RenderJob(
            project=folder / "shot.aep",
            comp="Main",
            rqindex=None,
            frames=FrameSet.between(0, last),
            output=OutputPattern.parse(str(self.out / "f_[##].png"), folder),
        )
        self.folder = scratch.attempt_folder(1)
        request = AttemptRequest(1, Lease(1, 0, Span(0, last)), PrivateFolder(self.folder))
        self.attempt = Attempt(request, Watchdog())
        for frame in range(last + 1):
            self.ledger.move(frame, FrameState.LEASED)
        self.strategy = Recorder()
        self.run_end = Errors()
        self.reporter = Reporter(lambda _: None, str)
        context = RunContext(
            job=job,
            options=RunOptions(min_frame_bytes=8, space_timeout=60.0),
            run_id="r",
            ledger=self.ledger,
            journal=self.journal,
            scratch=scratch,
            strategy=self.strategy,
            reporter=self.reporter,
            run_end=self.run_end,
            attempts={1: self.attempt},
        )
        self.deliveries = DeliveryQueue(context)
        self.collector = Collector(context, self.deliveries, SizeConsensus())

    @property
    def errors(self) -> list[StmpoError]:
        """What ended the run, each time."""
        return self.run_end.errors

    def write(self, frame: int) -> Path:
        """What the renderer does."""
        path = self.folder / f"frame_{frame:05}.png"
        path.write_bytes(encode(".png", Picture(frame, 4, 4)))
        return path


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    """A setup, with its journal closed afterwards."""
    made = Setup(tmp_path, LAST)
    yield made
    made.journal.close()


def test_a_folder_stays_until_it_has_been_looked_at_after_its_renderer_has_ended(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that was taken so far is delivered while the last files are still being read: they must not go with
    it.
    """
    read_on = threading.Event()

    def slowly(ready: Sequence[RenderedFile], minimum_bytes: int) -> list[Whole | Broken]:
        read_on.wait(30)
        return verify_all(ready, minimum_bytes)

    async def play() -> None:
        collector, attempt = setup.collector, setup.attempt
        setup.write(0)
        await collector.scan(attempt, 0.0)
        await collector.scan(attempt, 10.0)  # it has settled: it is on its way
        for frame in range(1, LAST + 1):
            setup.write(frame)
        attempt.exit.ended_at = 0.0
        monkeypatch.setattr("stmpo.engine.collector.verify_all", slowly)
        last = asyncio.create_task(collector.scan(attempt, 11.0))
        await collector.delivery_queue.attempt_delivered(attempt)
        await asyncio.sleep(0)
        assert setup.ledger[0].state is FrameState.DELIVERED
        assert setup.folder.is_dir()
        read_on.set()
        await last
        while collector.delivery_queue.waiting:
            await collector.delivery_queue.some_delivered(1.0)
        collector.release(attempt)
        collector.close()

    asyncio.run(play())
    assert setup.ledger.complete
    assert not setup.strategy.returned
    assert not setup.errors
    assert not setup.folder.exists()
    assert sorted(path.name for path in setup.out.iterdir()) == [
        f"f_{frame:02}.png" for frame in range(LAST + 1)
    ]


def test_frames_beyond_those_delivered_at_a_time_wait_for_their_turn(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_queue, "DELIVERIES_AT_A_TIME", 2)

    async def play() -> None:
        for frame in range(LAST + 1):
            setup.write(frame)
        setup.attempt.exit.ended_at = 0.0
        await setup.collector.scan(setup.attempt, 0.0)
        assert setup.collector.delivery_queue.waiting == LAST + 1
        while setup.collector.delivery_queue.waiting:
            await setup.collector.delivery_queue.some_delivered(1.0)
        assert not setup.collector.delivery_queue.waiting
        setup.collector.close()

    asyncio.run(play())
    assert setup.ledger.complete


async def _deliver_all(setup: Setup) -> None:
    """Its renderer has written all frames and ended; wait until none of them is on its way any more."""
    for frame in range(LAST + 1):
        setup.write(frame)
    setup.attempt.exit.ended_at = 0.0
    await setup.collector.scan(setup.attempt, 0.0)
    while setup.collector.delivery_queue.waiting:
        await setup.collector.delivery_queue.some_delivered(1.0)
    setup.collector.close()


def test_a_destination_that_was_given_up_is_not_waited_for_again_by_each_frame(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share that is away costs its minute once, however many frames wait for it; all of them stay in
    scratch.
    """
    tried: list[str] = []

    def away(parcel: delivery_queue.Delivery, *_: object) -> Published:
        tried.append(parcel.name)
        raise DestinationError("the network is away", transient=True)

    monkeypatch.setattr(delivery_queue, "DELIVERIES_AT_A_TIME", 1)
    monkeypatch.setattr(delivery_queue, "_publish", away)
    monkeypatch.setattr(delivery_queue, "retry_delay", lambda failures: 0.0 if failures < 3 else None)

    asyncio.run(_deliver_all(setup))
    assert sorted(tried.count(name) for name in set(tried)) == [*[1] * LAST, 4]
    assert len(setup.errors) == LAST + 1
    assert len(list(setup.folder.iterdir())) == LAST + 1


@pytest.mark.parametrize("living", [True, False])
def test_frames_of_the_wrong_size_are_taken_back_even_from_the_destination(
    setup: Setup, *, living: bool
) -> None:
    """The first frame sets the size; when it turns out to be the odd one, it is rendered again."""

    async def play() -> None:
        collector, attempt = setup.collector, setup.attempt
        path = setup.write(0)
        path.write_bytes(encode(".png", Picture(0, 8, 4)))
        for now in (0.0, 10.0):
            await collector.scan(attempt, now)
        await collector.delivery_queue.attempt_delivered(attempt)
        assert setup.ledger[0].state is FrameState.DELIVERED
        attempt.settled = not living
        for frame in range(1, LAST + 1):
            setup.write(frame)
        for now in (20.0, 30.0, 40.0):
            await collector.scan(attempt, now)
        while collector.delivery_queue.waiting:
            await collector.delivery_queue.some_delivered(1.0)
        collector.close()

    asyncio.run(play())
    assert setup.ledger[0].state is FrameState.PENDING
    assert not (setup.out / "f_00.png").exists()
    assert setup.strategy.returned == ([] if living else ["0"]), "whoever renders finds it missing"
    assert all(setup.ledger[frame].state is FrameState.DELIVERED for frame in range(1, LAST + 1))


def test_a_full_destination_is_waited_for_and_the_journal_with_it(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = ["copy", "copy", "line"]
    publish, write = delivery_queue._publish, setup.journal.write

    def full(what: str) -> None:
        if refusals and refusals[0] == what:
            refusals.pop(0)
            raise NoSpace("no space left in out; free some")

    def publish_or_not(*arguments: Any) -> tuple[int, FileMark]:
        full("copy")
        return publish(*arguments)

    def write_or_not(event: str, **values: Any) -> None:
        full("line")
        write(event, **values)

    monkeypatch.setattr(delivery_queue, "_publish", publish_or_not)
    monkeypatch.setattr(setup.journal, "write", write_or_not)
    monkeypatch.setattr(delivery_queue, "ROOM_RETRY", 0.01)

    asyncio.run(_deliver_all(setup))
    assert refusals == []
    assert setup.ledger.complete
    assert setup.collector.delivery_queue.no_room == ""
    assert not setup.errors


def test_of_two_files_for_one_frame_the_padded_name_counts_and_the_other_is_named(setup: Setup) -> None:
    setup.write(2)
    (setup.folder / "frame_2.png").write_bytes(encode(".png", Picture(9, 4, 4)))
    said: list[str] = []
    setup.reporter.say = lambda _, text, *more: said.append(text)  # type: ignore[method-assign]
    setup.attempt.exit.ended_at = 1.0

    async def play() -> None:
        await setup.collector.scan(setup.attempt, 1.0)
        await setup.deliveries.attempt_delivered(setup.attempt)

    asyncio.run(play())
    assert frame_stamp(setup.out / "f_02.png") == 2
    assert [text for text in said if "frame_2.png and frame_00002.png are there for one frame" in text]


def test_a_placeholder_is_no_frame_however_small_frames_may_be(setup: Setup) -> None:
    found = setup.folder / "frame_00002.foo"
    for content in (PLACEHOLDER, b"x"):
        found.write_bytes(content)
        setup.attempt.exit.ended_at = 1.0
        asyncio.run(setup.collector.scan(setup.attempt, 1.0))
        assert 2 not in setup.attempt.files.seen
