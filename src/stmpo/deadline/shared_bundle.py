"""Bundles for a queue without job attachments: they stay on shared storage as long as their job needs them.

Such a queue transfers nothing. The job names the paths of the machine that it is sent from, and the workers
read them on shared storage, at the places that their storage profile gives them. So the bundle with its
scripts and fonts lies in `stmpo-bundles` beside the project, or in a folder that the user names:

    stmpo-bundles/shot-3f0a9c1e/            one bundle
    stmpo-bundles/shot-3f0a9c1e/stmpo-job.json    farm, queue and job; only a folder with this file is removed
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.text import one_line, plural
from stmpo.system.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.deadline.service import QueueFacts

BUNDLES_FOLDER = "stmpo-bundles"
"""The folder of kept bundles beside a project."""

RECORD = "stmpo-job.json"
"""The file of a kept bundle that names its job."""

_MAX_SHOWN = 3
_MAX_RECORD_BYTES = 10_000
_MAX_STEM = 40


@dataclass(frozen=True, slots=True)
class KeptBundle:
    """A bundle that a job on shared storage reads."""

    folder: Path
    farm: str
    queue: str
    job: str


def check_shared(facts: QueueFacts, places: Iterable[str], *, bundle_dir: Path | None) -> None:
    """Check that the workers of a queue without job attachments see these paths.

    Without a storage profile only the user knows that. `bundle_dir` says so.

    Raises:
        BadInput: a path is outside the shared locations of the storage profile, or nothing is known of them.
    """
    if facts.profile is None:
        if bundle_dir is not None:
            return
        raise BadInput(
            f"the queue {facts.name} has no job attachments: its workers read shared storage, and this machine has no "
            "storage profile that says what is shared; choose one with --storage-profile-id, or, if the workers have "
            "everything at the same paths, give --bundle-dir FOLDER on the shared storage"
        )
    outside = sorted({path for path in places if not _is_shared(path, facts.profile.shared)})
    if outside:
        more = f" and {len(outside) - _MAX_SHOWN} more" if len(outside) > _MAX_SHOWN else ""
        shared = ", ".join(map(one_line, facts.profile.shared)) or "none"
        raise BadInput(
            f"the queue {facts.name} has no job attachments, and its workers do not see "
            f"{', '.join(map(one_line, outside[:_MAX_SHOWN]))}{more}: the storage profile {one_line(facts.profile.name)} "
            f"shares {shared}; move {plural(len(outside), 'place')} there, or use --output-dir and --bundle-dir"
        )


def _is_shared(path: str, shared: Iterable[str]) -> bool:
    place = Path(os.path.normcase(path))
    return any(place.is_relative_to(os.path.normcase(folder)) for folder in shared)


def new_bundle_folder(project: Path, bundle_dir: Path | None) -> Path:
    """Return a new place for the bundle of this project; nothing is written."""
    above = project.parent / BUNDLES_FOLDER if bundle_dir is None else bundle_dir
    stem = re.sub(r"[^\w.-]+", "_", project.stem).strip("._")[:_MAX_STEM] or "job"
    return above / f"{stem}-{secrets.token_hex(4)}"


def record_job(folder: Path, farm: str, queue: str, job: str) -> None:
    """Write down which job reads this bundle; `job` is empty while the job is being sent.

    Raises:
        BadInput: the file cannot be written.
    """
    text = json.dumps({"farm": farm, "queue": queue, "job": job})
    try:
        replace_file(folder / RECORD, text.encode())
    except OSError as error:
        raise BadInput(f"{folder / RECORD} cannot be written: {error.strerror or error}") from None


def kept_bundles(folder: Path) -> list[KeptBundle]:
    """Return the bundles that lie in this folder, in its `stmpo-bundles`, or that it is itself.

    Raises:
        BadInput: the folder cannot be read.
    """
    try:
        places = [folder, *sorted(folder.iterdir())]
        inner = folder / BUNDLES_FOLDER
        places += sorted(inner.iterdir()) if inner.is_dir() else []
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror or error}") from None
    return [found for place in places if (found := _kept(place)) is not None]


def remove_bundle(kept: KeptBundle) -> None:
    """Remove a bundle, and the `stmpo-bundles` around it if it is empty then.

    Raises:
        BadInput: it cannot be removed.
    """
    try:
        shutil.rmtree(kept.folder)
        above = kept.folder.parent
        if above.name == BUNDLES_FOLDER and not any(above.iterdir()):
            above.rmdir()
    except OSError as error:
        raise BadInput(f"{kept.folder} cannot be removed: {error.strerror or error}") from None


def _kept(place: Path) -> KeptBundle | None:
    """Return the bundle in this folder; None for any other folder, a link, or a record that is not ours."""
    record = place / RECORD
    if place.is_symlink() or record.is_symlink() or not record.is_file():
        return None
    if not (place / "template.json").is_file():
        return None
    try:
        with record.open("rb") as file:
            found: Any = json.loads(file.read(_MAX_RECORD_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    match found:
        case {"farm": str(farm), "queue": str(queue), "job": str(job)}:
            return KeptBundle(place, farm, queue, job)
    return None
