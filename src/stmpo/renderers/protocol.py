"""What the orchestrator needs to know of a renderer program: how to call it, and what its lines mean.

A renderer is two pure things: a command line for a span of frames, and a reader of output lines. Starting it, stopping
it and judging its frames belong to other rooms. A line is only ever a hint: the ledger decides what was rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.model.frames import Span
    from stmpo.model.render_job import RenderJob


class LineKind(Enum):
    """What a renderer's line says."""

    VERSION = "version"
    """The launcher names its version; on macOS this may come last."""

    LAUNCHING = "launching"
    """After Effects is being started."""

    OPENED = "opened"
    """The project is open and rendering begins: "Starting composition"."""

    FRAME = "frame"
    """A frame was rendered. The same frame's line may repeat, and lines may be missing."""

    FINISHED = "finished"
    """ "Finished composition": everything this process was asked for is done."""

    FINDING = "finding"
    """The catalogue of errors and warnings knows the line; `ReadLine.finding` says what it means."""

    OTHER = "other"
    """Header, noise, or anything unknown."""


class Meaning(Enum):
    """What a known error or warning means for the process that printed it, gravest first."""

    HOPELESS = "hopeless"
    """No retry helps: a comp, template or project that does not exist, a flag that is not known."""

    UNTRUSTED = "untrusted"
    """Frames rendered from here on may be black or wrong whatever their files look like, exit code 0 included."""

    LATER = "later"
    """Start refused for now (another instance is starting); try again later, it counts as no failure."""

    FAILED = "failed"
    """Something went wrong. What was rendered whole still counts; what is missing was lost to this."""

    WARNING = "warning"
    """Worth telling a person, once."""

    HARMLESS = "harmless"
    """Looks like an error and is none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of the catalogue that matched. `words` is the renderer's line, `advice` the next step for a person."""

    name: str
    meaning: Meaning
    words: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line, understood as far as it can be."""

    kind: LineKind
    text: str
    count: int | None = None
    """FRAME: the 1-based number of the frame within this process, as printed in brackets."""

    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What one process is asked to do."""

    span: Span | None
    """Frames, both ends included; None for a single file over its item's own time span."""

    output: str
    """Absolute path in scratch; for a sequence with `[#####]` in it."""

    mfr_percent: int
    """1 to 100: this process's share of the machine, the second value of `-mfr`."""

    skip_existing: bool = False
    """Leave out every frame that has a file: several processes share the span."""


class Renderer(Protocol):
    """One program that renders frames."""

    @property
    def name(self) -> str:
        """What people call it: "aerender", "stmpo-lottie"."""
        ...

    def command(self, job: RenderJob, work: Work, *, mfr: bool) -> Sequence[str]:
        """The argument list that renders this; the first item is the program."""
        ...

    def read(self, line: str) -> ReadLine:
        """Understand one output line (decoded, without its line end)."""
        ...
