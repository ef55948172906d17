"""A job bundle: its documents, its check by OpenJD, and how it is written to the disk, whole or not at all.

    template.json           the job
    parameter_values.json   its parameters
    asset_references.json   every file that travels with it
    scripts/                the scripts that a worker runs
    scripts/fonts/          the fonts that travel with the job (see `stmpo.fonts.collect`)
    scripts/wheels/         this package and psutil, for a worker that has only a Python

All paths in the documents are absolute: the client resolves relative ones from the folder that it is started
in. A bundle is written into a folder beside its destination, which is renamed at the end. An error leaves
nothing behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stmpo.deadline.fragments import copy_scripts
from stmpo.deadline.validation import check_job
from stmpo.deadline.wheels import collect_wheels, psutil_systems
from stmpo.fonts.collect import CollectedFonts
from stmpo.model.errors import BadInput
from stmpo.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SCRIPTS = "scripts"
"""The folder of a bundle that `JobScriptDir` names."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A job that has passed every check that needs no written file."""

    template: Mapping[str, Any]

    parameters: Mapping[str, str | int]
    """Job parameters, and `deadline:` values for CreateJob."""

    inputs: Sequence[str]
    """Absolute paths of files."""

    outputs: Sequence[str]
    """Absolute paths of folders."""

    fonts: CollectedFonts = field(default_factory=CollectedFonts)
    """Fonts that are copied into the bundle."""

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.template["name"])

    def places(self) -> list[str]:
        """Return every absolute path that the job names: files, output folders, and values of parameters."""
        paths = {item["name"] for item in self.template["parameterDefinitions"] if item["type"] == "PATH"}
        values = [str(value) for name, value in self.parameters.items() if name in paths and value]
        return [*self.inputs, *self.outputs, *values]

    def documents(self, folder: Path) -> dict[str, str]:
        """Return name and text of the documents of this bundle in `folder`."""
        values = [{"name": name, "value": value} for name, value in self.parameters.items()]
        fonts = [str(path) for path in self.fonts.paths(folder / SCRIPTS)]
        references = {
            "inputs": {"filenames": [*self.inputs, *fonts], "directories": []},
            "outputs": {"directories": list(self.outputs)},
            "referencedPaths": [],
        }
        return {
            "template.json": json_text(self.template),
            "parameter_values.json": json_text({"parameterValues": values}),
            "asset_references.json": json_text({"assetReferences": references}),
        }

    def check(self, folder: Path) -> int:
        """Let openjd-model create the job from it as if it lay in `folder`; return the number of tasks.

        Raises:
            BadInput: OpenJD refuses it.
        """
        given = {name: value for name, value in self.parameters.items() if not name.startswith("deadline:")}
        return check_job(self.template, given, folder)


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """A bundle on the disk."""

    folder: Path
    tasks: int

    systems: frozenset[str]
    """Systems (`windows`, `macos`, `linux`) whose workers need no psutil installed: the bundle brings it."""


def write_bundle(
    bundle: Bundle, folder: Path, *, wheels: Sequence[Path] = (), download: bool = True
) -> WrittenBundle:
    """Check the bundle and write it to `folder` (absolute), which does not exist or is empty.

    `wheels` are folders with wheels of psutil. `download` allows pip to fetch those that they lack.

    Raises:
        BadInput: OpenJD refuses it, the folder is not empty, or it cannot be written. Nothing is left behind.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{folder} already exists; remove it, or choose another folder for the bundle")
        documents = bundle.documents(folder)
        _check_encodable(documents)
        tasks = bundle.check(folder)
        with _parents_created(folder.parent), _temporary_folder(folder) as fresh:
            for name, text in documents.items():
                (fresh / name).write_text(text, encoding="utf-8", newline="\n")
            copy_scripts(fresh / SCRIPTS)
            bundle.fonts.write(fresh / SCRIPTS)
            packed = collect_wheels(fresh / SCRIPTS / "wheels", sources=wheels, download=download)
            if folder.exists():
                folder.rmdir()
            fresh.rename(folder)
    except OSError as error:
        raise BadInput(f"the bundle cannot be written to {folder}: {error.strerror or error}") from None
    return WrittenBundle(folder, tasks, frozenset(psutil_systems(packed)))


def json_text(value: Any) -> str:
    """Return a document of a bundle as text."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _check_encodable(documents: Mapping[str, str]) -> None:
    """Refuse names that are no text: the documents of a job are UTF-8."""
    for text in documents.values():
        at = next((found.start() for found in re.finditer("[\ud800-\udfff]", text)), None)
        if at is not None:
            line = text[text.rfind("\n", 0, at) + 1 : text.find("\n", at)].strip(" ,")
            raise BadInput(f"a job can hold only UTF-8, and this is not: {shown(line)}; rename it")


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Create an empty folder beside the destination; remove what is left of it at the end."""
    fresh = folder.with_name(f".{folder.name[:40]}.{secrets.token_hex(4)}")
    fresh.mkdir()
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextlib.contextmanager
def _parents_created(folder: Path) -> Iterator[None]:
    """Create a folder with its parents; remove the new ones if the block fails."""
    new = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for place in new:
            with contextlib.suppress(OSError):  # another program has put something there
                place.rmdir()
        raise
