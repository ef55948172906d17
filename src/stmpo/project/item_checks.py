"""Check one queue item."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.model.output_pattern import OutputKind
from stmpo.model.text import one_line
from stmpo.project.model import RENDERABLE, Status, is_native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stmpo.project.model import Output, QueueItem


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    """The item cannot render on a worker as it stands."""

    WARNING = "warning"
    """It renders, perhaps not as it was meant."""


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """One thing that is not right, with the way out."""

    severity: Severity

    item: QueueItem | None
    """The queue item that it is about; None for the whole project."""

    text: str

    def __str__(self) -> str:
        about = "" if self.item is None else f"item {self.item.index} ({one_line(self.item.comp)}): "
        return f"{self.severity.value}: {about}{self.text}"


def check_item(item: QueueItem, *, elsewhere: bool) -> Iterator[ItemFinding]:
    """What speaks against rendering one item as its queue has it."""
    if item.status not in RENDERABLE:
        state = {Status.DONE: "already done"}.get(item.status, item.status.value)
        yield _error(item, f"is {state}; tick it again in the render queue, or duplicate it")
    if not len(item.frames):
        yield _error(item, "its time span holds no frame")
    if not item.outputs:
        yield _error(item, "has no output module; add one in the render queue")
    if len(item.outputs) > 1:
        yield _error(
            item,
            f"has {len(item.outputs)} output modules; every process would write all but the first to the same "
            "place: make it an item for each",
        )
    if item.outputs:
        yield from _output(item, item.outputs[0], elsewhere=elsewhere)
    if item.own_frame_rate is not None:
        yield _warning(
            item,
            f"its render settings ask for {item.own_frame_rate:g} frames a second and not the comp's rate; its "
            "files may be numbered otherwise than its frames",
        )


def _output(item: QueueItem, output: Output, *, elsewhere: bool) -> Iterator[ItemFinding]:
    if output.path is None and not elsewhere:
        yield _error(item, "has no output path; choose one in the render queue, or give --output-dir")
    elif output.path is not None and not elsewhere and not is_native(output.path):
        yield _error(item, f"writes to {output.path}, a path of another system; give --output-dir")
    if output.kind is OutputKind.SINGLE_FILE:
        what = output.format or output.template
        yield _warning(item, f"writes one file ({what}), not a sequence: one process renders it")
    elif not output.comp_frame_numbers:
        yield _error(
            item,
            'its output module has "Use Comp Frame Number" off: every process would number its files from the same '
            "start; tick it in the output module's settings",
        )


def _error(item: QueueItem, text: str) -> ItemFinding:
    return ItemFinding(Severity.ERROR, item, text)


def _warning(item: QueueItem | None, text: str) -> ItemFinding:
    return ItemFinding(Severity.WARNING, item, text)
