"""A bundle that stands elsewhere than where it was written: its own files, found by where it stands now.

Paths in a bundle are absolute, those of the files that lie in it too (its fonts, under `scripts`). After a move these name
nothing. A path that names nothing, and whose end from a folder `scripts` on is a file of this bundle, means that file.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from stmpo.deadline.bundle import SCRIPTS
from stmpo.model.errors import BadInput
from stmpo.system.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def found_here(folder: Path, gone: Iterable[str]) -> dict[str, str]:
    """Of these paths the ones that mean a file of the bundle in `folder`, each with where that is."""
    found = {}
    for path in gone:
        parts = (PurePosixPath(path) if path.startswith("/") else PureWindowsPath(path)).parts
        starts = [at for at, part in enumerate(parts) if part == SCRIPTS]
        if starts and ".." not in parts:
            here = folder.joinpath(*parts[starts[-1] :])
            if here.is_file():
                found[path] = str(here)
    return found


def name_here(document: Path, contents: Mapping[str, Any], moved: Mapping[str, str]) -> None:
    """Write the asset references anew, with every path in `moved` by where it is now: as a whole, or not at all.

    Raises:
        BadInput: the bundle cannot be written.
    """
    references = contents["assetReferences"]
    inputs = references["inputs"]
    names = [moved.get(path, path) for path in inputs["filenames"]]
    new = {**contents, "assetReferences": {**references, "inputs": {**inputs, "filenames": names}}}
    try:
        # JSON is YAML as well.
        replace_file(document, (json.dumps(new, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise BadInput(
            f"the bundle was moved, and {document} cannot be written: {error.strerror or error}; make it writable, or "
            "write the bundle again"
        ) from None
