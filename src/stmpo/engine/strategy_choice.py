"""Choose the strategy that a job can be rendered with, and say why if it is not the one that was asked for.

- A single file is written by one process: `static`.
- `shared` needs After Effects 2022 or later, where "Skip Existing Files" can be set on the command line, and
  a queue item with one output module. The project file tells how many there are, if it can be read (with
  py_aep, never on a worker). If it cannot, After Effects refuses and renders nothing; the frames are then
  rendered as under `steal`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.processes import SpawnRequest, output_of
from stmpo.project import read as project_reader
from stmpo.project.model import RENDERABLE
from stmpo.renderers.version import (
    VERSION_OUTPUT_LIMIT,
    VERSION_TIMEOUT,
    version_in_output,
    version_in_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.model.render_job import RenderJob
    from stmpo.renderers.aerender import Aerender

FIRST_SHARED_VERSION = 22
"""The first After Effects whose command line can skip existing files."""


async def choose_strategy(
    asked: str, job: RenderJob, renderer: Aerender, environment: Mapping[str, str]
) -> tuple[str, str]:
    """Return the strategy's name, and why it is another one than was asked for (otherwise empty)."""
    if job.single_file:
        return "static", ""
    if asked != "shared" or renderer.name == "stmpo-lottie":
        return asked, ""
    version = version_in_path(renderer.prefix) or await _printed_version(renderer.prefix, environment)
    if version is None:
        return "steal", "--strategy shared: the version of aerender is not to be found out; steal is used"
    if version < FIRST_SHARED_VERSION:
        return (
            "steal",
            f"--strategy shared needs After Effects 2022, this is version {version}; steal is used",
        )
    why = _module_problem(job)
    return (
        ("steal", f"--strategy shared needs a queue item with one output module, {why}; steal is used")
        if why
        else (asked, "")
    )


async def _printed_version(prefix: Sequence[str], environment: Mapping[str, str]) -> int | None:
    """Return the version that the renderer prints, or None. It runs contained, as every renderer does."""
    request = SpawnRequest((*prefix, "-version"), environment, _temporary_folder(), label="version")
    try:
        output = await output_of(request, timeout=VERSION_TIMEOUT, limit=VERSION_OUTPUT_LIMIT)
    except OSError:
        return None
    return version_in_output(output)


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()).absolute()  # TMPDIR may be "."


def _module_problem(job: RenderJob) -> str:
    """Return how the project's item rules `shared` out; empty if it does not, or cannot be read."""
    if job.project.suffix.lower() != ".aep" or not project_reader.available():
        return ""
    try:
        items = project_reader.read_project(job.project).items
    except BadInput:
        return ""  # After Effects reports what is wrong with it
    for item in items:
        # For a comp's name, aerender takes its first item that can be rendered, or makes one with one module.
        if job.comp is not None:
            chosen = item.comp == job.comp and item.status in RENDERABLE
        else:
            chosen = item.index == (job.rqindex or 1)
        if chosen:
            return "" if len(item.outputs) == 1 else f"item {item.index} has {len(item.outputs)}"
    return ""
