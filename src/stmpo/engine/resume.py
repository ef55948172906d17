"""Find what earlier runs left, before this run renders anything.

The journal and the disk decide together:

- A frame that the journal vouches for counts as delivered if the destination holds that file: the same one
  (size, times, inode) or one with the same contents, and whole.
- A whole frame in the scratch folder of an earlier, interrupted run is adopted: it is delivered and not
  rendered again, unless its renderer had printed words that condemn it.
- Any other file with a frame's name (last week's version in the same folder) is rendered again, unless
  `--keep-existing` is given.

All files are read in daemon threads, and the event loop only waits for them. A destination that does not
answer may hold a read for ever; a cancel then ends the run without waiting for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.delivery import part_files
from stmpo.delivery.file_mark import FileMark, digest_of, mark_of, stamp_of
from stmpo.delivery.file_stability import RenderedFile, ranked, scan
from stmpo.delivery.placeholders import is_placeholder
from stmpo.delivery.scratch import Scratch, is_own_scratch
from stmpo.delivery.size_consensus import EARLIER_RUN, SizeConsensus
from stmpo.delivery.verify import Whole, verify_frame
from stmpo.delivery.verify_files import verify_path
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.history.journal_model import movie_frames
from stmpo.system.daemon_threads import Threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stmpo.history.journal_model import DeliveredFrame, History, PastAttempt, PastRun
    from stmpo.model.options import RunOptions
    from stmpo.model.render_job import RenderJob

READ_THREADS = 4
"""Threads that read frames at the destination: the latency of a share is hidden behind the other reads."""

FRAMES_PER_READ = 50
"""Frames that a thread reads in one go. One order per frame would cost more than reading a small frame."""


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A whole frame in an earlier run's scratch."""

    frame: int
    found: RenderedFile
    file: Whole


@dataclass(frozen=True, slots=True)
class Standing:
    """A whole frame at the destination."""

    name: str
    file: Whole
    mark: FileMark


@dataclass(frozen=True, slots=True)
class EarlierFrames:
    """Frames that need not be rendered, because earlier runs rendered them."""

    delivered: Mapping[int, Standing]
    """Frames that stand at the destination; the ledger has them as delivered."""

    adoptable: Sequence[Adoptable]
    extensions: frozenset[str]
    """Extensions, with their dots, of the frames that the journal vouches for."""

    size_consensus: SizeConsensus
    """The sizes in pixels of all these frames."""

    @property
    def count(self) -> int:
        """Return how many frames need not be rendered."""
        return len(self.delivered) + len(self.adoptable)


async def find_earlier_frames(
    job: RenderJob, options: RunOptions, ledger: Ledger, history: History, past: Sequence[PastRun]
) -> EarlierFrames:
    """Look at the destination and at earlier scratch folders; move delivered frames in the ledger."""
    readers = Threads(READ_THREADS, "resume")
    try:
        await readers.run(sweep_parts, job, past)
        standing = await _standing_frames(readers, job, options, ledger, history)
        for frame in standing:
            ledger.move(frame, FrameState.DELIVERED)
        sizes = SizeConsensus()
        sides = {frame: each.file.sides for frame, each in standing.items()}
        sizes.prime({frame: each for frame, each in sides.items() if each is not None})
        found = await readers.run(adoptable_frames, history.attempts, job, ledger, options.min_frame_bytes)
    finally:
        readers.close(0.0)
    return EarlierFrames(
        delivered=standing,
        adoptable=[each for each in found if sizes.judge(each.frame, each.file.sides, EARLIER_RUN) is None],
        extensions=frozenset(Path(frame.name).suffix for frame in history.vouched.values()),
        size_consensus=sizes,
    )


async def _standing_frames(
    readers: Threads, job: RenderJob, options: RunOptions, ledger: Ledger, history: History
) -> dict[int, Standing]:
    """Return the frames that stand at the destination, as they are there. Each is read to its end."""

    def check(frames: Sequence[int]) -> list[Standing | None]:
        return [
            _standing(job, frame, history.vouched.get(frame), options.min_frame_bytes) for frame in frames
        ]

    pending = ledger.frames(FrameState.PENDING)
    frames = [frame for frame in pending if options.keep_existing or frame in history.vouched]
    parts = [frames[first : first + FRAMES_PER_READ] for first in range(0, len(frames), FRAMES_PER_READ)]
    results = await asyncio.gather(*(readers.run(check, part) for part in parts))
    checked = zip(frames, (file for part in results for file in part), strict=True)
    return {frame: file for frame, file in checked if file is not None}


def _standing(
    job: RenderJob, frame: int, vouched: DeliveredFrame | None, minimum_bytes: int
) -> Standing | None:
    if vouched is not None and vouched.frames != movie_frames(job):
        return None
    name = vouched.name if vouched is not None else job.output.name(frame)
    if name not in {job.output.name(frame), job.output.name(frame, Path(name).suffix)}:
        return None  # a journal has no authority over other folders, nor over other frames' files
    path = job.output.directory / name
    try:
        mark = _mark(path, vouched)
        result = verify_frame(path, minimum_bytes=minimum_bytes) if mark is not None else None
    except OSError:
        return None
    if mark is None or not isinstance(result, Whole) or (vouched is not None and vouched.size != result.size):
        return None
    return Standing(name, result, mark)


def _mark(path: Path, vouched: DeliveredFrame | None) -> FileMark | None:
    """Return the mark of a file at the destination; None if it is not the one that was delivered.

    Raises:
        OSError: it cannot be read.
    """
    stamp = stamp_of(path.lstat())
    if vouched is None or vouched.digest is None:
        return mark_of(path)
    digest = vouched.digest if stamp == vouched.stamp else digest_of(path)
    return FileMark(stamp, digest) if digest == vouched.digest else None


def adoptable_frames(
    attempts: Iterable[PastAttempt], job: RenderJob, ledger: Ledger, minimum_bytes: int
) -> list[Adoptable]:
    """Return the pending frames that lie whole in the scratch of earlier runs, each once.

    A movie is never adopted: one that was cut by a crash plays, so the file alone proves nothing. Nor is a
    frame whose structure cannot prove that it is whole: its renderer may have died in it.
    """
    found: dict[int, Adoptable] = {}
    attempts = list(attempts)
    condemned = {attempt.folder for attempt in attempts if not attempt.trusted}
    for attempt in attempts:
        if job.single_file or attempt.folder in condemned or not is_own_scratch(attempt.folder):
            continue
        for file in sorted(scan(attempt.folder), key=lambda file: ranked(file, job.output.extension)):
            frame = file.frame
            if frame is None or frame not in attempt.frames or frame not in ledger or frame in found:
                continue
            if ledger[frame].state is not FrameState.PENDING or is_placeholder(file):
                continue
            result = verify_path(file.path, minimum_bytes)
            if isinstance(result, Whole) and result.in_doubt is None:
                found[frame] = Adoptable(frame, file, result)
    return list(found.values())


def sweep_scratch(past: Iterable[PastRun]) -> list[Path]:
    """Remove earlier runs' scratch folders, once all frames are delivered. Return those that are gone."""
    return [run.scratch for run in past if run.scratch is not None and Scratch.remove_at(run.scratch)]


def sweep_parts(job: RenderJob, past: Iterable[PastRun]) -> None:
    """Remove the temporary files of killed runs at the destination."""
    dead = {run.id for run in past}
    with contextlib.suppress(OSError):  # the deliveries report a folder that cannot be listed
        part_files.sweep_parts(job.output.directory, dead.__contains__)
