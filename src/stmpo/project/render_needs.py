"""What a project needs of a worker besides its files: plug-ins, 3D renderers, a GPU.

A worker that lacks one of these may render frames without an effect, or hang or end silently when After
Effects starts. Pure functions over `stmpo.project.model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stmpo.project.model import Comp, Project, QueueItem

CINEMA_4D = "ADBE Ernst"
"""Match name of the Cinema 4D renderer. It needs Cinema 4D's own licence check, which can stop After
Effects at launch."""

_RENDERERS = {
    "ADBE Advanced 3d": "Classic 3D",
    "ADBE Calder": "Advanced 3D",
    CINEMA_4D: "Cinema 4D",
    "ADBE Picasso": "Ray-traced 3D",
}
"""Match names of 3D renderers and their names in the comp's settings (source: py_aep)."""

_CONCERNS = {
    CINEMA_4D: "workers need it installed and licensed, or After Effects may stop while it starts",
    "ADBE Calder": "workers need a GPU that it supports",
    "ADBE Picasso": "After Effects no longer has it and renders with another one",
}
"""Match names of 3D renderers that a worker may lack, and what follows."""

_BUNDLED_PREFIXES = ("ADBE ", "APC ", "CC ", "CS ", "VISINF ", "Pseudo/", "ADBE3D ")
"""Match names of effects that come with After Effects begin so. (`Pseudo/` effects are sets of expression
controls.)"""

_BUNDLED = frozenset(
    {
        "CINEMA 4D Effect",
        "CSRainfall",
        "CSSnowfall",
        "EXtractoR",
        "IDentifier",
        "ISL MochaShapeImporter",
        "Keylight 906",
        "SYNTHAP CF Color Finesse 2",
    }
)
"""Other effects that come with After Effects (source: Adobe's list of match names)."""

_MAX_NAMES = 12
"""Names in one message."""


def foreign_effects(project: Project) -> tuple[str, ...]:
    """Return the match names of the effects that do not come with After Effects, each once, sorted."""
    return tuple(
        sorted(
            {
                name
                for name in project.effects
                if not name.startswith(_BUNDLED_PREFIXES) and name not in _BUNDLED
            }
        )
    )


def renderer_name(comp: Comp) -> str:
    """Return the name of a comp's 3D renderer in its settings, such as `Cinema 4D`."""
    return _RENDERERS.get(comp.renderer, comp.renderer)


def render_needs(project: Project, items: Iterable[QueueItem]) -> Iterator[str]:
    """Yield a warning for each need of these items that a worker may not meet, with the way out."""
    effects = foreign_effects(project)
    if effects:
        yield (
            f"uses effects that do not come with After Effects: {_names(effects)}; install their plug-ins on the workers, "
            "or frames are rendered without them"
        )
    drawn = project.comps_drawn_by(*(item.comp_id for item in items))
    comps = [comp for comp in project.comps if comp.id in drawn]
    for renderer, concern in _CONCERNS.items():
        names = [comp.name for comp in comps if comp.renderer == renderer]
        if names:
            yield f"uses the 3D renderer {_RENDERERS[renderer]} in {_names(names)}; {concern}"


def launch_hints(project: Project, comp: Comp | None = None) -> tuple[str, ...]:
    """Return what in the project can stop After Effects silently while it starts, in short phrases.

    With `comp`, only 3D renderers of this comp and the comps in it are named.
    """
    drawn = project.comps_drawn_by(comp.id) if comp is not None else {each.id for each in project.comps}
    renderers = sorted(
        {renderer_name(each) for each in project.comps if each.id in drawn and each.renderer in _CONCERNS}
    )
    hints = [f"3D renderer {name}" for name in renderers]
    if project.gpu not in {"", "SOFTWARE"}:
        hints.append(f"GPU acceleration by {project.gpu}")
    effects = foreign_effects(project)
    if effects:
        hints.append(f"plug-ins {_names(effects)}")
    return tuple(hints)


def _names(names: Iterable[str]) -> str:
    every = [one_line(name) for name in names]
    more = f" and {len(every) - _MAX_NAMES} more" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more
