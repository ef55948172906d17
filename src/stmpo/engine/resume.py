"""What is there already, before a run renders anything.

Journal and disk decide together:

- a frame that the journal vouches for is delivered if the destination holds that file, of that size, whole;
- a whole frame that lies in the scratch folder of an earlier, interrupted run is adopted: it is delivered, not
  rendered again, unless its renderer had said words that condemn it;
- any other file of that name (last week's version in the same folder) is rendered again, unless `--keep-existing`.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.delivery import part_files
from stmpo.delivery.file_stability import RenderedFile, scan
from stmpo.delivery.scratch import Scratch, is_own_scratch
from stmpo.delivery.verify import Whole, verify_frame
from stmpo.delivery.verify_files import verify_path
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.history.journal import movie_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stmpo.history.journal import DeliveredFrame, History, PastAttempt, PastRun
    from stmpo.model.render_job import RenderJob

_THREADS = 4
_Checked = tuple[int, Whole | None]


def standing_frames(
    job: RenderJob, ledger: Ledger, history: History, *, keep_existing: bool, minimum_bytes: int
) -> dict[int, Whole]:
    """Frames that already stand at the destination, as they are there. Reads each of them to its end."""

    def check(frame: int) -> tuple[int, Whole | None]:
        vouched = history.vouched.get(frame)
        if vouched is None and not keep_existing:
            return frame, None
        return frame, _standing(job, frame, vouched, minimum_bytes)

    candidates = [
        frame for frame in ledger.frames(FrameState.PENDING) if keep_existing or frame in history.vouched
    ]
    return {frame: whole for frame, whole in _each(check, candidates) if whole is not None}


def _each(check: Callable[[int], _Checked], frames: Sequence[int]) -> Iterable[_Checked]:
    """Check the frames several at a time; one after the other where the system grants no threads."""
    with contextlib.suppress(RuntimeError), ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(check, frames))
    return map(check, frames)


def _standing(job: RenderJob, frame: int, vouched: DeliveredFrame | None, minimum_bytes: int) -> Whole | None:
    if vouched is not None and vouched.frames != movie_frames(job):
        return None
    name = vouched.name if vouched is not None else job.output.name(frame)
    if name not in {job.output.name(frame), job.output.name(frame, Path(name).suffix)}:
        return None  # a journal is no authority over other folders, nor over other frames' files
    path = job.output.directory / name
    try:
        result = verify_frame(path, minimum_bytes=minimum_bytes)
    except OSError:
        return None
    if not isinstance(result, Whole) or (vouched is not None and vouched.size != result.size):
        return None
    return result


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A whole frame in an earlier run's scratch."""

    frame: int
    found: RenderedFile
    file: Whole


def adoptable_frames(
    attempts: Iterable[PastAttempt], job: RenderJob, ledger: Ledger, minimum_bytes: int
) -> list[Adoptable]:
    """Pending frames that lie whole in the scratch of earlier runs, each once. A movie is never taken from there."""
    found: dict[int, Adoptable] = {}
    for attempt in attempts:
        if job.single_file or not attempt.trusted or not is_own_scratch(attempt.folder):
            continue
        for file in scan(attempt.folder):
            frame = file.frame
            if frame is None or frame not in attempt.frames or frame not in ledger or frame in found:
                continue
            result = verify_path(file.path, minimum_bytes)
            if isinstance(result, Whole) and ledger[frame].state is FrameState.PENDING:
                found[frame] = Adoptable(frame, file, result)
    return list(found.values())


def sweep_scratch(past: Iterable[PastRun]) -> list[Path]:
    """Remove earlier runs' scratch folders, once all frames are delivered. Returns those that are gone."""
    return [run.scratch for run in past if run.scratch is not None and Scratch.remove_at(run.scratch)]


def sweep_parts(job: RenderJob, past: Iterable[PastRun]) -> None:
    """Remove what killed runs were copying to the destination."""
    dead = {run.id for run in past}
    with contextlib.suppress(OSError):  # a folder that cannot be listed is told by the deliveries
        part_files.sweep_parts(job.output.directory, dead.__contains__)
