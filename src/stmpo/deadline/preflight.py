"""What would not render on a worker, said before anything is sent.

An error stops the job: the frames could not come out right. A warning is something that the sender may have meant.
Pure: the project and what the disk holds come in, findings go out.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from stmpo.deadline.preflight_fonts import fonts_told
from stmpo.model.text import one_line
from stmpo.project.item_checks import ItemFinding, Severity, _error, _warning, check_item
from stmpo.project.model import Status
from stmpo.system.paths.windows import path_problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from stmpo.deadline.assets import AssetScan
    from stmpo.fonts.collect import CollectedFonts
    from stmpo.project.model import Project, QueueItem


LONGEST_NAME = 255
"""UTF-16 units of a file's or folder's name."""

ASSET_ROOT = 107
"""Characters of the folder that a Windows worker agent puts a job's files into, below which they stand as they stand here."""

LONGEST_PATH = 259
"""Characters of a path that programs on Windows open, After Effects among them."""

_SHOWN = 5
"""Names in one finding, at most: a project that has lost its drive has lost everything on it."""


def choose(project: Project, wanted: Collection[int]) -> list[QueueItem]:
    """The items to render: those that are asked for, or else every one that the queue would render.

    Raises:
        BadInput: an item that is asked for is not there.
    """
    if wanted:
        return [project.item(index) for index in sorted(set(wanted))]
    return [item for item in project.items if item.status is Status.QUEUED]


def left_out(project: Project, chosen: Sequence[QueueItem]) -> str:
    """One line that names the items that are not rendered, and why; empty where there are none."""
    others = [item for item in project.items if item not in chosen]
    return ", ".join(f"{item.index} ({item.comp}: {item.status.value})" for item in others)


def check(
    project: Project,
    items: Sequence[QueueItem],
    found: Sequence[AssetScan],
    *,
    fonts: CollectedFonts,
    elsewhere: bool,
    continue_on_missing: bool,
) -> list[ItemFinding]:
    """Everything that is not right, errors first. `elsewhere`: the output is given, whatever the project says."""
    findings = [finding for item in items for finding in check_item(item, elsewhere=elsewhere)]
    findings += _footage(items, found, continue_on_missing=continue_on_missing)
    findings += _project(project, found)
    findings += [_warning(None, text) for text in fonts_told(project, fonts)]
    return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)


def check_names(item: QueueItem, output: str, *, windows: bool) -> Iterator[ItemFinding]:
    """Whether workers can hold files of such names; `output` is the item's pattern, `windows` whether one may be Windows."""
    longest = max(_units(part) for part in re.split(r"[\\/]", output))
    if "\n" in output or "\r" in output:
        yield _error(
            item, "writes a name with a line break, which no worker takes; give its output module another one"
        )
    if longest > LONGEST_NAME:
        yield _error(
            item,
            f"writes a name of {longest} characters, and no file system takes more than {LONGEST_NAME}; give its output "
            "module a shorter one",
        )
    elif windows and (why := path_problem(output)):
        yield _warning(item, f"cannot be delivered by a Windows worker: {why}")


def check_depth(inputs: Iterable[str]) -> Iterator[ItemFinding]:
    """Which files Windows workers' After Effects would not open, deep as job attachments put them."""
    room = LONGEST_PATH - ASSET_ROOT
    long = [path for path in inputs if _units(path) > room]
    measured = ((_units(path) - len(PurePath(path).anchor), path) for path in long)
    deep = sorted(one for one in measured if one[0] > room)
    if deep:
        length, path = deep[-1]
        more = f", and {len(deep) - 1} more" if len(deep) > 1 else ""
        yield _warning(
            None,
            f"{path}{more}: on a Windows worker job attachments make this a path of {ASSET_ROOT + length} characters, and "
            f"After Effects there opens {LONGEST_PATH}; move the project nearer to the top of its drive, or share its storage",
        )


def check_braces(folders: Iterable[str]) -> Iterator[ItemFinding]:
    """Which folders the worker agent takes for references: it writes them into a format string of its own."""
    odd = sorted({folder for folder in folders if "{{" in folder or "}}" in folder})
    if odd:
        yield _warning(
            None,
            f"a folder's name holds {{{{ or }}}}, which fails every session that brings files by job attachments: {odd[0]}; "
            "rename it, or share its storage",
        )


def _units(text: str) -> int:
    """Characters as Windows counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _footage(
    items: Sequence[QueueItem], found: Sequence[AssetScan], *, continue_on_missing: bool
) -> Iterator[ItemFinding]:
    missing = [one for one in found if one.missing and not one.footage.proxy]
    shown: set[str] = set()
    for item in items:
        here = [one for one in missing if item.comp_id in one.footage.comps]
        if here:
            shown |= {one.footage.path for one in here}
            severity = Severity.WARNING if continue_on_missing else Severity.ERROR
            way_out = (
                ""
                if continue_on_missing
                else "; bring it back, or render on by --continue-on-missing-footage"
            )
            yield ItemFinding(severity, item, f"footage is missing: {_names(here)}{way_out}")
    unused = [one for one in missing if one.footage.path not in shown]
    if unused:
        yield _warning(None, f"footage is missing that no item shows: {_names(unused)}")
    proxies = [one for one in found if one.missing and one.footage.proxy]
    if proxies:
        yield _warning(None, f"proxies are missing: {_names(proxies)}")
    for one in found:
        if one.absent and not one.missing:
            yield _warning(
                None,
                f"the sequence {one.footage.name} has {len(one.files)} of its {len(one.files) + one.absent} frames",
            )


def _project(project: Project, found: Sequence[AssetScan]) -> Iterator[ItemFinding]:
    if project.newer_than_known:
        yield _warning(
            None,
            f"was saved by After Effects {project.version}, which is newer than this reader knows; look at "
            "`stmpo inspect` before trusting it",
        )
    if project.ocio_file is not None:
        yield _warning(
            None,
            f"its colours are managed by the OCIO configuration {one_line(project.ocio_file)}, which does not travel: "
            "After Effects looks for it at this very path; have it there on the workers, with the tables that it names",
        )
    astray = [one for one in found if one.footage.another_volume and not one.missing]
    if astray:
        yield _warning(
            None,
            f"footage lies on another volume than the project: {_names(astray)}; After Effects on a worker finds "
            "it only where that volume is mounted in the same place",
        )


def _names(found: Sequence[AssetScan]) -> str:
    paths = [one.footage.path for one in found]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
