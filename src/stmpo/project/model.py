"""After Effects projects, read without After Effects: what `inspect`, `bundle` and `submit` need to know of one.

py_aep reads the file; `aep_reader` turns what it found into the frozen values below and lets go of the rest, so that
nothing further on depends on py_aep, and a project is either read to its end or refused in one line. Nothing here
looks for footage on the disk: that is `stmpo.deadline.assets`.

Frame numbers are displayed ones, as aerender's `-s` and `-e` take them: frame 0 of a comp's time is
`display_start_time * frame_rate + project.display_start_frame` (Adobe's `commandLineRenderer.jsx`). Paths are as the
project has them, which may be another system's; `Footage.places` says where a worker's After Effects would look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stmpo.model.frames import FrameSet
    from stmpo.model.output_pattern import OutputKind

NEWEST_KNOWN = 26
"""The newest After Effects (its major version) whose files py_aep has been tried on."""


_DRIVE_OR_SHARE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_WINDOWS_HERE = isinstance(PurePath(), PureWindowsPath)


class ItemStatus(Enum):
    """What the render queue says about an item."""

    QUEUED = "queued"
    """Ticked, with an output: it renders when somebody presses Render."""

    UNQUEUED = "not queued"
    """Not ticked."""

    NEEDS_OUTPUT = "needs output"
    """No output has been chosen."""

    WILL_CONTINUE = "will continue"
    """It was paused."""

    RENDERING = "rendering"
    """The project was saved while it rendered."""

    USER_STOPPED = "stopped"
    """The user stopped it; After Effects does not render such an item again."""

    ERR_STOPPED = "failed"
    """It failed; After Effects does not render such an item again."""

    DONE = "done"
    """It is rendered; After Effects does not render such an item again."""


RENDERABLE = frozenset(
    {ItemStatus.QUEUED, ItemStatus.UNQUEUED, ItemStatus.NEEDS_OUTPUT, ItemStatus.WILL_CONTINUE}
)
"""What `aerender -rqindex` takes: it cannot tick an item of any other status."""


@dataclass(frozen=True, slots=True)
class ItemOutput:
    """One output module of a queue item."""

    template: str
    """The module's name, such as "PNG Sequence"."""

    format: str
    """Its format as After Effects calls it; empty where py_aep does not know it."""

    kind: OutputKind

    path: str | None
    """Where it writes, variables such as `[compName]` filled in; None where no output has been chosen."""

    extension: str
    """Without its dot, as the format forces it; empty where py_aep does not know it."""

    comp_frame_numbers: bool
    """Whether files are numbered by the comp. Without it every process would start at the same number."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One line of the render queue."""

    index: int
    """Counted from 1, as `--rqindex`."""

    comp: str
    comp_id: int
    status: ItemStatus

    frames: FrameSet
    """Every frame of the item's time span. (After Effects does not save "skip frames".)"""

    outputs: tuple[ItemOutput, ...]

    own_frame_rate: float | None
    """Frames a second, where the render settings override the comp's."""


@dataclass(frozen=True, slots=True)
class Comp:
    """One composition."""

    id: int
    name: str
    width: int
    height: int
    frame_rate: float
    first: int
    """First displayed frame number."""

    frames: int
    """How many frames it has."""


@dataclass(frozen=True, slots=True)
class FileSequence:
    """The file names of an image sequence: `before`, a number, `after`; or, where imported by name, the names."""

    before: str
    width: int
    after: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    """For a sequence that After Effects orders by name and not by number: all of its files."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A file, or the first file of a sequence, that the project uses."""

    name: str
    """As the project panel shows it."""

    path: str
    """As the project has it, absolute, in the style of the system that saved it."""

    sequence: FileSequence | None
    proxy: bool
    comps: frozenset[int]
    """Ids of the comps that show it, by however many comps in between."""

    up: int = 0
    """Folders from the project file up to what it shares with this file; 0 where they share no volume."""

    down: int = 0
    """Path components from there down to this file."""

    def places(self, project: Path) -> Iterator[Path]:
        """Where After Effects looks for it, in its order: the absolute path, then the one relative to the project."""
        if is_native(self.path):
            yield Path(self.path)
        if 0 < self.up <= len(project.parents) and self.down > 0:
            parts = _pure(self.path).parts
            if self.down < len(parts):
                yield project.parents[self.up - 1].joinpath(*parts[-self.down :])

    @property
    def another_volume(self) -> bool:
        """Whether a worker finds it only where that volume is mounted in the same place."""
        return self.up <= 0 or self.down <= 0


@dataclass(frozen=True, slots=True)
class FontUse:
    """A text layer that shows a font."""

    font: str
    """The font's PostScript name."""

    comp: str
    comp_id: int
    layer: str

    expression: bool = False
    """Whether an expression names it, and not the text itself."""


@dataclass(frozen=True, slots=True)
class Project:
    """What a project holds."""

    path: Path
    version: str
    """Of the After Effects that saved it, such as "25.1"."""

    major: int
    comps: tuple[Comp, ...]
    items: tuple[QueueItem, ...]
    footage: tuple[Footage, ...]
    """Everything that is a file; solids and placeholders are not."""

    placeholders: tuple[str, ...]
    """Names of placeholder items: they show colour bars wherever they are used."""

    font_uses: tuple[FontUse, ...] = ()
    """Every text layer with every font of it."""

    unread_texts: tuple[str, ...] = ()
    """Text layers (`comp: layer`) that are damaged: which fonts they use is not known."""

    composed_fonts: tuple[str, ...] = ()
    """Text layers (`comp: layer`) whose expressions put names of fonts together: which ones only a render tells."""

    text_effects: tuple[str, ...] = ()
    """Effects that draw text by themselves (`comp: layer (effect)`): their fonts are in no text of the project."""

    ocio: str = ""
    """The OCIO configuration that its colours are managed by: the absolute path of a file, or the name of one that comes
    with After Effects, such as "ACES 1.2". Empty where Adobe's own engine does it."""

    @property
    def ocio_file(self) -> str | None:
        """The path of its OCIO configuration, where that is a file of its own and comes not with After Effects."""
        own = _pure(self.ocio).is_absolute() or self.ocio.lower().endswith((".ocio", ".ocioz"))
        return self.ocio if own else None

    @property
    def fonts(self) -> tuple[str, ...]:
        """PostScript names of the fonts that text layers use, each once, sorted."""
        return tuple(sorted({use.font for use in self.font_uses}))

    def item(self, index: int) -> QueueItem:
        """The queue item with this number, from 1.

        Raises:
            BadInput: there is none.
        """
        if 1 <= index <= len(self.items):
            return self.items[index - 1]
        have = f"has {plural(len(self.items), 'item')}" if self.items else "is empty"
        raise BadInput(f"{self.path.name}: there is no queue item {index}; the render queue {have}")

    @property
    def newer_than_known(self) -> bool:
        """Whether it was saved by an After Effects that this reader has never seen."""
        return self.major > NEWEST_KNOWN


def is_native(path: str) -> bool:
    """Whether an absolute path is of this system's style: a Windows path means nothing on another system."""
    return _is_windows(path) is _WINDOWS_HERE


def _pure(text: str) -> PurePath:
    return PureWindowsPath(text) if _is_windows(text) else PurePosixPath(text)


def _is_windows(path: str) -> bool:
    return _DRIVE_OR_SHARE.match(path) is not None
