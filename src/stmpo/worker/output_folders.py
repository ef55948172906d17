"""The output folders of a job: `create_output_directory.py` on a worker.

    create_output_directory.py LIST

The list is a file that travels in the environment, however many folders there are:

    /mnt/show/out               one of the job's output folders, as mapped to this worker
     shot_001/v1/_              behind a blank, an item's file under it, as `naming.literal` writes it
     shot_002/v1/_
    /mnt/other

Every folder is made before anything is rendered. One that would lie outside its root is refused: by `..`, by an
absolute path, or by a link that leads away.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.literals import plain
from stmpo.system import paths
from stmpo.worker.openjd_session import one_line, run, say, usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(arguments: Sequence[str]) -> int:
    """Make every folder, or none where one is refused.

    Raises:
        BadInput: the list cannot be read, a folder lies outside its root, or one cannot be made.
    """
    if len(arguments) != 1:
        raise usage("create_output_directory.py LIST")
    try:
        text = Path(arguments[0]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(f"the list of output folders cannot be read: {error}") from None
    for folder in dict.fromkeys(folder_under(Path(root), name) for root, name in listed(text)):
        _make(folder)
        say(f"output folder: {one_line(str(folder))}")
    return 0


def listed(text: str) -> Iterator[tuple[str, str]]:
    """Root and file of every line that names a file.

    Raises:
        BadInput: a file stands before any root, or there is none.
    """
    root, found = "", False
    for line in filter(None, text.split("\n")):
        if not line.startswith(" "):
            root = line
        elif root:
            found = True
            yield root, plain(line[1:])
        else:
            break
    if not found:
        raise BadInput("the list of output folders names none; submit the job again")


def folder_under(root: Path, name: str) -> Path:
    """The folder of a file that is named relative to a root of the job.

    Raises:
        BadInput: it is no such name, or its folder lies outside the root.
    """
    rest = PurePosixPath(name)
    if not rest.name or "\0" in name or ".." in rest.parts or rest.is_absolute() or _drive(name):
        raise BadInput(f"the output {name!r} does not lie inside the job's output folder {root}")
    if reason := paths.path_problem(name):
        raise BadInput(f"the output {name!r} cannot be written on this worker: {reason}; choose another name")
    if not root.is_absolute():
        raise BadInput(f"the job's output folder {str(root)!r} is not absolute; choose a folder for the job")
    folder = root.joinpath(*rest.parts[:-1])
    if not paths.is_inside(folder, root):
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
