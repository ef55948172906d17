"""What the orchestrator needs to know of a renderer program: how to call it and how to read its lines.

A renderer is two pure things: a command line for a span of frames, and a reader of output lines. Starting it,
stopping it and checking its frames belong to other packages. A line is only ever a hint: the ledger decides
which frames were rendered.
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
    """What a renderer's line reports."""

    VERSION = "version"
    """The launcher prints its version; on macOS this may come last."""

    LAUNCHING = "launching"
    """After Effects is being started."""

    OPENED = "opened"
    """The project is open and rendering begins: "Starting composition"."""

    FRAME = "frame"
    """A frame was rendered. The line of a frame may repeat, and lines may be missing."""

    FINISHED = "finished"
    """ "Finished composition": this process has rendered all it was asked for."""

    FINDING = "finding"
    """The line is in the catalogue of errors and warnings; `ReadLine.finding` holds the entry."""

    OTHER = "other"
    """Header, noise, or anything unknown."""


class Meaning(Enum):
    """What a known error or warning means for the process that printed it, gravest first."""

    HOPELESS = "hopeless"
    """No retry helps: a comp, template or project does not exist, or a flag is unknown."""

    UNTRUSTED = "untrusted"
    """Frames rendered from here on may be black or wrong, even if files are whole and the exit code is 0."""

    LATER = "later"
    """The start was refused for now (another instance is starting). Retry later; it counts as no failure."""

    FAILED = "failed"
    """An error occurred. Frames that were rendered whole still count; those that are missing failed."""

    WARNING = "warning"
    """Reported once; the frames count."""

    HARMLESS = "harmless"
    """Looks like an error and is none."""


class FindingKind(Enum):
    """The subject of a finding, for policies, counters and machine-readable output. Values are stable."""

    MISSING_FOOTAGE = "missing_footage"
    """A footage file does not exist; After Effects draws colour bars or stops."""

    MISSING_EFFECT = "missing_effect"
    """A plug-in is not installed; its effect is left out."""

    MISSING_LAYER = "missing_layer"
    """A reference to a layer, or something that a layer depends on, is missing."""

    EXPRESSION_DISABLED = "expression_disabled"
    """An expression failed; its property keeps another value."""

    MISSING_FONT = "missing_font"
    """Text is rendered in another font."""

    BLANK_FRAMES = "blank_frames"
    """Frames outside the comp are asked for; they are rendered blank."""

    NOT_DRAWN = "not_drawn"
    """The embedded renderer leaves out parts of the document."""

    WRONG_OUTPUT_KIND = "wrong_output_kind"
    """The output module writes a movie instead of a sequence, or the reverse."""

    MISSING_TEMPLATE = "missing_template"
    """An output module or render settings template is not installed."""

    WRONG_COMP = "wrong_comp"
    """The comp or queue item does not exist, or is already rendered."""

    PROJECT = "project"
    """The project cannot be opened or rendered as it is."""

    UNREADABLE_FOOTAGE = "unreadable_footage"
    """Footage exists and cannot be decoded on this machine."""

    GPU_TOO_MANY = "gpu_too_many"
    """The GPU or its memory does not suffice, as happens if too many processes share it."""

    ENCODER = "encoder"
    """The output module or encoder failed, as happens if too many run at once."""

    LICENCE = "licence"
    """No licence was granted, as happens if more processes run than there are seats."""

    MEMORY = "memory"
    """Main memory ran out."""

    DISK_FULL = "disk_full"
    """The disk ran out of space."""

    OTHER = "other"
    """Anything else."""

    @property
    def limits_processes(self) -> bool:
        """Whether fewer processes at once may help: the resource is shared by all of them."""
        return self in {FindingKind.GPU_TOO_MANY, FindingKind.ENCODER, FindingKind.LICENCE}


@dataclass(frozen=True, slots=True)
class Finding:
    """A line that matched an entry of the catalogue."""

    name: str
    """The entry's name: stable, machine-readable."""

    meaning: Meaning
    words: str
    """The renderer's line."""

    advice: str = ""
    """The next step for the user."""

    kind: FindingKind = FindingKind.OTHER
    launches: int | None = None
    """Renderers that may end with this finding in a row, without a whole frame, before the run ends.

    1: hopeless after the first renderer. 2: a second slot confirms it. None: the retry rules decide.
    """

    general: bool = False
    """Reports that something failed, but not what; a more specific finding is the better reason."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One output line, understood as far as possible."""

    kind: LineKind
    text: str
    count: int | None = None
    """FRAME: the 1-based number of the frame within this process, as printed in brackets."""

    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What one process is asked to render."""

    span: Span | None
    """Frames, both ends included; None for a single file over the time span of its queue item."""

    output: str
    """Absolute path in scratch; for a sequence with `[#####]` in it."""

    mfr_percent: int
    """1 to 100: this process's share of the machine, the second value of `-mfr`."""

    skip_existing: bool = False
    """Leave out every frame that has a file: several processes share the span."""


class Renderer(Protocol):
    """A program that renders frames."""

    @property
    def name(self) -> str:
        """Its name in messages: "aerender", "stmpo-lottie"."""
        ...

    def command(self, job: RenderJob, work: Work, *, mfr: bool) -> Sequence[str]:
        """Return the argument list that renders this; the first item is the program."""
        ...

    def read(self, line: str) -> ReadLine:
        """Classify one output line (decoded, without its line end)."""
        ...
