"""Reads the render queue item by item, so that one odd item hides neither the others nor the project.

py_aep reads the queue as a whole and gives up at the first item that it cannot read, such as one whose comp
was deleted. (After Effects itself writes such files when it hands a comp to Media Encoder.) So the queue is
taken out of the file before py_aep reads the project, and its items are given to py_aep one at a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from py_aep import CompItem, FrameRateSetting
from py_aep.binary.chunk import ListChunk
from py_aep.binary.utils import ChunkNotFoundError, find_by_list_type, find_by_type
from py_aep.enums import FormatKind
from py_aep.parsers.render_queue import parse_render_queue_item

from stmpo.model.frames import MAX_FRAMES, FrameSet
from stmpo.model.output_pattern import OutputKind
from stmpo.model.text import one_line
from stmpo.project.model import RENDERABLE, ItemOutput, ItemStatus, QueueItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from py_aep import OutputModule, RenderQueueItem
    from py_aep import Project as AepProject

_MAX_REASON = 120
"""Characters of the reason why an item cannot be read."""

_NUMBER_GROUP = re.compile(r"\[#+\]")

_SINGLE_FILES = frozenset({FormatKind.MOVIE, FormatKind.AUDIO})


@dataclass(slots=True)
class QueueChunks:
    """The parts of a project file that hold the render queue."""

    settings: list[Any] = field(default_factory=list)
    """The render settings of each item."""

    modules: list[tuple[ListChunk, ListChunk]] = field(default_factory=list)
    """The output modules of each item: their settings, and the modules."""


def take_queue(root: ListChunk) -> QueueChunks:
    """Remove the render queue from the chunks of a project and return it."""
    try:
        queue = find_by_list_type(chunks=root.chunks, list_type="LRdr")
    except ChunkNotFoundError:
        return QueueChunks()
    root.chunks.remove(queue)
    taken = QueueChunks()
    try:
        settings = find_by_list_type(chunks=queue.chunks, list_type="list")
        taken.settings = list(getattr(find_by_type(chunks=settings.chunks, chunk_type="ldat"), "items", []))
        taken.modules = list(_modules(find_by_list_type(chunks=queue.chunks, list_type="LItm")))
    except ChunkNotFoundError:  # an empty queue
        pass
    return taken


def _modules(items: ListChunk) -> Iterator[tuple[ListChunk, ListChunk]]:
    settings: ListChunk | None = None
    for chunk in items.chunks:
        if isinstance(chunk, ListChunk) and chunk.list_type == "list":
            settings = chunk
        elif isinstance(chunk, ListChunk) and chunk.list_type == "LOm " and settings is not None:
            yield settings, chunk
            settings = None


def read_queue(queue: QueueChunks, project: AepProject) -> Iterator[QueueItem]:
    """Yield the items of the render queue. One that cannot be read has a `problem`."""
    for index, (settings, modules) in enumerate(zip_longest(queue.settings, queue.modules), 1):
        try:
            yield _read_item(index, settings, modules, project)
        except Exception as error:  # noqa: BLE001, PERF203 - the boundary: a damaged item fails anywhere, and costs itself alone
            reason = one_line(f"{type(error).__name__}: {error}", _MAX_REASON)
            yield QueueItem.unreadable(index, f"cannot be read ({reason})")


def _read_item(
    index: int,
    settings: Any,
    modules: tuple[ListChunk, ListChunk],
    project: AepProject,
) -> QueueItem:
    comp = project.items.get(settings.comp_id)
    if not isinstance(comp, CompItem):
        return QueueItem.unreadable(
            index, "its comp is no longer in the project; remove it from the render queue"
        )
    assert project.render_queue is not None, "py_aep makes an empty queue where there is none"
    item = parse_render_queue_item(
        list_chunk=modules[0],
        lom_chunk=modules[1],
        ldat_body=settings,
        rcom_container=None,
        rcom_utf8=None,
        rout_items=[],
        litm_chunk=project.render_queue._litm,  # noqa: SLF001 - the item gets a queue that py_aep has made
        project=project,
        render_queue=project.render_queue,
    )
    status = ItemStatus[item.status.name]
    start, count = _span(item, rendered=status not in RENDERABLE)
    first = first_frame(comp, project) + start
    rate = item.settings["Use this frame rate"]
    overridden = item.settings["Frame Rate"] != FrameRateSetting.USE_COMP_FRAME_RATE
    return QueueItem(
        index=index,
        comp=comp.name,
        comp_id=comp.id,
        status=status,
        frames=FrameSet.between(first, first + min(count, MAX_FRAMES) - 1),
        outputs=tuple(
            replace(output, exact_name=output.exact_name and count == 1) for output in _outputs(item)
        ),
        own_frame_rate=float(rate) if overridden and abs(rate - comp.frame_rate) > 1e-6 else None,
    )


def first_frame(comp: CompItem, project: AepProject) -> int:
    """Return the frame number of time 0 of the comp, as aerender's `-s` counts."""
    return int(comp.display_start_frame) + int(project.display_start_frame)


def _span(item: RenderQueueItem, *, rendered: bool) -> tuple[int, int]:
    """Return the item's time span: its first frame, from 0, and the number of frames.

    After Effects stores the span of an item when it renders it. Before, an item follows the comp's work area.
    """
    stored = item._ldat  # noqa: SLF001 - the stored span has no public name
    if rendered and stored.time_span_start_divisor and stored.time_span_duration_divisor:
        rate = item.comp.frame_rate
        count = round(stored.time_span_duration * rate)
        if count > 0:
            return round(stored.time_span_start * rate), count
    return item.time_span_start_frame, item.time_span_duration_frames


def _outputs(item: RenderQueueItem) -> tuple[ItemOutput, ...]:
    """Return the output modules of an item.

    The comp's name is part of a file's name in their paths, so a slash in it begins no folder. py_aep uses
    the name as a regular expression's replacement, in which a backslash has a meaning. So the comp gets
    another name meanwhile.
    """
    name = item.comp.name
    plain = name.replace("/", "-").replace("\\", "-")
    if plain == name:
        return tuple(map(_output, item.output_modules))
    item.comp.name = plain
    try:
        return tuple(map(_output, item.output_modules))
    finally:
        item.comp.name = name


def _output(module: OutputModule) -> ItemOutput:
    form = module.settings["Format"]  # the bare identifier of a format that py_aep does not know
    path = _output_path(module)
    kind = getattr(form, "kind", None)
    numbered = path is not None and _NUMBER_GROUP.search(path) is not None
    sequence = numbered if kind is None else kind not in _SINGLE_FILES
    return ItemOutput(
        template=module.name,
        format=getattr(form, "label", ""),
        kind=OutputKind.SEQUENCE if sequence else OutputKind.SINGLE_FILE,
        path=path,
        extension=module._resolve_extension or "",  # noqa: SLF001 - public only inside a file name
        comp_frame_numbers=bool(module.settings["Use Comp Frame Number"]),
        exact_name=sequence and path is not None and not numbered,
    )


def _output_path(module: OutputModule) -> str | None:
    """Return the path with its variables filled in, or as it is if that fails."""
    try:
        return module.file or None
    except Exception:  # noqa: BLE001 - a setting that py_aep does not know, or a backslash in the project's name
        return module.file_template or None
