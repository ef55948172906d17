"""Opens a project and reads it. Every failure becomes one line.

`aep_parser` may raise any exception on a damaged file; `read_project` is the boundary that catches it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.model.text import one_line
from stmpo.project.file_version import NEWEST_KNOWN, OLDEST_KNOWN, release_name, saved_by
from stmpo.system import paths

if TYPE_CHECKING:
    from stmpo.project.model import Project, QueueItem


def available() -> bool:
    """Return whether projects can be read here, that is, whether py_aep is installed."""
    return find_spec("py_aep") is not None


def read_project(path: Path) -> Project:
    """Read a project (`.aep`, absolute path).

    Raises:
        BadInput: no such file, not an `.aep`, damaged or unreadable, or py_aep is not installed.
    """
    if not paths.exists(path) and path.suffix.lower() != ".aep":
        raise BadInput(f"{path}: there is no such file")
    if path.suffix.lower() == ".aepx":
        raise BadInput(f"{path.name} is an XML project; save it as .aep in After Effects and give that file")
    if path.suffix.lower() != ".aep":
        raise BadInput(f"{path.name} is not an After Effects project (.aep)")
    major = _checked_version(path)
    try:
        from stmpo.project.aep_parser import read  # noqa: PLC0415 - only the submitting side has py_aep
    except ImportError:
        raise BadInput('reading a project needs py_aep: pip install "stmpo[submit]"') from None
    try:
        return read(path)
    except Exception as error:  # noqa: BLE001 - the boundary: a damaged file fails anywhere in its parser
        reason = one_line(f"{type(error).__name__}: {error}", 120)
        if major > NEWEST_KNOWN:
            hint = f"it was saved by After Effects {major}, which is newer than this reader knows ({reason})"
        else:
            hint = f"it is damaged; open it in After Effects and save it again ({reason})"
        raise BadInput(f"{path.name} cannot be read: {hint}") from None


def read_if_possible(path: Path) -> Project | None:
    """Read a project, or return None: it is no `.aep`, py_aep is missing (as on workers), or it is damaged.

    For checks before a render, which After Effects makes itself if nothing is known here.
    """
    if path.suffix.lower() != ".aep" or not available():
        return None
    try:
        return read_project(path)
    except BadInput:
        return None


def output_pattern(item: QueueItem, folder: Path | None = None) -> str:
    """Return the absolute file pattern of an item's first output module, in its own folder or in `folder`.

    Raises:
        BadInput: frames could not be told apart by the name.
    """
    output = item.outputs[0]
    name = output.path
    if name is None:
        name = f"{item.comp}.{output.extension}".replace("/", "-").replace("\\", "-")
    if folder is not None:
        name = str(folder / name.replace("\\", "/").rpartition("/")[2])
    if output.kind is OutputKind.SINGLE_FILE:
        return name
    try:
        return str(OutputPattern.parse(name, Path(name).parent, bare=False))
    except BadInput as error:
        comp = " ".join(item.comp.split())
        raise BadInput(f"item {item.index} ({comp}): {str(error).removeprefix('--')}") from None


def _checked_version(path: Path) -> int:
    """Return the major version that saved the project; refuse other files and versions that are too old."""
    # A pipe would block the read.
    if paths.exists(path) and not (paths.is_file(path) or paths.is_folder(path)):
        raise BadInput(f"the project {path} is not a file")
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise BadInput(f"the project {path} cannot be read: {error.strerror or error}") from None
    if start[:4] != b"RIFX":
        raise BadInput(f"{path.name} is not an After Effects project: it does not begin with RIFX")
    major = saved_by(start)
    if 0 < major < OLDEST_KNOWN:
        raise BadInput(
            f"{path.name} was saved by After Effects {release_name(major)}, and this reader needs {OLDEST_KNOWN} (CC 2018) "
            "or later; open it in a newer After Effects and save it again"
        )
    return major
