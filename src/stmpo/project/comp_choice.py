"""Finds the comp of a render and checks its frames before a renderer is started.

aerender compares names exactly and takes the first comp of a name. A wrong name would start every renderer,
and frames outside a comp would come out blank without an error. Pure functions over `stmpo.project.model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.text import one_line, plural
from stmpo.project.model import RENDERABLE

if TYPE_CHECKING:
    from stmpo.project.model import Comp, Project, QueueItem

_MAX_NAMES = 8
"""Names of comps in one message."""


@dataclass(frozen=True, slots=True)
class CompChoice:
    """The comp that a render is about."""

    comp: Comp

    item: QueueItem | None
    """The queue item that After Effects renders; None if it makes one of its own for the comp."""

    note: str = ""
    """What the user should know about the choice, as one line; "" if it is the only one possible."""


def choose_by_name(project: Project, name: str) -> CompChoice:
    """Return the comp that `aerender -comp NAME` renders.

    After Effects takes the first renderable queue item whose comp has this name, or else the first comp of
    the name.

    Raises:
        BadInput: no comp has this name (the message has the nearest one), or several have and none of them is
            queued.
    """
    comps = [comp for comp in project.comps if comp.name == name]
    if not comps:
        raise BadInput(f"{project.path.name}: {_no_such_comp(project, name)}")
    ids = {comp.id: comp for comp in comps}
    queued = [item for item in project.items if item.comp_id in ids and item.status in RENDERABLE]
    item = queued[0] if queued else None
    if len(comps) == 1:
        return CompChoice(comps[0], item)
    different = "; ".join(_described(comp) for comp in comps[:_MAX_NAMES])
    if item is None:
        raise BadInput(
            f"{project.path.name} has {len(comps)} comps named {_quoted(name)} ({different}); rename one, or queue the "
            "right one and render it with --rqindex N"
        )
    comp = ids[item.comp_id]
    note = (
        f"{len(comps)} comps are named {_quoted(name)}; queue item {item.index} is rendered, of the comp with "
        f"{_described(comp)}; choose another with --rqindex N"
    )
    return CompChoice(comp, item, note)


def choose_by_item(project: Project, index: int) -> CompChoice:
    """Return the comp of a queue item, counted from 1.

    Raises:
        BadInput: there is no such item, or its comp is no longer in the project.
    """
    item = project.item(index)
    comp = next((comp for comp in project.comps if comp.id == item.comp_id), None)
    if comp is None:
        problem = item.problem or "its comp is no longer in the project"
        raise BadInput(f"{project.path.name}: queue item {index}: {problem}")
    return CompChoice(comp, item)


def frames_outside(comp: Comp, frames: FrameSet) -> FrameSet:
    """Return those of the frames that the comp does not have. After Effects renders them blank."""
    return FrameSet(tuple(frame for frame in frames if not comp.first <= frame <= comp.last))


def describe_outside(comp: Comp, outside: FrameSet) -> str:
    """Return what is wrong with frames outside the comp, as one line without the way out."""
    frames = one_line(str(outside), 60)
    return (
        f"{plural(len(outside), 'frame')} ({frames}) outside the comp {_quoted(comp.name)}, which has frames "
        f"{comp.first}-{comp.last}; After Effects would render {'it' if len(outside) == 1 else 'them'} blank"
    )


def _no_such_comp(project: Project, name: str) -> str:
    names = list(dict.fromkeys(comp.name for comp in project.comps))
    if not names:
        return f"there is no comp {_quoted(name)}; the project has no comps"
    alike = [other for other in names if other.strip().casefold() == name.strip().casefold()]
    if alike:
        return (
            f"there is no comp {_quoted(name)}; did you mean {_quoted(alike[0])}? Capitals and blanks count"
        )
    folded = {other.casefold(): other for other in reversed(names)}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    hint = f"; did you mean {_quoted(folded[near[0]])}?" if near else ";"
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return (
        f"there is no comp {_quoted(name)}{hint} it has {', '.join(map(_quoted, names[:_MAX_NAMES]))}{more}"
    )


def _described(comp: Comp) -> str:
    return f"{comp.width} x {comp.height}, {comp.frame_rate:.6g} fps, frames {comp.first}-{comp.last}"


def _quoted(name: str) -> str:
    return f'"{one_line(name, 80)}"'
