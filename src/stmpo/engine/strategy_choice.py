"""Which strategy a job can be rendered with, and why not the one that was asked for.

- A single file is written by one process: `static`.
- `shared` needs After Effects 2022 or later, where "Skip Existing Files" can be set from outside, and a queue item with
  one output module. The project says how many there are where it can be read (with py_aep, never on a worker). Where it
  cannot, After Effects says so itself and renders nothing, and what is missing is shared out as by `steal` after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.project import read as project_reader
from stmpo.project.model import RENDERABLE
from stmpo.renderers.version import major_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.render_job import RenderJob
    from stmpo.renderers.aerender import Aerender

FIRST_VERSION = 22
"""Of After Effects, that can leave out existing files when told so on the command line."""


def choose_strategy(
    asked: str, job: RenderJob, renderer: Aerender, environment: Mapping[str, str]
) -> tuple[str, str]:
    """The strategy's name, and in words why it is another one than was asked for (else empty)."""
    if job.single_file:
        return "static", ""
    if asked != "shared" or renderer.name == "stmpo-lottie":
        return asked, ""
    version = major_version(renderer.prefix, environment)
    if version is None:
        return "steal", "--strategy shared: the version of aerender is not to be found out; steal is used"
    if version < FIRST_VERSION:
        return (
            "steal",
            f"--strategy shared needs After Effects 2022, this is version {version}; steal is used",
        )
    why = _not_one_module(job)
    return (
        ("steal", f"--strategy shared needs a queue item with one output module, {why}; steal is used")
        if why
        else (asked, "")
    )


def _not_one_module(job: RenderJob) -> str:
    """What the project says against it; empty where it says nothing, or cannot be asked."""
    if job.project.suffix.lower() != ".aep" or not project_reader.available():
        return ""
    try:
        items = project_reader.read_project(job.project).items
    except BadInput:
        return ""  # it is After Effects' to say what is wrong with it
    for item in items:
        # By its name, aerender takes the first item of the comp that can be rendered, or makes one with one module.
        if job.comp is not None:
            chosen = item.comp == job.comp and item.status in RENDERABLE
        else:
            chosen = item.index == (job.rqindex or 1)
        if chosen:
            return "" if len(item.outputs) == 1 else f"item {item.index} has {len(item.outputs)}"
    return ""
