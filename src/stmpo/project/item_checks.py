"""Checks of one queue item. `inspect`, `bundle`, `submit` and `render` share them.

An error means that the item cannot render as it stands. A warning means that it renders, perhaps not as
intended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.model.output_pattern import OutputKind
from stmpo.model.text import one_line
from stmpo.project.model import RENDERABLE, ItemStatus, is_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stmpo.project.model import ItemOutput, QueueItem


_VARIABLE = re.compile(r"\[([A-Za-z]+)\]")

_VARIABLES = frozenset(
    name.casefold()
    for name in (
        "projectName", "compName", "renderSettingsName", "outputModuleName", "width", "height", "frameRate",
        "aspectRatio", "startFrame", "endFrame", "durationFrames", "startTimecode", "endTimecode", "durationTimecode",
        "channels", "projectColorDepth", "outputColorDepth", "compressor", "fieldOrder", "pulldownPhase",
        "projectFolder", "fileExtension",
    )
)  # fmt: skip
"""Variables that After Effects replaces in an output name (source: py_aep)."""


class Severity(Enum):
    """How serious a finding is."""

    ERROR = "error"
    """The item cannot render on a worker as it stands."""

    WARNING = "warning"
    """It renders, perhaps not as intended."""

    NOTE = "note"
    """Nothing is wrong; the user may want to know."""


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """One problem, with the way out."""

    severity: Severity

    item: QueueItem | None
    """The queue item that it is about; None for the whole project."""

    text: str

    def __str__(self) -> str:
        about = "" if self.item is None else f"{_called(self.item)}: "
        return f"{self.severity.value}: {about}{self.text}"


def _called(item: QueueItem) -> str:
    return f"item {item.index} ({one_line(item.comp)})" if item.comp else f"item {item.index}"


def error(item: QueueItem | None, text: str) -> ItemFinding:
    """Return a finding that stops the job."""
    return ItemFinding(Severity.ERROR, item, text)


def warning(item: QueueItem | None, text: str) -> ItemFinding:
    """Return a finding that does not stop the job."""
    return ItemFinding(Severity.WARNING, item, text)


def note(text: str) -> ItemFinding:
    """Return a finding about the project that needs no action."""
    return ItemFinding(Severity.NOTE, None, text)


def check_item(item: QueueItem, *, elsewhere: bool) -> Iterator[ItemFinding]:
    """Yield the problems of one item. With `elsewhere`, the project's output paths are not used."""
    if item.problem:
        yield error(item, item.problem)
        return
    if item.status not in RENDERABLE:
        state = {ItemStatus.DONE: "already done"}.get(item.status, item.status.value)
        yield error(item, f"is {state}; tick it again in the render queue, or duplicate it")
    if not len(item.frames):
        yield error(item, "its time span holds no frame; set it in the render settings")
    if not item.outputs:
        yield error(item, "has no output module; add one in the render queue")
    if len(item.outputs) > 1:
        single = all(output.kind is OutputKind.SINGLE_FILE for output in item.outputs)
        why = (
            "only the first one is delivered"
            if single
            else "every process would write the others to the same place"
        )
        yield error(
            item,
            f"has {len(item.outputs)} output modules, and {why}; duplicate the item and keep one module in each",
        )
    if item.outputs:
        yield from _check_output(item, item.outputs[0], elsewhere=elsewhere)
    if item.own_frame_rate is not None:
        yield warning(
            item,
            f"its render settings use {item.own_frame_rate:g} frames a second instead of the comp's rate; the numbers "
            "of its files may differ from its frame numbers",
        )


def _check_output(item: QueueItem, output: ItemOutput, *, elsewhere: bool) -> Iterator[ItemFinding]:
    if output.path is None and not elsewhere:
        yield error(item, "has no output path; choose one in the render queue, or give --output-dir")
    elif output.path is not None and not elsewhere and not is_native(output.path):
        yield error(item, f"writes to {output.path}, a path of another system; give --output-dir")
    yield from _check_name(item, output)
    if output.kind is OutputKind.SINGLE_FILE:
        name = output.format or output.template
        yield warning(item, f"writes one file ({name}), not a sequence; one process renders it")
    elif not output.comp_frame_numbers:
        yield error(
            item,
            'its output module has "Use Comp Frame Number" off; every process would number its files from the same '
            "start; tick it in the output module's settings",
        )
    if output.exact_name:
        yield warning(
            item,
            f"writes a single frame without a number in its name ({one_line(output.path or '')}); STMPO delivers it with the "
            "frame number in its name",
        )


def _check_name(item: QueueItem, output: ItemOutput) -> Iterator[ItemFinding]:
    """Find variables of After Effects left in the name, because py_aep does not know their values."""
    left = [token for token in _VARIABLE.findall(output.path or "") if token.casefold() in _VARIABLES]
    if left:
        yield error(
            item,
            f"its file name holds [{left[0]}], whose value is not known here; write it out in the output module",
        )
