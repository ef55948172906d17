"""A bundle that is already written, perhaps by hand: read and checked before anything of it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo.deadline.validation import check_job, read_document
from stmpo.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """What a bundle's documents say."""

    name: str
    tasks: int
    inputs: tuple[str, ...]


def read_bundle(folder: Path, parameters: Mapping[str, str]) -> StoredBundle:
    """Read and check a bundle; `parameters` take the place of its own.

    Raises:
        BadInput: a document is missing or damaged, OpenJD refuses it, or files that it names are gone.
    """
    template = _document(folder, "template")
    if not isinstance(template, dict):
        raise BadInput(f"{folder} holds no job bundle: its template is missing or empty")
    given = _document(folder, "parameter_values") or {}
    values = {item["name"]: item["value"] for item in _list(folder, given, "parameterValues")}
    values = {name: value for name, value in {**values, **parameters}.items() if ":" not in name}
    tasks = check_job(template, values, folder)
    references = _document(folder, "asset_references") or {}
    inputs = references.get("assetReferences", {}).get("inputs", {}).get("filenames", [])
    return StoredBundle(str(template.get("name", "")), tasks, tuple(inputs))


def _document(folder: Path, name: str) -> Any:
    """A JSON or YAML document of the bundle; None where there is none."""
    for path in (folder / f"{name}.json", folder / f"{name}.yaml"):
        if path.is_file():
            try:
                return read_document(path.read_text(encoding="utf-8"), yaml=path.suffix == ".yaml")
            except OSError as error:
                raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
            except ValueError as error:
                raise BadInput(f"{path} is damaged: {' '.join(str(error).split())}") from None
    return None


def _list(folder: Path, document: Any, key: str) -> list[dict[str, Any]]:
    items = document.get(key, []) if isinstance(document, dict) else None
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and {"name", "value"} <= item.keys() for item in items
    ):
        raise BadInput(f"{folder}: {key} is not a list of names and values")
    return items
