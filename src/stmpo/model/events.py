"""Events of a run. The engine emits them; sinks (`stmpo.reporting`) show them to people and programs.

An event is data, never text to be parsed again. `Event` is the union of all events; a sink handles the ones
it needs and ignores the rest. Durations are seconds, sizes are bytes.

The order in a run: `RunStarted` when planning is done, then `SlotChanged`, `RendererOutput`,
`FrameDelivered`, `Progress` and `Message` in any order, `RunFailed` if frames will be missing, and `RunEnded`
last. `Message` and `RunFailed` may come before `RunStarted` (a refusal).
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
    """The run does something."""

    WARNING = "warning"
    """Something is unusual; the run goes on."""

    ERROR = "error"
    """Something failed; frames may be missing."""


class SlotState(Enum):
    """The state of a slot. The values are the words on the board."""

    IDLE = "idle"
    """No renderer, and no frames for one now."""

    WAITING = "waiting"
    """Frames are waiting; the start is held back by the spawn delay, or after a failed start."""

    STARTING = "starting"
    """The renderer was started and has not rendered yet."""

    RENDERING = "rendering"
    """Frames are being rendered."""

    FINISHING = "finishing"
    """All frames of its lease are there; the renderer has time to exit."""

    PAUSED = "paused"
    """Suspended until the destination catches up or a full disk has space again."""

    STOPPING = "stopping"
    """The renderer was asked to exit or is being killed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One line for people. `where` is a slot's prefix without brackets; empty for the run itself."""

    level: Level
    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class RendererOutput:
    """One line of a renderer's output, decoded, without its line end. It is only shown behind a prefix."""

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
    """Rendered frames of the current lease; under a shared lease those of this renderer."""

    memory_bytes: int = 0
    """Memory of the renderer's whole process tree."""

    cpu_percent: float = 0.0
    """CPU use of the whole process tree; 100 is one logical CPU."""

    shared: bool = False
    """Whether several renderers have this lease, and each takes the next frame that has no file."""


@dataclass(frozen=True, slots=True)
class FrameDelivered:
    """A whole frame is at the destination."""

    frame: int
    slot: int
    name: str
    size: int
    cost: float | None
    """Seconds it took to render; None if unknown."""

    delivered: int
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of the run, emitted at most a few times per second."""

    delivered: int
    total: int
    elapsed: float
    rate: float
    """Delivered frames per second over the last minute."""

    eta: float | None
    """Estimated seconds until the last frame; None if unknown."""

    waiting: int
    """Rendered frames that are not delivered yet."""

    running: int
    """Renderers running now."""

    fraction: float
    """Finished part, 0 to 1: delivered frames; for a single file, frames that its renderer reported."""


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run will not deliver these frames. `reason` quotes the renderer."""

    frames: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over; no event follows. `lines` are the summary for people."""

    succeeded: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Planning is done; the first renderer starts next."""

    title: str
    output: str
    total: int
    resumed: int
    """Frames that were already delivered."""

    slots: int
    reasons: tuple[str, ...] = field(default=())


Event = Message | RendererOutput | SlotChanged | FrameDelivered | Progress | RunFailed | RunStarted | RunEnded
