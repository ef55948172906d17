"""Output folders as few path parameters: which root each item's output lies under, and the rest of its path.

A path in a step's text is not mapped to the worker; only a PATH parameter is. So the folder that an item writes to is a
parameter (`OutputDir`, `OutputDir2`, …), and what follows is text. Items share a parameter where their folders have a
parent in common that is a place of its own: not a bare drive or share, and not the first folder of a POSIX system
(`/mnt`, `/home`, `/Volumes`), which holds unrelated places. Only where there would be more parameters than a job takes
are the nearest folders joined further, up to a whole drive.

Paths are those of the machine that submits, Windows or POSIX by their looks, whatever this code runs on.
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
"""Output folders as parameters, at most: Deadline Cloud takes ten asset roots in a job, and inputs need some."""

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/]+[\\/]+[^\\/]+")


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one item's output lies."""

    parameter: str
    """The PATH parameter of its root."""

    rest: str
    """The file pattern under the root, with `/` between folders."""


def place_outputs(outputs: Sequence[str]) -> tuple[dict[str, str], list[Placed]]:
    """Parameter name to root, in order, and each output's place under one of them.

    Raises:
        BadInput: an output is not an absolute path of a file, or they lie on more than `MAX_ROOTS` drives and shares.
    """
    paths = [_path(output) for output in outputs]
    roots = _few(_merged([path.parent for path in paths]))
    names = {root: f"OutputDir{at + 1 if at else ''}" for at, root in enumerate(roots)}
    placed = []
    for path in paths:
        root = next(root for root in roots if _within(path.parent, root))
        placed.append(Placed(names[root], path.relative_to(root).as_posix()))
    return {name: str(root) for root, name in names.items()}, placed


def _path(output: str) -> PurePath:
    path: PurePath = PureWindowsPath(output) if _WINDOWS.match(output) else PurePosixPath(output)
    if not path.is_absolute() or not path.name or ".." in path.parts or output.endswith(("/", "\\")):
        raise BadInput(f"the output {output!r} is not the absolute path of a file without '..'")
    return path


def _few(roots: list[PurePath]) -> list[PurePath]:
    """At most `MAX_ROOTS` of them: the two that have most in common are joined, as often as it takes."""
    while len(roots) > MAX_ROOTS:
        pairs = [(one, other) for at, one in enumerate(roots) for other in roots[:at]]
        shared_folder = [common for one, other in pairs if (common := _common(one, other)) is not None]
        if not shared_folder:
            raise BadInput(
                f"the outputs lie on {len(roots)} drives and shares ({', '.join(map(str, roots[:3]))}, …); "
                f"a job takes {MAX_ROOTS}: submit some of the items as a job of their own"
            )
        roots = _joined(roots, max(shared_folder, key=lambda common: len(common.parts)))
    return roots


def _merged(folders: Sequence[PurePath]) -> list[PurePath]:
    """The roots, in the order in which items first need them. No root lies in another."""
    roots: list[PurePath] = []
    for folder in folders:
        shared = next((both for root in roots if (both := _shared(root, folder)) is not None), folder)
        roots = _joined(roots, shared)
    return roots


def _joined(roots: list[PurePath], shared: PurePath) -> list[PurePath]:
    """These roots with `shared` in place of those that lie in it."""
    at = next((at for at, root in enumerate(roots) if _within(root, shared)), len(roots))
    rest = [root for root in roots if not _within(root, shared)]
    return [*rest[:at], shared, *rest[at:]]


def _shared(one: PurePath, other: PurePath) -> PurePath | None:
    """The deepest folder that holds both, where it is a place of its own."""
    common = _common(one, other)
    return common if common is not None and (common in {one, other} or _is_place(common)) else None


def _common(one: PurePath, other: PurePath) -> PurePath | None:
    """The deepest folder that holds both; None where they are on different drives."""
    return next((place for place in (one, *one.parents) if _within(other, place)), None)


def _is_place(folder: PurePath) -> bool:
    named = len(folder.parts) - 1  # without the drive, the share or the leading slash
    return named >= (1 if isinstance(folder, PureWindowsPath) else 2)


def _within(path: PurePath, root: PurePath) -> bool:
    return type(path) is type(root) and path.is_relative_to(root)
