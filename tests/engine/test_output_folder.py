"""The two kinds of scratch folders: what each tells the strategy, and what is left of a delivered frame."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.delivery.file_stability import RenderedFile
from stmpo.delivery.placeholders import PLACEHOLDER
from stmpo.delivery.scratch import Scratch
from stmpo.engine.attempt import Attempt, AttemptRequest, StopReason
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


def file(frame: int, mtime_ns: int = 1) -> RenderedFile:
    """A frame's file, as it is seen in a folder."""
    name = f"frame_{frame:05}.sgi"
    return RenderedFile(frame, name, name, ".sgi", 100, mtime_ns)


@pytest.mark.parametrize(
    ("change", "has_evidence"),
    [
        ({}, False),
        ({"counted": 1}, False),
        ({"counted": 2}, True),
        ({"seen": 3}, True),
        ({"seen": 1}, False),
        ({"finished": True}, True),
        ({"code": 0}, True),
        ({"code": 0, "counted": 1}, False),
        ({"code": 9}, False),
        ({"code": 0, "stopped": StopReason.STALLED}, False),
    ],
)
def test_what_shows_that_a_frame_in_doubt_is_done(
    tmp_path: Path, change: dict[str, Any], has_evidence: bool
) -> None:
    """Frame 2 of 1 to 5: its own line, a later file, or a good end."""
    folder = PrivateFolder(tmp_path)
    attempt = Attempt(AttemptRequest(1, Lease(1, 0, Span(1, 5)), folder), Watchdog(), asked=Span(1, 5))
    attempt.output.counted = change.get("counted", 0)
    attempt.output.finished = change.get("finished", False)
    attempt.files.seen.add(change.get("seen", 2))
    if "code" in change:
        attempt.exit.ended_at, attempt.exit.code = 1.0, change["code"]
        attempt.exit.stopped = change.get("stopped")
    assert folder.has_evidence(attempt, file(2)) is has_evidence


@pytest.mark.parametrize(
    ("finished", "code", "stopped", "has_evidence"),
    [
        (True, 0, None, True),
        (False, 0, None, False),
        (True, 9, None, False),
        (True, 0, StopReason.RUN_ENDS, False),
        (True, 0, StopReason.COMPLETE, False),
    ],
)
def test_a_movie_in_doubt_counts_after_its_last_line_and_code_0_only(
    tmp_path: Path, finished: bool, code: int, stopped: StopReason | None, has_evidence: bool
) -> None:
    folder = PrivateFolder(tmp_path)
    request = AttemptRequest(1, Lease(1, 0, Span(1, 5)), folder, single_file=True)
    attempt = Attempt(request, Watchdog(), asked=Span(1, 5))
    attempt.output.counted, attempt.output.finished = 5, finished
    attempt.exit.ended_at, attempt.exit.code, attempt.exit.stopped = 1.0, code, stopped
    assert folder.has_evidence(attempt, file(1)) is has_evidence


def test_under_shared_every_member_has_to_go_on_and_none_may_have_died(tmp_path: Path) -> None:
    folder, context = shared(tmp_path, frozenset())
    context.journal.close()
    members = [
        Attempt(AttemptRequest(number, Lease(number, 0, Span(1, 5), shared=True), folder), Watchdog())
        for number in (1, 2)
    ]
    for member in members:
        folder.join(member)
    whole, found = folder.owner(members[0]), file(1, time.time_ns())
    assert not folder.has_evidence(whole, found)
    members[0].output.counted = 1
    assert not folder.has_evidence(whole, found), "the other one may be writing it"
    members[1].output.counted = 1
    assert folder.has_evidence(whole, found)
    members[1].exit.ended_at, members[1].exit.code = 1.0, 9
    assert not folder.has_evidence(whole, found), "it may have died in this file"
    assert not folder.has_evidence(whole, file(5, time.time_ns())), "or in this one"
    folder.leave(members[1])
    later = file(5, time.time_ns() + 10**9)
    members[0].exit.ended_at, members[0].exit.code, members[0].output.finished = 1.0, 0, True
    folder.leave(members[0])
    assert folder.has_evidence(whole, later)
    assert not folder.has_evidence(whole, found)
