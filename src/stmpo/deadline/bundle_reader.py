"""Reads a bundle that is already written, and perhaps edited by hand, and checks it before anything is sent.

All paths in a bundle are absolute, also those of its own files (its fonts, under `scripts`). After the bundle
was moved they name nothing. A path that names nothing, and whose end from a folder `scripts` on is a file of
this bundle, means that file. `update_moved_paths` writes the new places into the bundle.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from stmpo.deadline.bundle import SCRIPTS, json_text
from stmpo.deadline.validation import check_job, read_document
from stmpo.model.errors import BadInput
from stmpo.model.text import one_line, shown
from stmpo.system import paths
from stmpo.system.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DOCUMENT_BYTES = 32 << 20
"""Limit of a document. The longest one lists files: 100,000 paths are less."""

_SERVICE_VALUES = {
    "deadline:priority": range(101),
    "deadline:maxFailedTasksCount": range(1 << 31),
    "deadline:maxRetriesPerTask": range(1 << 31),
    "deadline:maxWorkerCount": range(-1, 1 << 31),
    "deadline:targetTaskRunStatus": ("READY", "SUSPENDED"),
}
"""The service's own values, by their names in a bundle, and what each may be."""


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """The content of a bundle's documents."""

    name: str
    tasks: int
    inputs: tuple[str, ...]

    moved: Mapping[str, str]
    """Files of the bundle itself that its documents name by an earlier place, each with its place now."""


def read_bundle(folder: Path, parameters: Mapping[str, str]) -> StoredBundle:
    """Read and check a bundle; `parameters` override its own.

    Raises:
        BadInput: a document is missing or damaged, OpenJD refuses the job, or files that it names are gone.
    """
    template = _document(folder, "template")
    if not isinstance(template, dict):
        raise BadInput(f"{folder} holds no job bundle: its template is missing or empty")
    own = _parameter_values(folder)
    values = {name: value for name, value in {**own, **parameters}.items() if ":" not in name}
    tasks = check_job(template, values, folder)
    inputs, moved = _inputs(folder)
    _check_service_values(folder, own)
    _check_paths(folder, template, own, parameters)
    return StoredBundle(str(template.get("name", "")), tasks, inputs, moved)


def path_values(folder: Path, parameters: Mapping[str, str]) -> list[str]:
    """Return the absolute paths that a bundle's PATH parameters name; `parameters` override its own."""
    template = _document(folder, "template")
    names = {item["name"] for item in template.get("parameterDefinitions") or () if item["type"] == "PATH"}
    values = {**_parameter_values(folder), **parameters}
    return [str(Path.cwd() / str(value)) for name, value in values.items() if name in names and value]


def update_moved_paths(folder: Path, bundle: StoredBundle) -> None:
    """Write the new places of a moved bundle's files into its asset references, completely or not at all.

    Raises:
        BadInput: the bundle cannot be written.
    """
    document = _place(folder, "asset_references")
    if bundle.moved and document is not None:
        write_moved_paths(document, _read(document), bundle.moved)


def write_moved_paths(document: Path, contents: Mapping[str, Any], moved: Mapping[str, str]) -> None:
    """Write asset references again, with the new place of every path in `moved`.

    Raises:
        BadInput: the document cannot be written.
    """
    references = contents["assetReferences"]
    inputs = references["inputs"]
    names = [moved.get(path, path) for path in inputs["filenames"]]
    new = {**contents, "assetReferences": {**references, "inputs": {**inputs, "filenames": names}}}
    try:
        replace_file(document, json_text(new).encode())  # JSON is valid YAML as well
    except OSError as error:
        raise BadInput(
            f"the bundle was moved, and {document} cannot be written: {error.strerror or error}; make it writable, "
            "or write the bundle again"
        ) from None


def moved_files(folder: Path, gone: Iterable[str]) -> dict[str, str]:
    """Return those of these paths that mean a file of the bundle in `folder`, each with its place now."""
    found = {}
    for path in gone:
        parts = (PurePosixPath(path) if path.startswith("/") else PureWindowsPath(path)).parts
        starts = [at for at, part in enumerate(parts) if part == SCRIPTS]
        if starts and ".." not in parts:
            here = folder.joinpath(*parts[starts[-1] :])
            if here.is_file():
                found[path] = str(here)
    return found


def _document(folder: Path, name: str) -> Any:
    """Return the content of a JSON or YAML document of the bundle; None if there is none."""
    place = _place(folder, name)
    return None if place is None else _read(place)


def _place(folder: Path, name: str) -> Path | None:
    there = [path for path in (folder / f"{name}.json", folder / f"{name}.yaml") if path.is_file()]
    if len(there) > 1:
        raise BadInput(f"{folder} holds {name}.json and {name}.yaml; remove the one that is not meant")
    return there[0] if there else None


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES)
            if file.read(1):
                raise BadInput(f"{path} has more than {MAX_DOCUMENT_BYTES >> 20} MiB")
        return read_document(data.decode(), yaml=path.suffix == ".yaml")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {one_line(str(error))}") from None


def _parameter_values(folder: Path) -> dict[str, Any]:
    document = _document(folder, "parameter_values") or {}
    items = document.get("parameterValues", [])
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) and "value" in item for item in items
    ):
        raise BadInput(f"{folder}: parameterValues is not a list of names and values")
    return {item["name"]: item["value"] for item in items}


def _check_service_values(folder: Path, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if not name.startswith("deadline:"):
            continue
        if name not in _SERVICE_VALUES:
            raise BadInput(f"{folder}: the service has no value {name}; it has {', '.join(_SERVICE_VALUES)}")
        no_workers = name == "deadline:maxWorkerCount" and value == 0
        if value not in _SERVICE_VALUES[name] or isinstance(value, bool) or no_workers:
            raise BadInput(f"{folder}: {name} cannot be {value!r}")


def _inputs(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the files that asset_references names, all of which exist, and those that have moved."""
    references = _section(folder, _document(folder, "asset_references") or {}, "assetReferences")
    inputs = _section(folder, references, "inputs")
    files, folders = (_texts(folder, inputs, key) for key in ("filenames", "directories"))
    for path in (*files, *folders):
        if not _is_absolute(path):
            raise BadInput(
                f"{folder}: asset_references names {path!r}, which is not absolute; the client would look for it in "
                "the folder that it is started from"
            )
    for path in (*files, *folders):
        if not paths.is_text(path):
            raise BadInput(f"{folder}: asset_references names {shown(path)}, which is no name of a file")
    gone = [path for path in files if not os.path.isfile(path)]  # noqa: PTH113 - called 20,000 times
    moved = moved_files(folder, gone)
    if gone := [path for path in gone if path not in moved]:
        raise BadInput(
            f"{folder}: {len(gone)} of its {len(files)} files are missing, the first is {gone[0]}; bring them back, "
            "or write the bundle again"
        )
    return tuple(moved.get(path, path) for path in files), moved


def _section(folder: Path, document: Any, key: str) -> dict[str, Any]:
    found = document.get(key, {}) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise BadInput(f"{folder}: {key} in asset_references is not an object")
    return found


def _texts(folder: Path, document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = document.get(key, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise BadInput(f"{folder}: {key} in asset_references is not a list of paths")
    return tuple(found)


def _check_paths(
    folder: Path, template: Mapping[str, Any], own: Mapping[str, Any], given: Mapping[str, str]
) -> None:
    """Check that input paths of parameters exist, and that no path depends on the client's current folder."""
    definitions = (item for item in template.get("parameterDefinitions") or () if item["type"] == "PATH")
    for definition in definitions:
        name = definition["name"]
        value = given.get(name) or own.get(name) or ""
        if name in own and name not in given and value and not _is_absolute(str(value)):
            raise BadInput(f"{folder}: {name} is {value!r} in parameter_values, which is not absolute")
        default = definition.get("default", "")
        place = Path.cwd() / str(value) if value else folder / default if default else None
        if place is not None and "IN" in definition.get("dataFlow", "NONE") and not paths.exists(place):
            raise BadInput(f"{folder}: {name} is {place}, which does not exist")


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
