"""Queue items that show the output of other items of the same job.

A comp may have as footage what another queue item writes: a sequence, a movie or a proxy. Its step must then
wait for the other item's step, and the files that lie on the disk now must not travel: they are old. With job
attachments a session that waits for another step gets that step's output.

Footage is matched by its path, at the places where After Effects looks for it, with the pattern of each
item's output. Case and Unicode form are ignored, as on the systems that After Effects runs on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.model.text import one_line
from stmpo.project.item_checks import ItemFinding, error, note
from stmpo.project.read import output_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stmpo.project.model import Footage, Project, QueueItem


@dataclass(frozen=True, slots=True)
class Link:
    """One item that shows what another one writes."""

    later: QueueItem
    earlier: QueueItem
    footage: Footage


def linked_items(project: Project, items: Sequence[QueueItem]) -> tuple[Link, ...]:
    """Return every pair of these items of which one shows the other's output.

    A comp whose own proxy an item writes is not linked to itself: After Effects renders it without the proxy.
    """
    writers: dict[str, list[tuple[re.Pattern[str], QueueItem]]] = {}
    for item in items:
        for folder, name in _written_files(item):
            writers.setdefault(folder, []).append((name, item))
    links: list[Link] = []
    for footage in project.footage if writers else ():
        earlier = _writer(footage, project.path, writers)
        if earlier is None:
            continue
        comps = _shown_in(project, footage.comps) if footage.proxy else footage.comps
        showing = (item for item in items if item.comp_id in comps)
        links += [
            Link(later, earlier, footage) for later in showing if later is not earlier or not footage.proxy
        ]
    return tuple(links)


def _shown_in(project: Project, comps: frozenset[int]) -> frozenset[int]:
    """Return these comps and those that draw them, directly or through other comps."""
    found = set(comps)
    while more := {comp.id for comp in project.comps if comp.sources & found} - found:
        found |= more
    return frozenset(found)


def earlier_items(links: Iterable[Link]) -> dict[int, tuple[int, ...]]:
    """Return, by the index of each item that waits, the indices of the items that it waits for."""
    found: dict[int, set[int]] = {}
    for link in links:
        found.setdefault(link.later.index, set()).add(link.earlier.index)
    return {later: tuple(sorted(earlier)) for later, earlier in found.items()}


def check_links(links: Sequence[Link], *, moved: bool) -> Iterator[ItemFinding]:
    """Find items that wait for each other, and links that another output folder breaks; note the others.

    `moved` says whether the outputs go to another folder than in the project, where comps look for them.
    """
    waits = earlier_items(links)
    told: set[tuple[int, int]] = set()
    for link in links:
        pair = link.later.index, link.earlier.index
        if pair in told:
            continue
        told.add(pair)
        name, other = one_line(link.footage.name), f"item {pair[1]} ({one_line(link.earlier.comp)})"
        if pair[0] == pair[1]:
            yield error(
                link.later,
                f"shows its own output, {name}; give the output another name, or remove it from the comp",
            )
        elif _reaches(waits, pair[1], pair[0]):
            yield error(
                link.later,
                f"shows {name}, the output of {other}, which itself waits for the output of this item; render one of "
                "them first, in a job of its own",
            )
        elif moved:
            yield error(
                link.later,
                f"shows {name}, the output of {other}, at its place in the project, and --output-dir delivers it "
                "elsewhere; leave --output-dir out, or render the items as separate jobs",
            )
        else:
            yield note(
                f"item {pair[0]} ({one_line(link.later.comp)}) is rendered after {other}, whose output {name} it shows"
            )


def _reaches(waits: Mapping[int, Sequence[int]], start: int, goal: int) -> bool:
    """Return whether an item waits for another one, directly or through others."""
    seen: set[int] = set()
    open_items = [start]
    while open_items:
        item = open_items.pop()
        if item == goal:
            return True
        if item not in seen:
            seen.add(item)
            open_items += waits.get(item, ())
    return False


def _written_files(item: QueueItem) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the folder of an item's files, and the pattern of their names, in comparable form."""
    if not item.outputs or item.outputs[0].path is None:
        return
    try:
        path = output_pattern(item)
        if item.outputs[0].kind is OutputKind.SINGLE_FILE:
            folder, name = _split(path)
            yield folder, re.compile(re.escape(name))
            return
        folder = _split(path)[0]
        pattern = OutputPattern.parse(path, Path(path).parent, bare=False)
    except BadInput:  # another check reports it
        return
    before, after = (_comparable(text) for text in (pattern.before, pattern.after + pattern.extension))
    yield folder, re.compile(rf"{re.escape(before)}-?[0-9]{{{max(1, pattern.width)},}}{re.escape(after)}")


def _writer(
    footage: Footage, project: Path, writers: Mapping[str, Sequence[tuple[re.Pattern[str], QueueItem]]]
) -> QueueItem | None:
    """Return the item that writes this footage, or None."""
    for path in dict.fromkeys((footage.path, *map(str, footage.places(project)))):
        folder, name = _split(path)
        for pattern, item in writers.get(folder, ()):
            if pattern.fullmatch(name):
                return item
    return None


def _split(path: str) -> tuple[str, str]:
    folder, _, name = _comparable(path).replace("\\", "/").rpartition("/")
    return folder, name


def _comparable(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
