"""The content of an After Effects project, as far as STMPO needs it.

py_aep reads the file. `aep_parser` turns its objects into the frozen values below and drops the rest, so that
no other module depends on py_aep. A project is either read completely or refused in one line. Nothing here
looks for footage on the disk: `stmpo.deadline.assets` does.

Frame numbers are the displayed ones, as aerender's `-s` and `-e` take them: frame 0 of a comp's time has the
number `display_start_time * frame_rate + project.display_start_frame` (source: Adobe's
`commandLineRenderer.jsx`). Paths are as the project has them, perhaps of another system; `Footage.places`
gives the places where After Effects looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.text import plural
from stmpo.project.file_version import NEWEST_KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stmpo.model.output_pattern import OutputKind

_DRIVE_OR_SHARE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_WINDOWS_HERE = isinstance(PurePath(), PureWindowsPath)


class ItemStatus(Enum):
    """Status of an item in the render queue."""

    QUEUED = "queued"
    """Ticked, with an output: the Render button renders it."""

    UNQUEUED = "not queued"
    """Not ticked."""

    NEEDS_OUTPUT = "needs output"
    """No output has been chosen."""

    WILL_CONTINUE = "will continue"
    """It was paused in the middle."""

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
"""Status values that `aerender -rqindex` accepts: it cannot tick an item of another status."""


@dataclass(frozen=True, slots=True)
class ItemOutput:
    """One output module of a queue item."""

    template: str
    """The module's name, such as "PNG Sequence"."""

    format: str
    """Its format by After Effects' name; "" if py_aep does not know it."""

    kind: OutputKind

    path: str | None
    """The path it writes to, with variables such as `[compName]` filled in; None if no output is chosen."""

    extension: str
    """The format's file name extension, without the dot; "" if py_aep does not know it."""

    comp_frame_numbers: bool
    """Whether files have the comp's frame numbers. If not, every process starts at the same number."""

    exact_name: bool = False
    """Whether it is one frame of a sequence format without a number in its name, as "Save Frame As" makes
    it."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One item of the render queue."""

    index: int
    """Position in the queue, counted from 1, as for `--rqindex`."""

    comp: str
    comp_id: int
    status: ItemStatus

    frames: FrameSet
    """Every frame of the item's time span. (After Effects does not save "skip frames".)"""

    outputs: tuple[ItemOutput, ...]

    own_frame_rate: float | None
    """Frames a second if the render settings override the comp's rate, or None."""

    problem: str = ""
    """Why the item cannot be rendered whatever its settings are, as the end of a sentence; "" if it can."""

    @classmethod
    def unreadable(cls, index: int, problem: str) -> QueueItem:
        """Return an item of which only the position is known."""
        return cls(index, "", 0, ItemStatus.UNQUEUED, FrameSet(()), (), None, problem)


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
    """Number of frames."""

    renderer: str = ""
    """Match name of its 3D renderer, such as `ADBE Ernst` (Cinema 4D); see `stmpo.project.render_needs`."""

    sources: frozenset[int] = frozenset()
    """Ids of the items that it can draw directly, among them other comps."""

    @property
    def last(self) -> int:
        """Last displayed frame number."""
        return self.first + self.frames - 1


@dataclass(frozen=True, slots=True)
class FileSequence:
    """The file names of an image sequence: `before`, a number, `after`; or an explicit list of names."""

    before: str
    width: int
    after: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    """All files of a sequence that After Effects orders by name instead of by number."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A file, or the first file of a sequence, that the project uses."""

    name: str
    """Its name in the project panel."""

    path: str
    """Absolute path from the project, in the form of the system that saved it."""

    sequence: FileSequence | None
    proxy: bool
    comps: frozenset[int]
    """Ids of the comps that show it, directly or through other comps."""

    up: int = 0
    """Number of folders from the project file up to the common folder; 0 if they share no volume."""

    down: int = 0
    """Number of path components from the common folder down to this file."""

    def places(self, project: Path) -> Iterator[Path]:
        """Yield the places where After Effects looks: the absolute path, then relative to the project."""
        if is_native(self.path):
            yield Path(self.path)
        if 0 < self.up <= len(project.parents) and self.down > 0:
            parts = _pure(self.path).parts
            if self.down < len(parts):
                yield project.parents[self.up - 1].joinpath(*parts[-self.down :])

    @property
    def another_volume(self) -> bool:
        """Whether a worker finds it only if its volume is mounted in the same place."""
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
    """Whether an expression names the font, and not the text itself."""

    hidden: bool = False
    """Whether the layer is switched off and nothing refers to it, so that it is never drawn."""


@dataclass(frozen=True, slots=True)
class Project:
    """The content of a project."""

    path: Path
    version: str
    """Version of the After Effects that saved it, such as "25.1"."""

    major: int
    comps: tuple[Comp, ...]
    items: tuple[QueueItem, ...]
    footage: tuple[Footage, ...]
    """All footage that is a file: no solids and no placeholders."""

    placeholders: tuple[str, ...]
    """Names of placeholder items, which show colour bars."""

    font_uses: tuple[FontUse, ...] = ()
    """Every font of every text layer."""

    unread_texts: tuple[str, ...] = ()
    """Text layers (`comp: layer`) that are damaged, so that their fonts are not known."""

    computed_fonts: tuple[str, ...] = ()
    """Text layers (`comp: layer`) whose expressions compute the names of fonts, so that they are not
    known."""

    text_effects: tuple[str, ...] = ()
    """Effects that draw text (`comp: layer (effect)`). Their fonts are in no text layer."""

    ocio: str = ""
    """The OCIO configuration that manages its colours: the absolute path of a file, or the name of one
    that comes with After Effects, such as "ACES 1.2". "" if Adobe's own engine manages them."""

    effects: tuple[str, ...] = ()
    """Match names of the effects that the project uses, such as `ADBE Fill`."""

    gpu: str = ""
    """GPU acceleration type: OPENCL, CUDA, METAL, VULKAN, SOFTWARE or DIRECTX; "" if py_aep does not know
    it."""

    unread: tuple[str, ...] = ()
    """Names of comps and footage items that are damaged and not among the others."""

    @property
    def ocio_file(self) -> str | None:
        """The path of its OCIO configuration if it is a file of its own, or None."""
        own = _pure(self.ocio).is_absolute() or self.ocio.lower().endswith((".ocio", ".ocioz"))
        return self.ocio if own else None

    @property
    def fonts(self) -> tuple[str, ...]:
        """PostScript names of the fonts that text layers use, each once, sorted."""
        return tuple(sorted({use.font for use in self.font_uses}))

    def comps_drawn_by(self, *comps: int) -> frozenset[int]:
        """Return the ids of these comps and of all comps that they draw, directly or through others."""
        sources = {comp.id: comp.sources for comp in self.comps}
        found: set[int] = set()
        waiting = list(comps)
        while waiting:
            comp = waiting.pop()
            if comp in sources and comp not in found:
                found.add(comp)
                waiting += sources[comp]
        return frozenset(found)

    def fonts_of(self, items: Iterable[QueueItem]) -> tuple[str, ...]:
        """Return the PostScript names of the fonts that these items draw, each once, sorted."""
        comps = self.comps_drawn_by(*(item.comp_id for item in items))
        return tuple(sorted({use.font for use in self.font_uses if use.comp_id in comps and not use.hidden}))

    def item(self, index: int) -> QueueItem:
        """Return the queue item with this number, counted from 1.

        Raises:
            BadInput: there is no such item.
        """
        if 1 <= index <= len(self.items):
            return self.items[index - 1]
        content = f"has {plural(len(self.items), 'item')}" if self.items else "is empty"
        raise BadInput(f"{self.path.name}: there is no queue item {index}; the render queue {content}")

    @property
    def newer_than_known(self) -> bool:
        """Whether it was saved by an After Effects that is newer than this reader knows."""
        return self.major > NEWEST_KNOWN


def is_native(path: str) -> bool:
    """Return whether an absolute path has this system's form: a Windows path means nothing elsewhere."""
    return _is_windows(path) is _WINDOWS_HERE


def _pure(text: str) -> PurePath:
    return PureWindowsPath(text) if _is_windows(text) else PurePosixPath(text)


def _is_windows(path: str) -> bool:
    return _DRIVE_OR_SHARE.match(path) is not None
