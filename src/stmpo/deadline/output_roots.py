"""Places outputs under few path parameters: the root of each item's output, and the rest of its path.

Only a PATH parameter is mapped to the worker's paths; a path in a step's text is not. So the root of an
item's output is a parameter (`OutputDir`, `OutputDir2`, …), and the rest of the path is text. Items share a
parameter if their folders have a common parent that is a place of its own: not a bare drive or share, and not
the first folder of a POSIX system (`/mnt`, `/home`, `/Volumes`), which holds unrelated places. If there would
be more parameters than a job may have, the nearest folders are joined further, up to a whole drive.

Paths are those of the submitting machine. Whether they are Windows or POSIX paths is read from their form,
whatever system this code runs on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ROOTS = 8
"""Most output folders as parameters. Deadline Cloud allows ten asset roots per job, and inputs need some."""

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/]+[\\/]+[^\\/]+")


@dataclass(frozen=True, slots=True)
class PlacedOutput:
    """The place of one item's output."""

    parameter: str
    """The PATH parameter of its root."""

    rest: str
    """The file pattern under the root, with `/` between folders."""


def place_outputs(outputs: Sequence[str]) -> tuple[dict[str, str], list[PlacedOutput]]:
    """Return the root of each parameter, in order, and each output's place under one of them.

    Raises:
        BadInput: an output is not the absolute path of a file, or the outputs lie on more than `MAX_ROOTS`
            drives
            and shares.
    """
    paths = [_path(output) for output in outputs]
    roots = _few(_merged([path.parent for path in paths]))
    names = {root: f"OutputDir{at + 1 if at else ''}" for at, root in enumerate(roots)}
    placed = []
    for path in paths:
        root = next(root for root in roots if _within(path.parent, root))
        placed.append(PlacedOutput(names[root], path.relative_to(root).as_posix()))
    return {name: str(root) for root, name in names.items()}, placed


def _path(output: str) -> PurePath:
    path: PurePath = PureWindowsPath(output) if _WINDOWS.match(output) else PurePosixPath(output)
    if not path.is_absolute() or not path.name or ".." in path.parts or output.endswith(("/", "\\")):
        raise BadInput(f"the output {output!r} is not the absolute path of a file without '..'")
    return path


def _few(roots: list[PurePath]) -> list[PurePath]:
    """Join the two roots that have most in common until at most `MAX_ROOTS` are left."""
    while len(roots) > MAX_ROOTS:
        pairs = [(one, other) for at, one in enumerate(roots) for other in roots[:at]]
        shared_folder = [common for one, other in pairs if (common := _common(one, other)) is not None]
        if not shared_folder:
            raise BadInput(
                f"the outputs lie on {len(roots)} drives and shares ({', '.join(map(str, roots[:3]))}, …); "
                f"a job takes {MAX_ROOTS}: submit some of the items as another job"
            )
        roots = _joined(roots, max(shared_folder, key=lambda common: len(common.parts)))
    return roots


def _merged(folders: Sequence[PurePath]) -> list[PurePath]:
    """Return the roots in the order in which items first need them. No root lies in another."""
    roots: list[PurePath] = []
    for folder in folders:
        shared = next((both for root in roots if (both := _shared(root, folder)) is not None), folder)
        roots = _joined(roots, shared)
    return roots


def _joined(roots: list[PurePath], shared: PurePath) -> list[PurePath]:
    """Return these roots with `shared` in place of those that lie in it."""
    at = next((at for at, root in enumerate(roots) if _within(root, shared)), len(roots))
    rest = [root for root in roots if not _within(root, shared)]
    return [*rest[:at], shared, *rest[at:]]


def _shared(one: PurePath, other: PurePath) -> PurePath | None:
    """Return the deepest folder that holds both, if it is a place of its own."""
    common = _common(one, other)
    return common if common is not None and (common in {one, other} or _is_place(common)) else None


def _common(one: PurePath, other: PurePath) -> PurePath | None:
    """Return the deepest folder that holds both; None if they are on different drives."""
    return next((place for place in (one, *one.parents) if _within(other, place)), None)


def _is_place(folder: PurePath) -> bool:
    named = len(folder.parts) - 1  # without the drive, the share or the leading slash
    return named >= (1 if isinstance(folder, PureWindowsPath) else 2)


def _within(path: PurePath, root: PurePath) -> bool:
    return type(path) is type(root) and path.is_relative_to(root)
