"""Open a project and read it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.project.model import NEWEST_KNOWN, Project, QueueItem
from stmpo.system import paths


def available() -> bool:
    """Whether projects can be read here: py_aep is installed."""
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
    major = _look_at(path)
    try:
        from stmpo.project.aep_parser import read  # noqa: PLC0415 - py_aep belongs to the submitter, never to a worker
    except ImportError:
        raise BadInput("reading a project needs py_aep: pip install 'stmpo[submit]'") from None
    try:
        return read(path)
    except Exception as error:  # noqa: BLE001 - the boundary: a damaged file fails anywhere in its parser
        what = f"{type(error).__name__}: {error}".split("\n")[0][:120]
        if major > NEWEST_KNOWN:
            hint = f"it was saved by After Effects {major}, which is newer than this reader knows ({what})"
        else:
            hint = f"it is damaged; open it in After Effects and save it again ({what})"
        raise BadInput(f"{path.name} cannot be read: {hint}") from None


def output_pattern(item: QueueItem, folder: Path | None = None) -> str:
    """The absolute file pattern of an item's first output module: where the project puts it, or that name in `folder`.

    Raises:
        BadInput: the name is not one that frames can be told apart by.
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


def _look_at(path: Path) -> int:
    """Refuse in words what is no project, and find the version even where the rest is damaged."""
    # Reading a pipe would not end.
    if paths.exists(path) and not (paths.is_file(path) or paths.is_folder(path)):
        raise BadInput(f"the project {path} is not a file")
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise BadInput(f"the project {path} cannot be read: {error.strerror or error}") from None
    if start[:4] != b"RIFX":
        raise BadInput(f"{path.name} is not an After Effects project: it does not begin as one does")
    # Then a size, four bytes of format version, and the packed version of After Effects.
    head = start.find(b"head")
    packed = int.from_bytes(start[head + 12 : head + 16], "big") if head >= 0 else 0
    return (packed >> 26 & 0x1F) * 8 + (packed >> 19 & 0x07)
