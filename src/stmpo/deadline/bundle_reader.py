"""A bundle that is already written, perhaps by hand: read and checked before anything of it is sent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from stmpo.deadline.moved import found_here, name_here
from stmpo.deadline.validation import check_job, read_document
from stmpo.model.errors import BadInput
from stmpo.system import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SERVICE = {
    "deadline:priority": range(101),
    "deadline:maxFailedTasksCount": range(1 << 31),
    "deadline:maxRetriesPerTask": range(1 << 31),
    "deadline:maxWorkerCount": range(-1, 1 << 31),
    "deadline:targetTaskRunStatus": ("READY", "SUSPENDED"),
}
"""The service's own values, by what a bundle calls them, and what each may be."""


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """What a bundle's documents say."""

    name: str
    tasks: int
    inputs: tuple[str, ...]

    moved: Mapping[str, str]
    """Files of the bundle itself that its documents name by where it was before, each with where it is now."""


def read_bundle(folder: Path, parameters: Mapping[str, str]) -> StoredBundle:
    """Read and check a bundle; `parameters` take the place of its own.

    Raises:
        BadInput: a document is missing or damaged, OpenJD refuses it, or files that it names are gone.
    """
    template = _document(folder, "template")
    if not isinstance(template, dict):
        raise BadInput(f"{folder} holds no job bundle: its template is missing or empty")
    own = _values(folder)
    values = {name: value for name, value in {**own, **parameters}.items() if ":" not in name}
    tasks = check_job(template, values, folder)
    inputs, moved = _inputs(folder)
    _check_service_values(folder, own)
    _check_paths(folder, template, own, parameters)
    return StoredBundle(str(template.get("name", "")), tasks, inputs, moved)


def settle(folder: Path, bundle: StoredBundle) -> None:
    """Have the documents of a bundle that was moved name its files by where they are now.

    Raises:
        BadInput: the bundle cannot be written.
    """
    document = _place(folder, "asset_references")
    if bundle.moved and document is not None:
        name_here(document, _read(document), bundle.moved)


def _document(folder: Path, name: str) -> Any:
    """A JSON or YAML document of the bundle, read; None where there is none."""
    place = _place(folder, name)
    return None if place is None else _read(place)


def _place(folder: Path, name: str) -> Path | None:
    there = [path for path in (folder / f"{name}.json", folder / f"{name}.yaml") if path.is_file()]
    if len(there) > 1:
        raise BadInput(f"{folder} holds {name}.json and {name}.yaml; remove the one that is not meant")
    return there[0] if there else None


def _read(path: Path) -> Any:
    try:
        return read_document(path.read_text(encoding="utf-8"), yaml=path.suffix == ".yaml")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {' '.join(str(error).split())}") from None


def _values(folder: Path) -> dict[str, Any]:
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
        if name not in _SERVICE:
            raise BadInput(f"{folder}: the service has no value {name}; it has {', '.join(_SERVICE)}")
        if (
            value not in _SERVICE[name]
            or isinstance(value, bool)
            or (name.endswith("WorkerCount") and value == 0)
        ):
            raise BadInput(f"{folder}: {name} cannot be {value!r}")


def _inputs(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """The files that asset_references names, all of them there; and which of them it names by where the bundle was."""
    references = _section(folder, _document(folder, "asset_references") or {}, "assetReferences")
    inputs = _section(folder, references, "inputs")
    files, folders = (_texts(folder, inputs, key) for key in ("filenames", "directories"))
    for path in (*files, *folders):
        if not _is_absolute(path):
            raise BadInput(
                f"{folder}: asset_references names {path!r}, which is not absolute; the client would look for it from "
                "wherever it runs"
            )
    gone = [path for path in files if not os.path.isfile(path)]  # noqa: PTH113 - 20,000 of them
    moved = found_here(folder, gone)
    if gone := [path for path in gone if path not in moved]:
        raise BadInput(
            f"{folder}: {len(gone)} of its {len(files)} files are not there, the first is {gone[0]}; bring them back, or "
            "write the bundle again"
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
    """What travels by a parameter is there, and no path is left to where the client happens to run."""
    for definition in _path_parameters(template):
        name = definition["name"]
        value = given.get(name) or own.get(name) or ""
        if name in own and name not in given and value and not _is_absolute(str(value)):
            raise BadInput(f"{folder}: {name} is {value!r} in parameter_values, which is not absolute")
        default = definition.get("default", "")
        place = Path.cwd() / str(value) if value else folder / default if default else None
        if place is not None and "IN" in definition.get("dataFlow", "NONE") and not paths.exists(place):
            raise BadInput(f"{folder}: {name} is {place}, which is not there")


def _path_parameters(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (item for item in template.get("parameterDefinitions") or () if item["type"] == "PATH")


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
