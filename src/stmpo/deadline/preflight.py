"""Checks a job before anything is sent: what would not render on a worker.

An error stops the job, because its frames could not come out right. A warning may be intended by the sender.
The checks are pure: the project and the scan of the disk come in, findings go out.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

from stmpo.deadline.preflight_fonts import font_warnings
from stmpo.model.text import one_line, plural
from stmpo.project.comp_choice import describe_outside, frames_outside
from stmpo.project.item_checks import ItemFinding, Severity, check_item, error, note, warning
from stmpo.project.model import ItemStatus
from stmpo.project.render_needs import render_needs
from stmpo.system.paths.windows import path_problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from stmpo.deadline.assets import AssetScan
    from stmpo.fonts.collect import CollectedFonts
    from stmpo.project.model import Project, QueueItem

MAX_NAME_LENGTH = 255
"""Longest name of a file or folder, in UTF-16 units."""

ATTACHMENTS_ROOT_LENGTH = 69
r"""Characters of the folder in which a Windows worker agent rebuilds the paths of a job's files:
`C:\ProgramData\Amazon\OpenJD\xxxxxxxx\assetroot-<20 digits>\` since openjd-sessions 0.14 (worker agent 0.33).
Older agents take 107.
"""

MAX_PATH_LENGTH = 259
"""Longest path that After Effects and other programs open on Windows."""

_MAX_NAMES = 5
"""Names in one finding: a project whose drive is missing has lost every file on it."""


def choose_items(project: Project, wanted: Collection[int]) -> list[QueueItem]:
    """Return the wanted items, or all items that the render queue would render.

    Raises:
        BadInput: a wanted item does not exist.
    """
    if wanted:
        return [project.item(index) for index in sorted(set(wanted))]
    return [item for item in project.items if item.status is ItemStatus.QUEUED]


def describe_left_out(project: Project, chosen: Sequence[QueueItem]) -> str:
    """Return one line with the items that are not rendered and their status; "" if there are none."""
    others = [item for item in project.items if item not in chosen]
    return ", ".join(f"{item.index} ({item.comp}: {item.status.value})" for item in others)


def check_project(
    project: Project,
    items: Sequence[QueueItem],
    scans: Sequence[AssetScan],
    *,
    fonts: CollectedFonts,
    elsewhere: bool,
    continue_on_missing: bool,
) -> list[ItemFinding]:
    """Return all problems, errors first. With `elsewhere`, the project's output paths are not used."""
    findings = [finding for item in items for finding in check_item(item, elsewhere=elsewhere)]
    findings += _check_footage(items, scans, continue_on_missing=continue_on_missing)
    findings += _check_settings(project, scans)
    findings += [warning(None, text) for text in font_warnings(project, fonts)]
    findings += [warning(None, text) for text in render_needs(project, items)]
    findings += _notes(project, items)
    return errors_first(findings)


def errors_first(findings: Iterable[ItemFinding]) -> list[ItemFinding]:
    """Return the findings ordered by severity, otherwise in their order."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def check_names(item: QueueItem, output: str, *, windows: bool) -> Iterator[ItemFinding]:
    """Check that workers can write files of such names.

    `output` is the item's file pattern; `windows` says whether a worker may run Windows.
    """
    longest = max(_units(part) for part in re.split(r"[\\/]", output))
    if "\n" in output or "\r" in output:
        yield error(
            item, "writes a name with a line break, which no worker accepts; change it in its output module"
        )
    if longest > MAX_NAME_LENGTH:
        yield error(
            item,
            f"writes a name of {longest} characters, and no file system takes more than {MAX_NAME_LENGTH}; shorten it "
            "in its output module",
        )
    elif windows and (why := path_problem(output)):
        yield warning(item, f"cannot be delivered by a Windows worker: {why}")


def check_same_output(
    outputs: Iterable[tuple[QueueItem, str]], *, ignore_case: bool
) -> Iterator[ItemFinding]:
    """Find items that would overwrite each other's files; `outputs` are items and their file patterns.

    Windows and macOS ignore case and Unicode form in names, whatever system the job is sent from.
    """
    first: dict[str, tuple[QueueItem, str]] = {}
    for item, output in outputs:
        name = os.path.normcase(output)
        key = unicodedata.normalize("NFC", name).lower() if ignore_case else name
        before, pattern = first.setdefault(key, (item, output))
        if before is not item:
            where = "" if os.path.normcase(pattern) == name else " on Windows or macOS"
            yield error(
                item,
                f"writes the same files as item {before.index} ({one_line(before.comp)}){where}, {output}; give one of "
                "them another name",
            )


def check_frames(project: Project, items: Iterable[QueueItem], *, allow_blank: bool) -> Iterator[ItemFinding]:
    """Find items with frames that their comps do not have. With `allow_blank` they are a warning."""
    comps = {comp.id: comp for comp in project.comps}
    for item in items:
        comp = comps.get(item.comp_id)
        outside = frames_outside(comp, item.frames) if comp is not None else None
        if comp is not None and outside:
            text = f"is to render {describe_outside(comp, outside)}"
            if allow_blank:
                yield warning(item, text)
            else:
                yield error(item, f"{text}; choose other frames, or give --allow-blank")


def check_depth(inputs: Iterable[str]) -> Iterator[ItemFinding]:
    """Name the files whose paths job attachments make too long for After Effects on a Windows worker."""
    limit = MAX_PATH_LENGTH - ATTACHMENTS_ROOT_LENGTH
    measured = ((_units(path) - len(PurePath(path).anchor), path) for path in inputs if _units(path) > limit)
    deep = sorted(pair for pair in measured if pair[0] > limit)
    if deep:
        length, path = deep[-1]
        more = f", and {len(deep) - 1} more" if len(deep) > 1 else ""
        yield warning(
            None,
            f"{path}{more}: on a Windows worker job attachments make this a path of "
            f"{ATTACHMENTS_ROOT_LENGTH + length} characters (their folder takes {ATTACHMENTS_ROOT_LENGTH} since worker agent "
            f"0.33), and After Effects opens at most {MAX_PATH_LENGTH} there; move the project nearer to the top of its "
            "drive, use shared storage, or a queue environment that sets DEADLINE_JUNCTIONS",
        )


def check_braces(folders: Iterable[str]) -> Iterator[ItemFinding]:
    """Name a folder with double braces: the worker agent writes it into a format string, as a reference."""
    odd = sorted({folder for folder in folders if "{{" in folder or "}}" in folder})
    if odd:
        yield warning(
            None,
            f"a folder's name holds {{{{ or }}}}, which fails every session that transfers files by job attachments: "
            f"{odd[0]}; rename it, or use shared storage",
        )


def _units(text: str) -> int:
    """Return the number of characters as Windows counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _check_footage(
    items: Sequence[QueueItem], scans: Sequence[AssetScan], *, continue_on_missing: bool
) -> Iterator[ItemFinding]:
    missing = [scan for scan in scans if scan.missing and not scan.footage.proxy]
    shown: set[str] = set()
    for item in items:
        here = [scan for scan in missing if item.comp_id in scan.footage.comps]
        if not here:
            continue
        shown |= {scan.footage.path for scan in here}
        text = f"footage is missing: {_names(here)}"
        if continue_on_missing:
            yield warning(item, text)
        else:
            yield error(item, f"{text}; bring it back, or render without it by --continue-on-missing-footage")
    unused = [scan for scan in missing if scan.footage.path not in shown]
    if unused:
        yield warning(None, f"footage is missing that no item shows: {_names(unused)}")
    proxies = [scan for scan in scans if scan.missing and scan.footage.proxy]
    if proxies:
        yield warning(None, f"proxies are missing: {_names(proxies)}")
    for scan in scans:
        if scan.absent and not scan.missing:
            whole = len(scan.files) + scan.absent
            yield warning(
                None, f"the sequence {scan.footage.name} has {len(scan.files)} of its {whole} frames"
            )


def _check_settings(project: Project, scans: Sequence[AssetScan]) -> Iterator[ItemFinding]:
    if project.newer_than_known:
        yield warning(
            None,
            f"was saved by After Effects {project.version}, which is newer than this reader knows; check the output "
            "of `stmpo inspect` before you rely on it",
        )
    if project.unread:
        yield warning(
            None,
            f"items of the project are damaged and cannot be read: {_listed(project.unread)}; import or make them again, or "
            "send their files with --also",
        )
    if project.ocio_file is not None:
        yield warning(
            None,
            f"its colours are managed by the OCIO configuration {one_line(project.ocio_file)}, which does not travel; "
            "After Effects looks for it at this path; put it there on the workers, with the tables that it names",
        )
    other_volume = [scan for scan in scans if scan.footage.another_volume and not scan.missing]
    if other_volume:
        yield warning(
            None,
            f"footage lies on another volume than the project: {_listed([scan.footage.path for scan in other_volume])}; After Effects on a worker "
            "finds it only if that volume is mounted in the same place",
        )


def _notes(project: Project, items: Sequence[QueueItem]) -> Iterator[ItemFinding]:
    if project.gpu not in {"", "SOFTWARE"}:
        yield note(
            f"its GPU acceleration is {project.gpu}; a worker without such a GPU renders in software, and slower"
        )
    unused = sorted(set(project.fonts) - set(project.fonts_of(items))) if items else []
    if unused:
        yield note(f"fonts of the project that these items do not draw do not travel: {_listed(unused)}")


def _names(scans: Sequence[AssetScan]) -> str:
    """Return the missing paths, each once, after the number of files if there are several."""
    files = {scan.footage.path: max(1, scan.absent) for scan in scans}
    count = sum(files.values())
    return f"{plural(count, 'file')}: {_listed(list(files))}" if count > 1 else _listed(list(files))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(one_line(name) for name in names[:_MAX_NAMES]) + more
