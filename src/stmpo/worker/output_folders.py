"""Creates the output folders of a job: `create_output_directory.py LIST` on a worker.

The list is a file that travels in the environment, however many folders there are:

    /mnt/show/out               one of the job's output folders, as mapped to this worker
     shot_001/v1/_              after a blank, the file of an item under it, as `model.literals.literal`
     writes it shot_002/v1/_
    /mnt/other

Every folder is created before anything is rendered. A folder outside its root is refused, whether it leaves
the root by `..`, by an absolute path, or through a link.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.literals import plain
from stmpo.model.text import one_line
from stmpo.system import paths
from stmpo.worker.openjd_session import run_script, write_line, wrong_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(arguments: Sequence[str]) -> int:
    """Create every folder of the list; create none if one is refused.

    Raises:
        BadInput: the list cannot be read, a folder lies outside its root, or a folder cannot be created.
    """
    if len(arguments) != 1:
        raise wrong_arguments("create_output_directory.py LIST")
    try:
        text = Path(arguments[0]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(f"the list of output folders cannot be read: {error}") from None
    folders = dict.fromkeys(checked_folder(Path(root), name) for root, name in read_folder_list(text))
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"the output folder {folder} cannot be created: {error.strerror or error}; choose another one"
            ) from None
        write_line(f"output folder: {one_line(str(folder))}")
    return 0


def read_folder_list(text: str) -> Iterator[tuple[str, str]]:
    """Yield root and file of every line that names a file.

    Raises:
        BadInput: a file stands before the first root, or no file is named.
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


def checked_folder(root: Path, name: str) -> Path:
    """Return the folder of a file that is named relative to a root of the job.

    Raises:
        BadInput: the name is not relative, cannot be written here, or its folder lies outside the root.
    """
    rest = PurePosixPath(name)
    if not rest.name or "\0" in name or ".." in rest.parts or rest.is_absolute() or _is_rooted(name):
        raise BadInput(f"the output {name!r} does not lie inside the job's output folder {root}")
    if reason := paths.path_problem(name):
        raise BadInput(f"the output {name!r} cannot be written on this worker: {reason}; choose another name")
    if not root.is_absolute():
        raise BadInput(f"the job's output folder {str(root)!r} is not absolute; choose a folder for the job")
    folder = root.joinpath(*rest.parts[:-1])
    if not paths.is_inside(folder, root):
        raise BadInput(f"the output folder {folder} leads out of the job's output folder {root} by a link")
    return folder


def _is_rooted(name: str) -> bool:
    """Return whether Windows would not read the name as relative to the root."""
    windows = PureWindowsPath(name)  # a colon elsewhere in the name is an ordinary character on POSIX
    return bool(windows.drive or windows.root) or ".." in windows.parts


if __name__ == "__main__":
    sys.exit(run_script(main))
