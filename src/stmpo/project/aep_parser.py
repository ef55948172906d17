"""Converts py_aep's objects to the values of `stmpo.project.model`.

The modules named `aep_…`, `comp_tree` and `text_documents` use py_aep, and no others do. A damaged queue
item, footage item or text costs itself alone and is reported. Any other damage can fail anywhere in here,
with any exception; `stmpo.project.read.read_project` catches it.
"""

from __future__ import annotations

import contextlib
import gc
import io
import warnings
from typing import TYPE_CHECKING

from py_aep import ColorManagementSystem, CompItem, PlaceholderSource
from py_aep.binary.chunk import read_aep
from py_aep.binary.utils import ChunkNotFoundError
from py_aep.parsers.application import parse_app
from py_aep.parsers.project import parse_project

from stmpo.project.aep_footage import all_footage
from stmpo.project.aep_queue import first_frame, read_queue, take_queue
from stmpo.project.comp_tree import CompTree
from stmpo.project.file_version import saved_by
from stmpo.project.model import Comp, Project
from stmpo.project.prefilter import strip_project
from stmpo.project.text_documents import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from py_aep import Project as AepProject


def read(path: Path) -> Project:
    """Read the whole project. The result holds no object of py_aep."""
    with warnings.catch_warnings(), _garbage_collection_paused():
        # py_aep warns of oddities in a file; none of them stops the reading.
        warnings.simplefilter("ignore")
        data = path.read_bytes()
        major, stripped = saved_by(data), strip_project(data)
        del data  # tens of megabytes that the parser need not share
        rifx, xmp = read_aep(io.BytesIO(stripped.data), defer_list_types=frozenset({"Layr"}))
        queue = take_queue(rifx)
        app = parse_app(rifx, parse_project(rifx, xmp, str(path)))
        project = app.project
        tree = CompTree(project)
        texts = read_texts(project, stripped.data, tree)
        unread: list[str] = []
        return Project(
            path=path,
            version=f"{major}.{app.version.partition('x')[0].partition('.')[2]}".removesuffix("."),
            major=major,
            comps=tuple(_comps(project, tree, unread)),
            items=tuple(read_queue(queue, project)),
            footage=tuple(all_footage(project, stripped.files, tree, unread)),
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
            effects=_effects(project),
            gpu=getattr(project.gpu_accel_type, "name", ""),
            unread=tuple(unread),
        )


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


def _comps(project: AepProject, tree: CompTree, unread: list[str]) -> Iterator[Comp]:
    for comp in project.compositions:
        try:
            yield _comp(comp, project, tree)
        except Exception:  # noqa: BLE001, PERF203 - the boundary: a damaged comp costs itself alone
            unread.append(comp.name)


def _comp(comp: CompItem, project: AepProject, tree: CompTree) -> Comp:
    return Comp(
        id=comp.id,
        name=comp.name,
        width=comp.width,
        height=comp.height,
        frame_rate=comp.frame_rate,
        first=first_frame(comp, project),
        frames=round(comp.duration * comp.frame_rate),
        renderer=comp.renderer,
        sources=tree.drawn_sources[comp.id],
    )


def _ocio(project: AepProject) -> str:
    """Return the OCIO configuration; "" if the record is damaged, because no frame depends on it here."""
    try:
        managed = project.color_management_system is ColorManagementSystem.OCIO
        return project.ocio_configuration_file.strip() if managed else ""
    except (ValueError, TypeError, AttributeError, KeyError):
        return ""


def _effects(project: AepProject) -> tuple[str, ...]:
    try:
        return tuple(project.effect_names)
    except ChunkNotFoundError:  # a project without effects may lack the list
        return ()
