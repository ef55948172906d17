"""The output folders of a job: `create_output_directory.py` on a worker.

    create_output_directory.py --output ROOT FILE [--output ROOT FILE …]

A root is one of the job's output folders, as mapped to this worker; the file is an item's pattern under it. Every folder
is made before anything is rendered. One that would lie outside its root is refused: by `..`, by an absolute path, or
by a link that leads away.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.deadline.naming import plain
from stmpo.deadline.session import one_line, run, say, usage
from stmpo.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Make every folder, or none where one is refused.

    Raises:
        BadInput: a folder lies outside its root, or cannot be made.
    """
    if not arguments or len(arguments) % 3 or any(flag != "--output" for flag in arguments[::3]):
        raise usage("create_output_directory.py --output ROOT FILE, as often as there are folders")
    pairs = zip(arguments[1::3], arguments[2::3], strict=True)
    for folder in dict.fromkeys(folder_under(Path(root), plain(name)) for root, name in pairs):
        _make(folder)
        say(f"output folder: {one_line(str(folder))}")
    return 0


def folder_under(root: Path, name: str) -> Path:
    """The folder of a file that is named relative to a root of the job.

    Raises:
        BadInput: it is no such name, or its folder lies outside the root.
    """
    rest = PurePosixPath(name)
    if not rest.name or "\0" in name or ".." in rest.parts or rest.is_absolute() or _drive(name):
        raise BadInput(f"the output {name!r} does not lie inside the job's output folder {root}")
    if not root.is_absolute():
        raise BadInput(f"the job's output folder {str(root)!r} is not absolute; choose a folder for the job")
    folder = root.joinpath(*rest.parts[:-1])
    if not folder.resolve().is_relative_to(root.resolve()):
        raise BadInput(f"the output folder {folder} leads out of the job's output folder {root} by a link")
    return folder


def _drive(name: str) -> bool:
    """Whether Windows would take it for a place of its own. A colon elsewhere is an ordinary character on POSIX."""
    windows = PureWindowsPath(name)
    return bool(windows.drive or windows.root) or ".." in windows.parts


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the output folder {folder} cannot be made: {error.strerror or error}; choose another one"
        ) from None


if __name__ == "__main__":
    sys.exit(run(main))
