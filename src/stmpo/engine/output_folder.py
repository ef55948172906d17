"""The scratch folder that a renderer writes to: its own one, or one that it shares with other renderers.

`OutputFolder` is everything that the rest of the engine needs to know about the difference. The shared folder
is in `shared_folder`.
"""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from stmpo.model.frame_bits import FrameBits

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.delivery.file_stability import RenderedFile
    from stmpo.engine.attempt import Attempt
    from stmpo.scheduling.protocol import Strategy


class OutputFolder(Protocol):
    """A scratch folder and the attempts that write to it."""

    @property
    def path(self) -> Path:
        """Return where it is."""
        ...

    @property
    def is_shared(self) -> bool:
        """Return whether several renderers write here, so that no file can be assigned to one of them."""
        ...

    @property
    def end_of_sharing(self) -> str:
        """Return why its renderers are to share it no longer, as a clause for people; usually empty."""
        ...

    @property
    def blames_version(self) -> bool:
        """Return whether that end says something about the renderer's version, not about the queue item."""
        ...

    @property
    def doubled(self) -> int:
        """Return how many frames several renderers are known to have rendered here."""
        ...

    def join(self, attempt: Attempt) -> None:
        """Note that an attempt is about to write here."""
        ...

    def owner(self, attempt: Attempt) -> Attempt:
        """Return the attempt that the files here belong to, for an attempt that writes here."""
        ...

    def on_line(self, attempt: Attempt) -> None:
        """Note that an attempt has made progress, by its lines."""
        ...

    def report(self, attempt: Attempt, strategy: Strategy, now: float) -> None:
        """Tell the strategy which frames are new. `now` is in seconds of the strategy's clock."""
        ...

    def leave(self, attempt: Attempt) -> Attempt | None:
        """Note that an attempt's renderer is gone. Return the attempt to settle, if there is one now."""
        ...

    def has_evidence(self, attempt: Attempt, file: RenderedFile) -> bool:
        """Return whether the renderer has shown that a frame is done whose structure cannot prove it.

        `attempt` owns the folder, and the file has not changed for a while.
        """
        ...

    def on_taken_frame(self, file: RenderedFile) -> None:
        """Note that there is a file of a frame that was taken already: its placeholder, or a new file."""
        ...

    def remove_source(self, path: str) -> None:
        """Remove the file of a delivered frame.

        Raises:
            OSError: it cannot be removed.
        """
        ...


class PrivateFolder:
    """The folder of one attempt."""

    is_shared = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reported = FrameBits()
        """Frames that the strategy knows to be rendered."""

    end_of_sharing = ""
    blames_version = False
    doubled = 0

    def join(self, attempt: Attempt) -> None:
        """Do nothing: there is one attempt."""

    def owner(self, attempt: Attempt) -> Attempt:
        """Return the attempt itself."""
        return attempt

    def on_line(self, attempt: Attempt) -> None:
        """Do nothing: its own files tell the rest."""

    def report(self, attempt: Attempt, strategy: Strategy, now: float) -> None:
        """Report frames that have a file, and frames that lines have counted.

        A line tells how many frames there are, not which: those without a file are assumed to be the first
        ones.
        """
        if attempt.start_up is None or attempt.ended:
            return
        rendering = time.monotonic() - attempt.started_at - attempt.start_up
        strategy.began(attempt.lease, now - rendering)
        for frame in attempt.files.seen - self._reported:
            self._reported.add(frame)
            strategy.finished(attempt.lease, frame, now)
        span, more = attempt.lease.span, max(0, attempt.output.counted - len(self._reported))
        for frame in islice(self._reported.gaps(span.first, span.last), more):
            self._reported.add(frame)
            strategy.finished(attempt.lease, frame, now)

    def leave(self, attempt: Attempt) -> Attempt:
        """Return the attempt itself."""
        return attempt

    def has_evidence(self, attempt: Attempt, file: RenderedFile) -> bool:
        """Return whether it ended well, or reported this frame, or began a later one."""
        if attempt.request.single_file:
            return attempt.ended_well and attempt.output.finished
        if attempt.ended_well or attempt.output.finished:
            return True
        if file.frame is None or attempt.asked is None:
            return False
        reported = file.frame - attempt.asked.first < attempt.output.counted
        return reported or any(frame > file.frame for frame in attempt.files.seen)

    def on_taken_frame(self, file: RenderedFile) -> None:
        """Do nothing: the file waits for its delivery."""

    def remove_source(self, path: str) -> None:
        """Remove the file."""
        os.unlink(path)  # noqa: PTH108 - pathlib would keep every name (see `delivery.file_stability`)
