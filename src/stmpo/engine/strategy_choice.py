"""Choose the strategy that a job is rendered with, and say why.

- A single file is written by one process: `static`.
- `shared` needs After Effects 2022 or later, where "Skip Existing Files" can be set on the command line, and
  a queue item with one output module. The project file tells how many there are, if it can be read (with
  py_aep, never on a worker). If it cannot, After Effects refuses and renders nothing; the frames are then
  rendered as under `steal`.
- `auto` is one of the two (`stmpo.scheduling.auto`). It shares only where sharing can help: with several
  processes, and with few frames inside the range that are not to be rendered, since each of them needs a
  placeholder. It does not try again with a version whose renderers rendered the same frames in an earlier run
  (`stmpo.history.sharing_cache`).

The version is in the path of most installations. `aerender -version` is asked only where it is not.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.history import sharing_cache
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
from stmpo.scheduling.auto import choose_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.model.frames import FrameSet
    from stmpo.model.render_job import RenderJob
    from stmpo.renderers.aerender import Aerender
    from stmpo.scheduling.cost_history import CostHistory

FIRST_SHARED_VERSION = 22
"""The first After Effects whose command line can skip existing files."""

MOST_LEFT_OUT = 200
"""Frames inside the range that are not to be rendered, up to which `auto` shares."""

EMBEDDED = "stmpo-lottie"
"""The name of the embedded renderer, which can always share."""


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy and the reasons for it."""

    name: str
    """`static`, `steal` or `shared`."""

    warning: str = ""
    """Why it is another one than was asked for; empty if it is not."""

    reason: str = ""
    """Under `auto`: why it is this one, as a clause."""

    version: str = ""
    """The renderer's version, as the sharing cache names it; empty if not known."""


async def choose_strategy(
    asked: str,
    job: RenderJob,
    renderer: Aerender,
    environment: Mapping[str, str],
    *,
    frames: FrameSet,
    slots: int,
    known: CostHistory,
) -> StrategyChoice:
    """Return the strategy for these frames on so many slots. `known` are costs of earlier runs."""
    if job.single_file:
        return StrategyChoice("static")
    if asked == "shared":
        why, version = await _no_sharing(job, renderer, environment)
        if why:
            return StrategyChoice("steal", f"--strategy shared {why}; steal is used")
        return StrategyChoice("shared", version=version)
    if asked != "auto":
        return StrategyChoice(asked)
    if slots < 2:
        return StrategyChoice("steal", reason="one process renders all frames")
    rule = choose_rule(frames, known.costs, sure=known.sure)
    version = ""
    if rule.name == "shared":
        why = _too_many_gaps(frames)
        if not why:
            why, version = await _no_sharing(job, renderer, environment)
            why = f"that {why}" if why else _remembered(version, environment)
        rule = choose_rule(frames, known.costs, sure=known.sure, no_sharing=why)
    return StrategyChoice(rule.name, reason=rule.reason, version=version)


def _too_many_gaps(frames: FrameSet) -> str:
    if not frames.frames:
        return ""
    left_out = frames.frames[-1] - frames.frames[0] + 1 - len(frames)
    if left_out <= MOST_LEFT_OUT:
        return ""
    return f"{left_out} frames between those to render would each need a placeholder"


def _remembered(version: str, environment: Mapping[str, str]) -> str:
    """Return what an earlier run has found out about this version; empty if nothing."""
    found = sharing_cache.read(sharing_cache.sharing_file(environment)).get(version, "")
    return f"in an earlier run with this version, {found}" if found else ""


async def _no_sharing(job: RenderJob, renderer: Aerender, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return why the job cannot be shared (empty if it can), and the renderer's version."""
    if renderer.name == EMBEDDED:
        return "", EMBEDDED
    version = version_in_path(renderer.prefix) or await _printed_version(renderer.prefix, environment)
    if version is None:
        return "needs the version of aerender, which is not to be found out", ""
    if version < FIRST_SHARED_VERSION:
        return f"needs After Effects 2022, this is version {version}", str(version)
    why = _module_problem(job)
    return (f"needs a queue item with one output module, {why}" if why else ""), str(version)


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
