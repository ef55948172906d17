"""What happened in a run. The orchestrator emits these values; sinks (`stmpo.reporting`) tell people and
programs.

An event is data, never text to be parsed again: what a console prints and what the journal keeps are made
from it. `Event` is the union of all; a sink handles the ones it cares for and ignores the rest. Times are
seconds of the run's own monotonic clock unless a name says otherwise; sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stmpo.model.frames import Span


class Level(Enum):
    """How much a message matters."""

    INFO = "info"
    """What a run does."""

    WARNING = "warning"
    """Something was refused or is odd, and the run goes on."""

    ERROR = "error"
    """Something failed; frames may be missing."""


class SlotState(Enum):
    """What a slot is doing, as the board shows it."""

    IDLE = "idle"
    """No renderer, and nothing for it at present."""

    WAITING = "waiting"
    """Work is there; the start is held back by the spawn delay or after a refusal."""

    STARTING = "starting"
    """The renderer was started and has not begun to render."""

    RENDERING = "rendering"
    """Frames are being rendered."""

    FINISHING = "finishing"
    """All its frames are there; the renderer is given its grace to end by itself."""

    PAUSED = "paused"
    """Suspended until the destination catches up, or a full disk has room again."""

    STOPPING = "stopping"
    """It was asked to end, or is being killed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One line for people. `where` is a slot's prefix without brackets, or empty for the run itself."""

    level: Level
    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class RendererOutput:
    """One line that a renderer wrote, decoded, without its line end. Data: it is shown only behind the
    prefix.
    """

    slot: int
    lease: Span | None
    text: str


@dataclass(frozen=True, slots=True)
class SlotChanged:
    """A slot's state, lease or measurements changed."""

    slot: int
    state: SlotState
    lease: Span | None = None
    pid: int | None = None
    done: int = 0
    """Frames of the present lease that are rendered."""

    memory_bytes: int = 0
    """Memory of the renderer's whole process tree."""

    cpu_percent: float = 0.0
    """CPU use of the whole tree; 100 is one logical CPU."""


@dataclass(frozen=True, slots=True)
class FrameDelivered:
    """A frame stands at the destination, whole."""

    frame: int
    slot: int
    name: str
    size: int
    cost: float | None
    """Seconds it took to render, where known."""

    delivered: int
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the run stands; emitted at most a few times a second."""

    delivered: int
    total: int
    elapsed: float
    rate: float
    """Delivered frames a second over the last minute."""

    eta: float | None
    """Seconds until the last frame, as far as can be said."""

    waiting: int
    """Rendered frames that are not delivered yet."""

    running: int
    """Renderers running now."""

    fraction: float
    """How much of the job is done, 0 to 1: delivered frames; for a single file, the frames its renderer told
    of.
    """


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run will not deliver all frames: which ones, and why in the renderer's own words."""

    frames: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over; nothing follows. `lines` are the summary for people."""

    succeeded: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Planning is done; the first renderer is about to start."""

    title: str
    output: str
    total: int
    resumed: int
    """Frames that were found delivered already."""

    slots: int
    reasons: tuple[str, ...] = field(default=())


Event = Message | RendererOutput | SlotChanged | FrameDelivered | Progress | RunFailed | RunStarted | RunEnded
