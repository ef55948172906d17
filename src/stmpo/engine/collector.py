"""Find the files that renderers have written, and have them verified.

    file appears ─► left alone for `TRUST_AFTER`, or its renderer has ended ─► verified ─► delivery queue

The collector moves a frame of the ledger from "leased" to "rendered"; the delivery queue takes it over once
it is verified. Folders are listed in the event loop, since scratch is local. Files are read in threads, so
that rendering goes on.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.delivery.extra_files import find_extra_files, keep_extra_files
from stmpo.delivery.file_stability import RenderedFile, StabilityCheck, ranked, scan
from stmpo.delivery.misplaced_frames import find_misplaced_frames
from stmpo.delivery.placeholders import is_placeholder
from stmpo.delivery.size_consensus import SizeConsensus, format_size
from stmpo.delivery.verify import Broken, Whole, has_structure
from stmpo.delivery.verify_files import verify_all
from stmpo.engine.attempt import TRUST_AFTER, Attempt
from stmpo.engine.doubtful_frames import frames_before
from stmpo.engine.ledger import FrameState
from stmpo.engine.run_context import FramesFailed
from stmpo.model.events import Level
from stmpo.model.text import one_line
from stmpo.system.daemon_threads import Threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stmpo.engine.delivery_queue import DeliveryQueue
    from stmpo.engine.run_context import RunContext
    from stmpo.model.frames import FrameSet

VERIFY_THREADS = 2
"""Attempts whose files are verified at a time. Checksums and reads run in parallel, walking structure does
not."""

MAX_NAMED = 4
"""File names in one warning."""

CLOSE_TIMEOUT = 5.0
"""Seconds that the end of a run waits for files that are being read."""


@dataclass(slots=True)
class _Folder:
    """State of one attempt's folder between two scans."""

    attempt: Attempt
    stability: StabilityCheck = field(default_factory=lambda: StabilityCheck(TRUST_AFTER))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Size and modification time of each file."""


class Collector:
    """Owns frames from "leased" to "verified". `size_consensus` knows the sizes of earlier frames."""

    def __init__(
        self, context: RunContext, delivery_queue: DeliveryQueue, size_consensus: SizeConsensus
    ) -> None:
        self._context = context
        self._job, self._ledger = context.job, context.ledger
        self._minimum_bytes = context.options.min_frame_bytes
        self.delivery_queue = delivery_queue
        self._size_consensus = size_consensus
        self._readers = Threads(VERIFY_THREADS, "verify")
        self._folders: dict[int, _Folder] = {}
        self._named_a_twin = False
        self.taken = 0
        """Frames that were rendered whole in this run, by any attempt."""

        self.extra_folder = ""
        """Where output files are kept that were not asked for; empty if there are none."""

    async def scan(self, attempt: Attempt, now: float) -> None:
        """Look at the attempt's files and take the settled ones; all of them, once its renderer has ended."""
        folder = self._folders.setdefault(attempt.number, _Folder(attempt))
        async with folder.lock:
            last = attempt.ended
            if self._job.single_file and not last:
                self._note_growth(folder, now)
            # In the order of writing: a frame's cost is the time since the one before it.
            found = sorted(self._found(attempt).items(), key=lambda item: item[1].mtime_ns)
            ready = {frame: file for frame, file in found if self._is_settled(folder, frame, file, now)}
            if last:
                ready = self._without_misplaced(attempt, ready)
            if ready := self._trusted(attempt, ready):
                whole = await self._verify(attempt, ready)
                # Its lines may have condemned some of them while the files were read.
                for frame, found_file in self._trusted(attempt, ready).items():
                    if frame in whole:
                        self._take(attempt, frame, found_file, whole[frame])
                        folder.stability.forget(found_file.name)
                        folder.versions.pop(found_file.name, None)

    @staticmethod
    def _note_growth(folder: _Folder, now: float) -> None:
        """Note whether the single file has grown since the last scan."""
        for file in scan(folder.attempt.folder.path):
            version = (file.size, file.mtime_ns)
            if file.size and folder.versions.get(file.name) != version:
                folder.versions[file.name] = version
                folder.attempt.on_growth(now)

    def restart_waits(self, now: float, attempt: Attempt | None = None) -> None:
        """Start the wait of files again: their renderer, or all of them, stood still until `now`."""
        for number, folder in self._folders.items():
            if attempt is None or number == attempt.folder.owner(attempt).number:
                folder.stability.restart(now)

    @staticmethod
    def _trusted(attempt: Attempt, files: dict[int, RenderedFile]) -> dict[int, RenderedFile]:
        """Return the files that count: all, or those from before the words that condemn the pictures."""
        if not attempt.output.untrusted:
            return files
        if attempt.output.condemned is None or attempt.asked is None or attempt.request.single_file:
            return {}
        written = {frame: file.mtime_ns for frame, file in files.items()}
        before = frames_before(attempt.asked, attempt.output.condemned, written, attempt.files.taken)
        return {frame: file for frame, file in files.items() if frame in before}

    def has_all(self, attempt: Attempt) -> bool:
        """Return whether every frame of the attempt's lease was taken."""
        done = (FrameState.VERIFIED, FrameState.DELIVERED)  # by a backup
        return all(f in attempt.files.taken or self._ledger[f].state in done for f in self._wanted(attempt))

    async def are_whole(self, attempt: Attempt) -> bool:
        """Return whether every frame of the attempt's lease has a whole file, settled or not.

        Always false for formats whose structure cannot be read: a cut file would look whole.
        """
        found = {f: file for f, file in self._found(attempt).items() if has_structure(file.extension)}
        left = [frame for frame in self._wanted(attempt) if frame not in attempt.files.taken]
        if any(frame not in found for frame in left):
            return False
        results = await self._readers.run(verify_all, [found[frame] for frame in left], self._minimum_bytes)
        return all(isinstance(result, Whole) for result in results)

    async def count_stolen(self, attempt: Attempt) -> int:
        """Return how many whole frames are in the attempt's folder that were stolen from it meanwhile."""
        stolen = [
            file
            for file in scan(attempt.folder.path)
            if file.frame is not None and attempt.asked is not None and file.frame in attempt.asked
            if file.frame not in attempt.lease.span
        ]
        results = await self._readers.run(verify_all, stolen, self._minimum_bytes)
        return sum(isinstance(result, Whole) for result in results)

    def release(self, attempt: Attempt) -> None:
        """Forget the attempt; its folder goes once the last frame in it is delivered."""
        self._folders.pop(attempt.number, None)
        if attempt.files.extensions and not attempt.folder.is_shared:
            self._keep_extra_files(attempt)
        self.delivery_queue.release(attempt)

    def _keep_extra_files(self, attempt: Attempt) -> None:
        """Keep the output files that nobody asked for in scratch, and name them in one warning per run."""
        files = find_extra_files(attempt.folder.path, attempt.files.extensions)
        if not files:
            return
        folder = keep_extra_files(files, self._context.scratch.path, f"a{attempt.number}")
        if not self.extra_folder:
            names = ", ".join(file.name for file in files[:MAX_NAMED])
            more = f" and {len(files) - MAX_NAMED} more" if len(files) > MAX_NAMED else ""
            text = (
                f"the renderer also wrote {one_line(names, 300)}{more}, which nobody asked for: not delivered, but kept in"
                f" {folder}. A second output module does that: render it as a queue item of its own"
            )
            self._context.reporter.say(Level.WARNING, text, attempt)
        self.extra_folder = str(folder)

    def close(self) -> None:
        """End the threads."""
        self._readers.close(CLOSE_TIMEOUT)
        self.delivery_queue.close()

    def _wanted(self, attempt: Attempt) -> Iterator[int]:
        """Yield the frames of its lease that the attempt has to render."""
        return (f for f in attempt.lease.span if f in self._ledger and f not in attempt.request.excluded)

    def _found(self, attempt: Attempt) -> dict[int, RenderedFile]:
        """Return the files of wanted frames that are not taken; of two, the one with the asked extension."""
        if self._job.single_file and not attempt.wrote_its_file:
            return {}
        best: dict[int, RenderedFile] = {}
        for file in scan(attempt.folder.path):
            frame = attempt.lease.span.first if self._job.single_file else file.frame
            if frame is None or frame not in attempt.lease.span:
                continue
            if frame in attempt.files.taken:
                attempt.folder.on_taken_frame(file)
                continue
            if frame not in self._ledger or frame in attempt.request.excluded or is_placeholder(file):
                continue
            if frame not in best:
                best[frame] = file
            else:
                best[frame] = self._twin(file, best[frame])
        return best

    def _twin(self, file: RenderedFile, other: RenderedFile) -> RenderedFile:
        """Return the file that counts, of two for one frame: see `ranked`. Name the other one, once."""
        best, rest = sorted((file, other), key=lambda each: ranked(each, self._job.output.extension))
        if best.extension == rest.extension and not self._named_a_twin:
            self._named_a_twin = True
            text = (
                f"{one_line(rest.name)} and {one_line(best.name)} are there for one frame:"
                f" {one_line(best.name)} counts, the other does not"
            )
            self._context.reporter.say(Level.WARNING, text)
        return best

    def _is_settled(self, folder: _Folder, frame: int, file: RenderedFile, now: float) -> bool:
        attempt, version = folder.attempt, (file.size, file.mtime_ns)
        if folder.versions.get(file.name) != version:
            folder.versions[file.name] = version
            attempt.files.changes += 1
        if frame not in attempt.files.seen and file.size:
            attempt.on_file(frame, now)
            if self._ledger[frame].state is FrameState.LEASED:
                self._ledger.move(frame, FrameState.RENDERED)
        return folder.stability.observe(file.name, file.size, file.mtime_ns, now) or attempt.ended

    def _without_misplaced(self, attempt: Attempt, ready: dict[int, RenderedFile]) -> dict[int, RenderedFile]:
        """Leave out files that may show another frame, if lines report more frames than there are files."""
        if self._job.single_file or attempt.asked is None or attempt.folder.is_shared:
            return ready
        there = {
            file.frame for file in scan(attempt.folder.path) if file.size and file.frame in attempt.asked
        }
        if attempt.output.counted <= len(there | attempt.files.taken):
            return ready
        misplaced = find_misplaced_frames({frame: file.mtime_ns for frame, file in ready.items()})
        for frame in misplaced:
            attempt.files.broken[frame] = (
                "was written out of turn, and another frame that the renderer reported has no file"
            )
        return {frame: file for frame, file in ready.items() if frame not in misplaced}

    async def _verify(self, attempt: Attempt, ready: Mapping[int, RenderedFile]) -> dict[int, Whole]:
        """Return those of the files that are whole; remember of the others why they are not."""
        results = await self._readers.run(verify_all, list(ready.values()), self._minimum_bytes)
        whole = {}
        for frame, read in zip(ready, results, strict=True):
            file = self._counted(attempt, read) if self._job.single_file else read
            if isinstance(file, Broken):
                attempt.files.broken[frame] = file.reason
            elif file.in_doubt is not None and not attempt.folder.has_evidence(attempt, ready[frame]):
                if attempt.ended:  # until then a line may still come
                    attempt.files.broken[frame] = f"{file.in_doubt}; its renderer did not finish it"
            elif self._ledger[frame].state is FrameState.RENDERED:
                if problem := self._size_problem(attempt, frame, file):
                    attempt.files.broken[frame] = problem
                else:
                    attempt.files.broken.pop(frame, None)
                    whole[frame] = file
        if any(isinstance(result, Whole) for result in results):
            self._compare_sizes()
        # The run may have switched to another size just now.
        return {f: file for f, file in whole.items() if self._size_problem(attempt, f, file) is None}

    @staticmethod
    def _counted(attempt: Attempt, file: Whole | Broken) -> Whole | Broken:
        """Check that a movie holds the frames that its renderer printed.

        The number of frames asked for is no measure: render settings may choose another frame rate.
        """
        if isinstance(file, Broken) or file.frames is None:
            return file
        attempt.files.pictures = file.frames
        if file.frames >= attempt.output.counted:
            return file
        return Broken(f"holds {file.frames:,} frames, but its renderer reported {attempt.output.counted:,}")

    def _size_problem(self, attempt: Attempt, frame: int, file: Whole) -> str | None:
        """Return why a whole frame of a sequence is refused: it has another size than the others."""
        if self._job.single_file:
            return None
        return self._size_consensus.judge(frame, file.sides, attempt.number)

    def _compare_sizes(self) -> None:
        """Switch to the size of most frames, or end the run if more attempts will not help."""
        old = self._size_consensus.switch_size()
        if old is not None and self._size_consensus.size is not None:
            size = format_size(self._size_consensus.size)
            which = f"frame {old} is" if len(old) == 1 else f"frames {old} are"
            text = f"{which} not {size} pixels large, as most are; rendered again"
            self._context.reporter.say(Level.WARNING, text)
            self._reject(old)
        elif (why := self._size_consensus.give_up_reason) and not self.delivery_queue.gave_up:
            self.delivery_queue.gave_up = True
            self._context.run_end.end(FramesFailed(why))

    def _reject(self, frames: FrameSet) -> None:
        unsettled = (each.attempt for each in self._folders.values() if not each.attempt.settled)
        self.delivery_queue.reject(frames, {frame for attempt in unsettled for frame in attempt.files.taken})

    def _take(self, attempt: Attempt, frame: int, found: RenderedFile, file: Whole) -> None:
        """Account for a whole frame and have it delivered."""
        cost = attempt.costs.finished(file.mtime_ns / 1e9, time.monotonic() - attempt.started_at)
        self._ledger.rendered(frame, attempt.lease.slot, cost)
        attempt.files.taken.add(frame)
        attempt.files.extensions.add(found.extension)
        self.taken += 1
        self.delivery_queue.send(frame, found, file, attempt)
