"""Converts py_aep's objects to the values of `stmpo.project.model`.

Only this module and `text_documents` use py_aep. A damaged file can fail anywhere in here, with any
exception; `stmpo.project.read.read_project` catches it.
"""

from __future__ import annotations

import contextlib
import gc
import io
import re
import warnings
from operator import itemgetter
from typing import TYPE_CHECKING

from py_aep import ColorManagementSystem, CompItem, FileSource, FrameRateSetting, PlaceholderSource
from py_aep.binary.chunk import read_aep
from py_aep.binary.utils import parse_alas_data
from py_aep.enums import FormatKind
from py_aep.parsers.application import parse_app
from py_aep.parsers.project import parse_project

from stmpo.model.frames import MAX_FRAMES, FrameSet
from stmpo.model.output_pattern import OutputKind
from stmpo.project.model import Comp, FileSequence, Footage, ItemOutput, ItemStatus, Project, QueueItem
from stmpo.project.prefilter import StrippedProject, strip_project
from stmpo.project.text_documents import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from py_aep import Application, OutputModule, RenderQueueItem
    from py_aep import Project as AepProject

    from stmpo.project.prefilter import PlainFile


def read(path: Path) -> Project:
    """Read the whole project. The result holds no object of py_aep."""
    with warnings.catch_warnings(), _garbage_collection_paused():
        # py_aep warns of oddities in a file; none of them stops the reading.
        warnings.simplefilter("ignore")
        stripped = strip_project(path.read_bytes())
        app = _parse(stripped, path)
        project = app.project
        queue = project.render_queue
        usage = UsageIndex(project)
        texts = read_texts(project, stripped.data)
        return Project(
            path=path,
            version=app.version.partition("x")[0],
            major=int(app.version.partition(".")[0]),
            comps=tuple(_comp(comp, project) for comp in project.compositions),
            items=tuple(_item(n, item, project) for n, item in enumerate(queue.items if queue else (), 1)),
            footage=tuple(_all_footage(project, stripped.files, usage)),
            placeholders=tuple(
                footage.name
                for footage in project.footages
                if isinstance(footage.main_source, PlaceholderSource)
            ),
            font_uses=texts.uses,
            unread_texts=texts.unread,
            computed_fonts=texts.computed,
            text_effects=texts.effects,
            ocio=_ocio(project),
        )


def _parse(stripped: StrippedProject, path: Path) -> Application:
    """Parse the stripped project, as `py_aep.parse` does with a whole one."""
    rifx, xmp = read_aep(io.BytesIO(stripped.data), defer_list_types=frozenset({"Layr"}))
    return parse_app(rifx, parse_project(rifx, xmp, str(path)))


def _ocio(project: AepProject) -> str:
    """Return the OCIO configuration; "" if the record is damaged, because no frame depends on it here."""
    try:
        managed = project.color_management_system is ColorManagementSystem.OCIO
        return project.ocio_configuration_file.strip() if managed else ""
    except (ValueError, TypeError):
        return ""


@contextlib.contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pause garbage collection: the parser makes a million objects and no garbage; collection takes 20 %."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _comp(comp: CompItem, project: AepProject) -> Comp:
    return Comp(
        id=comp.id,
        name=comp.name,
        width=comp.width,
        height=comp.height,
        frame_rate=comp.frame_rate,
        first=_first_frame(comp, project),
        frames=round(comp.duration * comp.frame_rate),
    )


def _first_frame(comp: CompItem, project: AepProject) -> int:
    """Return the frame number of time 0 of the comp, as aerender's `-s` counts."""
    return int(comp.display_start_frame) + int(project.display_start_frame)


def _item(index: int, item: RenderQueueItem, project: AepProject) -> QueueItem:
    first = _first_frame(item.comp, project) + item.time_span_start_frame
    count = min(item.time_span_duration_frames, MAX_FRAMES)
    rate = item.settings["Use this frame rate"]
    overridden = item.settings["Frame Rate"] != FrameRateSetting.USE_COMP_FRAME_RATE
    return QueueItem(
        index=index,
        comp=item.comp.name,
        comp_id=item.comp.id,
        status=ItemStatus[item.status.name],
        frames=FrameSet.between(first, first + count - 1),
        outputs=_outputs(item),
        own_frame_rate=float(rate) if overridden and abs(rate - item.comp.frame_rate) > 1e-6 else None,
    )


_KINDS = {FormatKind.SEQUENCE: OutputKind.SEQUENCE}


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
    form = module.settings["Format"]
    return ItemOutput(
        template=module.name,
        format=form.label,
        kind=_KINDS.get(form.kind, OutputKind.SINGLE_FILE),
        path=_output_path(module),
        extension=module._resolve_extension or "",  # noqa: SLF001 - public only inside a file name
        comp_frame_numbers=bool(module.settings["Use Comp Frame Number"]),
    )


def _output_path(module: OutputModule) -> str | None:
    """Return the path with its variables filled in, or as it is if that fails."""
    try:
        return module.file or None
    except re.error:  # a backslash in the project's name, which only other systems than Windows allow
        return module.file_template or None


class UsageIndex:
    """Knows which comps show an item, directly or through other comps."""

    def __init__(self, project: AepProject) -> None:
        self._by: dict[int, list[int]] = {}
        self._found: dict[int, frozenset[int]] = {}
        for comp in project.compositions:
            for source in comp._source_ids_for_linking():  # noqa: SLF001 - like `used_in`, but for stripped items too
                self._by.setdefault(source, []).append(comp.id)

    def comps(self, item: int, above: frozenset[int] = frozenset()) -> frozenset[int]:
        """Return the ids of the comps that show the item with this id."""
        if item not in self._found:
            # After Effects allows no cycle of comps; a damaged file may have one.
            direct = [comp for comp in self._by.get(item, ()) if comp not in above]
            further = (self.comps(comp, above | {item}) for comp in direct)
            self._found[item] = frozenset(direct).union(*further)
        return self._found[item]


def _all_footage(project: AepProject, files: Iterable[PlainFile], usage: UsageIndex) -> list[Footage]:
    """Return all footage files by the items' ids, the order of their import; then the comps' proxies."""
    found = [(file.id, _from_plain_file(file, usage.comps(file.id))) for file in files]
    for item in project.footages:
        for source, proxy in ((item.main_source, False), (item.proxy_source, True)):
            if isinstance(source, FileSource):
                found.append((item.id, _footage(item.name, source, usage.comps(item.id), proxy=proxy)))
    found.sort(key=itemgetter(0))
    return [footage for _, footage in found] + [
        _footage(comp.name, comp.proxy_source, frozenset({comp.id}), proxy=True)
        for comp in project.compositions
        if isinstance(comp.proxy_source, FileSource)
    ]


def _from_plain_file(file: PlainFile, comps: frozenset[int]) -> Footage:
    return Footage(file.name, file.path, None, proxy=False, comps=comps, up=file.up, down=file.down)


def _footage(name: str, source: FileSource, comps: frozenset[int], *, proxy: bool) -> Footage:
    record = parse_alas_data(source._pin.chunks)  # noqa: SLF001 - the relative path has no public name
    up, down = (max(0, int(record.get(f"ascendcount_{end}", 0))) for end in ("base", "target"))
    sequence = _sequence(source)
    return Footage(
        name=name,
        path=source.file,
        sequence=sequence,
        proxy=proxy,
        comps=comps,
        up=up,
        down=down,  # for a folder, After Effects counts the first file of the sequence too
    )


def _sequence(source: FileSource) -> FileSequence | None:
    if not source.target_is_folder:
        return None
    name = re.split(r"[\\/]", source.file)[-1]
    groups = list(re.finditer(r"\d+", name, re.ASCII))
    first, last = int(source._start_frame), int(source._end_frame)  # noqa: SLF001 - public only on footage items
    numbered = [group for group in groups if int(group[0]) == first] or groups[-1:]
    if source._is_alphabetical or not numbered:  # noqa: SLF001
        return FileSequence(name, 0, "", first, last, tuple(source.file_names or [name]))
    number = numbered[-1]
    return FileSequence(name[: number.start()], len(number[0]), name[number.end() :], first, last)
