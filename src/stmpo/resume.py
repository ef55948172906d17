"""What is there already, before a run renders anything.

Journal and disk decide together:

- a frame that the journal vouches for is delivered if the destination holds that file, of that size, whole;
- a whole frame that lies in the scratch folder of an earlier, interrupted run is adopted: it is delivered, not
  rendered again, unless its renderer had said words that condemn it;
- any other file of that name (last week's version in the same folder) is rendered again, unless `--keep-existing`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.collector import Collector, verify_one
from stmpo.delivery.scratch import owned
from stmpo.delivery.settling import Found, scan
from stmpo.delivery.verify import Whole, verify_frame
from stmpo.ledger import FrameState, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stmpo.job import RenderJob
    from stmpo.journal import History, PastAttempt, Vouched

_THREADS = 4


def standing_frames(
    job: RenderJob, ledger: Ledger, history: History, *, keep_existing: bool, minimum_bytes: int
) -> dict[int, int]:
    """Frames that already stand at the destination, with their sizes in bytes. Reads each of them to its end."""

    def check(frame: int) -> tuple[int, Whole | None]:
        vouched = history.vouched.get(frame)
        if vouched is None and not keep_existing:
            return frame, None
        return frame, _standing(job, frame, vouched, minimum_bytes)

    candidates = [
        frame for frame in ledger.frames(FrameState.PENDING) if keep_existing or frame in history.vouched
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        return {frame: whole.size for frame, whole in pool.map(check, candidates) if whole is not None}


def _standing(job: RenderJob, frame: int, vouched: Vouched | None, minimum_bytes: int) -> Whole | None:
    name = vouched.name if vouched is not None else job.output.name(frame)
    if Path(name).name != name:  # a journal is no authority over other folders
        return None
    path = job.output.directory / name
    try:
        result = verify_frame(path, extension=path.suffix, minimum_bytes=minimum_bytes)
    except OSError:
        return None
    if not isinstance(result, Whole) or (vouched is not None and vouched.size != result.size):
        return None
    return result


def adopt(
    attempts: Iterable[PastAttempt], job: RenderJob, ledger: Ledger, collector: Collector, minimum_bytes: int
) -> int:
    """Hand whole frames of earlier runs' scratch folders to delivery. Returns how many."""
    adopted = 0
    if job.single_file:
        return adopted
    for attempt in attempts:
        if not attempt.trusted or not owned(attempt.folder):
            continue
        for found in scan(attempt.folder):
            adopted += _adopt_one(found, attempt, ledger, collector, minimum_bytes)
    return adopted


def _adopt_one(
    found: Found, attempt: PastAttempt, ledger: Ledger, collector: Collector, minimum_bytes: int
) -> bool:
    frame = found.frame
    if frame is None or frame not in attempt.frames or frame not in ledger:
        return False
    if ledger[frame].state is not FrameState.PENDING:
        return False
    result = verify_one(found, minimum_bytes)
    if not isinstance(result, Whole):
        return False
    collector.adopt(frame, found, result)
    return True


def sweep(folders: Iterable[Path], remove: Callable[[Path], bool]) -> list[Path]:
    """Remove earlier runs' scratch folders, once all they held is delivered. Returns those that are gone."""
    return [folder for folder in folders if owned(folder) and remove(folder)]
