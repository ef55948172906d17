"""The two kinds of scratch folders: what each tells the strategy, and what is left of a delivered frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.delivery.placeholders import PLACEHOLDER
from stmpo.delivery.scratch import Scratch
from stmpo.engine.attempt import Attempt, AttemptRequest
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.engine.output_folder import PrivateFolder
from stmpo.engine.reporter import Reporter
from stmpo.engine.run_context import RunContext, RunEnd
from stmpo.engine.shared_folder import SHARED_ATTEMPT, SharedFolder
from stmpo.engine.supervisor import Supervisor
from stmpo.engine.watchdog import Watchdog
from stmpo.history.journal import Journal
from stmpo.model.frames import FrameSet, Span
from stmpo.model.options import RunOptions
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.renderers.protocol import LineKind, ReadLine
from stmpo.scheduling.protocol import Lease
from stmpo.scheduling.static import Static

if TYPE_CHECKING:
    from pathlib import Path


class Told(Static):
    """A strategy that remembers what was reported."""

    def __init__(self) -> None:
        super().__init__(FrameSet(()), 1)
        self.frames: list[int] = []

    def finished(self, lease: Lease, frame: int, now: float) -> None:
        """Remember it."""
        del lease, now
        self.frames.append(frame)


def frame_line(count: int) -> ReadLine:
    return ReadLine(LineKind.FRAME, "PROGRESS", count)


def test_frames_are_reported_once_by_their_files_or_as_counted_by_lines(tmp_path: Path) -> None:
    """A line tells how many, not which: frames without a file are taken for the first ones."""
    folder, told = PrivateFolder(tmp_path), Told()
    attempt = Attempt(AttemptRequest(1, Lease(1, 0, Span(1, 9)), folder), Watchdog())
    folder.report(attempt, told, 1.0)
    assert told.frames == [], "it has not begun"
    attempt.on_file(4, 1.0)
    folder.report(attempt, told, 1.0)
    attempt.on_line(frame_line(3), 2.0, 2.0)
    folder.report(attempt, told, 2.0)
    folder.report(attempt, told, 3.0)
    assert told.frames == [4, 1, 2]
    attempt.exit.ended_at = 4.0
    attempt.on_file(9, 4.0)
    folder.report(attempt, told, 4.0)
    assert told.frames == [4, 1, 2], "its lease is over"


def test_a_private_folder_keeps_nothing_of_a_delivered_frame(tmp_path: Path) -> None:
    path = tmp_path / "frame_00001.png"
    path.write_bytes(b"picture")
    PrivateFolder(tmp_path).remove_source(str(path))
    assert not path.exists()


def shared(tmp_path: Path, extensions: frozenset[str]) -> tuple[SharedFolder, RunContext]:
    """Frames 1, 3 and 5 of the span 1 to 5 are wanted; frame 3 is delivered already."""
    frames = FrameSet((1, 3, 5))
    reporter = Reporter(lambda _: None, str)
    context = RunContext(
        job=RenderJob(
            project=tmp_path / "shot.aep",
            comp="Main",
            rqindex=None,
            frames=frames,
            output=OutputPattern.parse(str(tmp_path / "f_[##].png"), tmp_path),
        ),
        options=RunOptions(),
        run_id="r",
        ledger=Ledger(frames),
        journal=Journal.open(tmp_path / "journal.jsonl"),
        scratch=Scratch.create(tmp_path),
        strategy=Told(),
        reporter=reporter,
        run_end=RunEnd(reporter),
        attempts={},
    )
    context.ledger.move(3, FrameState.DELIVERED)
    path = context.scratch.attempt_folder(SHARED_ATTEMPT)
    supervisor = Supervisor(context, None, {}, lambda _: None)  # type: ignore[arg-type]  # it starts nothing
    lease = Lease(1, 0, Span(1, 5), shared=True)
    return SharedFolder(context, supervisor, path, lease, extensions=extensions, processes=2), context


def test_a_shared_folder_holds_placeholders_for_frames_that_are_not_wanted(tmp_path: Path) -> None:
    folder, context = shared(tmp_path, frozenset({".exr"}))
    context.journal.close()
    names = {path.name for path in folder.path.iterdir()}
    assert names == {f"frame_{frame:05}.{kind}" for frame in (2, 3, 4) for kind in ("png", "exr")}
    assert [context.ledger[frame].state for frame in (1, 3, 5)] == [
        FrameState.LEASED,
        FrameState.DELIVERED,
        FrameState.LEASED,
    ]


def test_a_shared_folder_is_settled_once_by_its_own_attempt_after_the_last_member(tmp_path: Path) -> None:
    folder, context = shared(tmp_path, frozenset())
    context.journal.close()
    members = [
        Attempt(AttemptRequest(number, Lease(number, 0, Span(1, 5), shared=True), folder), Watchdog())
        for number in (1, 2)
    ]
    for member in members:
        folder.join(member)
        assert folder.owner(member).number == SHARED_ATTEMPT
    assert folder.leave(members[0]) is None
    owner = folder.leave(members[1])
    assert owner is folder.owner(members[0])
    assert owner.ended


def test_a_delivered_frame_leaves_a_placeholder_in_a_shared_folder(tmp_path: Path) -> None:
    folder, context = shared(tmp_path, frozenset())
    context.journal.close()
    path = folder.path / "frame_00001.png"
    path.write_bytes(b"picture")
    folder.remove_source(str(path))
    assert path.read_bytes() == PLACEHOLDER
