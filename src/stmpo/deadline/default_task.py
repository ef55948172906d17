"""The number of frames in a task if the user has chosen none, by the job's options and earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.frame_tasks import default_size, known_costs
from stmpo.history.cost_cache import cost_file, read
from stmpo.history.journal_model import ProjectVersion
from stmpo.model.options import RunOptions, declared
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.deadline.frame_tasks import Costs
    from stmpo.deadline.request import JobRequest

LEARNED_DIR = "STMPO_LEARNED_DIR"
"""The variable that names the folder of measured costs, on the workers and on this machine."""

_DECIDING = ("Concurrency", "MaxConcurrency", "RamPerProcessGB")


def default_frames(rqindex: int, request: JobRequest, environ: Mapping[str, str]) -> int:
    """Return the frames of one task of this queue item."""
    options = request.options
    memory = None if options.min_memory_mib is None else options.min_memory_mib / 1024
    costs = _costs(request.project, rqindex, environ)
    return default_size(_values(request.parameters), options.min_vcpus, memory, costs)


def _values(parameters: Mapping[str, str]) -> dict[str, float | bool]:
    """Return the parameters that decide the number of processes; what cannot be read counts as not given."""
    defaults = {
        item.parameter: float(item.default) for item in declared(RunOptions) if item.parameter in _DECIDING
    }
    values: dict[str, float | bool] = {
        name: _number(parameters.get(name, ""), default) for name, default in defaults.items() if name
    }
    return {**values, "DisableMFR": parameters.get("DisableMFR") == "true"}


def _number(text: str, default: float) -> float:
    """Return the number; the default for another text, which OpenJD refuses when the job is checked."""
    try:
        return max(0.0, float(text)) or default
    except ValueError:
        return default


def _costs(project: Path, rqindex: int, environ: Mapping[str, str]) -> Costs | None:
    """Return the costs that runs of this item left in `STMPO_LEARNED_DIR`; None if there are none."""
    folder = environ.get(LEARNED_DIR, "").strip()
    if not folder or not Path(folder).is_absolute():
        return None
    job = RenderJob(
        project=project,
        comp=None,
        rqindex=rqindex,
        frames=None,
        output=OutputPattern.parse("_.png", project.parent),
    )
    try:
        history = read(cost_file(job, Path(folder)), ProjectVersion(0, ""))
    except (OSError, ValueError):  # only a hint: the job is sent without it
        return None
    return known_costs(history.start_up, list(history.costs.values()))
