"""A job bundle: what it holds, whether OpenJD takes it, and how it comes to stand on the disk whole or not at all.

    template.json           the job
    parameter_values.json   its parameters, paths absolute (the client would look for relative ones from where it runs)
    asset_references.json   every file that travels with it, absolute for the same reason
    scripts/                what a worker runs
    scripts/fonts/          the fonts that it brings, where its project uses any (see `stmpo.fonts.collect`)
    scripts/wheels/         this package and psutil, for a worker that has only a Python

It is written into a folder beside its destination that is renamed at the end. Nothing is left behind on any error.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stmpo.deadline.fragments import copy_scripts
from stmpo.deadline.validation import check_job
from stmpo.deadline.wheels import collect_wheels, systems
from stmpo.fonts.collect import CollectedFonts
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SCRIPTS = "scripts"
"""The folder of a bundle that `JobScriptDir` names."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A job that has been checked as far as it can be without writing it."""

    template: Mapping[str, Any]

    parameters: Mapping[str, str | int]
    """Job parameters, and `deadline:` values for CreateJob."""

    inputs: Sequence[str]
    """Absolute paths of files."""

    outputs: Sequence[str]
    """Absolute paths of folders."""

    fonts: CollectedFonts = field(default_factory=CollectedFonts)
    """Fonts that are copied into it."""

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.template["name"])

    def files(self, folder: Path) -> dict[str, str]:
        """Name and text of the documents of this bundle in `folder`."""
        values = [{"name": name, "value": value} for name, value in self.parameters.items()]
        fonts = [str(path) for path in self.fonts.paths(folder / SCRIPTS)]
        references = {
            "inputs": {"filenames": [*self.inputs, *fonts], "directories": []},
            "outputs": {"directories": list(self.outputs)},
            "referencedPaths": [],
        }
        return {
            "template.json": _json(self.template),
            "parameter_values.json": _json({"parameterValues": values}),
            "asset_references.json": _json({"assetReferences": references}),
        }

    def check(self, folder: Path) -> int:
        """Let openjd-model read the template and make the job from it, as if it lay in `folder`; return its tasks.

        Raises:
            BadInput: OpenJD refuses it.
        """
        given = {name: value for name, value in self.parameters.items() if not name.startswith("deadline:")}
        return check_job(self.template, given, folder)


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle that stands on the disk."""

    folder: Path
    tasks: int

    systems: frozenset[str]
    """Systems (`windows`, `macos`, `linux`) whose workers need nothing installed: psutil for them is in it."""


def write_bundle(
    bundle: Bundle, folder: Path, *, wheels: Sequence[Path] = (), download: bool = True
) -> Written:
    """Check the bundle and write it to `folder` (absolute), which does not exist or is empty.

    `wheels` are folders with wheels of psutil; `download` allows pip to fetch what they lack.

    Raises:
        BadInput: OpenJD refuses it, the folder holds something, or it cannot be written. Nothing is left behind.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{folder} already exists; remove it, or choose another folder for the bundle")
        tasks = bundle.check(folder)
        with _folders_made(folder.parent), _beside(folder) as fresh:
            for name, text in bundle.files(folder).items():
                (fresh / name).write_text(text, encoding="utf-8", newline="\n")
            copy_scripts(fresh / SCRIPTS)
            bundle.fonts.write(fresh / SCRIPTS)
            packed = collect_wheels(fresh / SCRIPTS / "wheels", sources=wheels, download=download)
            if folder.exists():
                folder.rmdir()
            fresh.rename(folder)
    except OSError as error:
        raise BadInput(f"the bundle cannot be written to {folder}: {error.strerror or error}") from None
    return Written(folder, tasks, frozenset(systems(packed)))


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """An empty folder beside the destination; whatever is left of it goes."""
    fresh = folder.with_name(f".{folder.name[:40]}.{secrets.token_hex(4)}")
    fresh.mkdir()
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextlib.contextmanager
def _folders_made(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; those that were made go again when what follows fails."""
    new = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for place in new:
            with contextlib.suppress(OSError):  # somebody else has put something there
                place.rmdir()
        raise


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
