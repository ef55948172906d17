"""The number of renderers that may run at once, lowered by evidence: a GPU, an encoder or a licence that fits
only so many.

Words of that kind from one renderer may have any cause. From two renderers, on different frames, they mean
that too many share the resource: the number is halved, and the frames are rendered again by those that are
left. That is repeated down to one. A renderer that ran alone proves something else: then the usual rules of
retries decide.

    failure of a renderer that had company ─► the first: the usual rules decide, and it is remembered
                                            ─► the same frame again: the frame may be to blame
                                            ─► another renderer and frame: the number is halved, and neither
                                               frame loses a retry

Pure: numbers of renderers and frames go in, a verdict comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

RENDERERS = 2
"""Renderers that must fail until there are fewer."""

FORGOTTEN_AFTER = 10
"""Frames per process that are rendered without such words, until an earlier failure proves nothing."""


class Verdict(Enum):
    """What a failure means."""

    COUNTS = "counts"
    """The usual rules decide about a retry."""

    FIRST = "first"
    """The same, until a second renderer confirms that too many share something."""

    FREE = "free"
    """Its frames go back, and no retry is counted."""

    FEWER = "fewer"
    """The same, and fewer renderers may run at once from now on; see `forgiven`."""


@dataclass(slots=True)
class ProcessLimit:
    """Counts failures for want of a shared resource. `processes` is the planned number."""

    processes: int
    """Most renderers that may run at once."""

    forgiven: frozenset[int] = frozenset()
    """Frames whose counted failure was not their fault, as the latest `FEWER` has shown."""

    _most: int = 0
    """Most that ran at once since the number was last lowered."""

    _latest: int = 0
    """The latest renderer."""

    _before: int = 0
    """Renderers up to this one started before the number was lowered: they prove nothing any more."""

    _renderers: set[int] = field(default_factory=set)
    _frames: set[int] = field(default_factory=set)
    _rendered: int = 0
    """Frames that were rendered until the latest failure."""

    def started(self, renderer: int, at_once: int) -> None:
        """Record a start. `at_once` renderers run now, this one included."""
        self._latest = max(self._latest, renderer)
        self._most = max(self._most, at_once)

    def refuses(self, running: int) -> bool:
        """Return whether no further renderer may start beside so many."""
        return running >= self.processes

    def failed(self, renderer: int, frame: int | None, rendered: int) -> Verdict:
        """Record that a renderer that had company failed for want of a shared resource.

        `frame` is the one that failed; None if the renderer did not begin. `rendered` counts the frames that
        the run has rendered.
        """
        if renderer <= self._before:
            return Verdict.FREE
        if rendered - self._rendered > FORGOTTEN_AFTER * self.processes:
            self._forget()
        self._rendered = rendered
        if frame is not None and frame in self._frames:
            return Verdict.COUNTS
        self._renderers.add(renderer)
        if frame is not None:
            self._frames.add(frame)
        if len(self._renderers) < RENDERERS:
            return Verdict.FIRST
        self.forgiven = frozenset(self._frames - {frame})
        self.processes = max(1, min(self.processes, self._most) // 2)
        self._most, self._before = 0, self._latest
        self._forget()
        return Verdict.FEWER

    def _forget(self) -> None:
        self._renderers.clear()
        self._frames.clear()
