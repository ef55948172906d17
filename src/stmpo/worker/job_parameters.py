"""The job's parameters as options: what a worker reads of them.

The job's first environment carries each parameter as a variable, `STMPO_PARAM_` and the parameter's name. Which option
it sets, and whether it says the opposite (`DisableMFR`), is declared with the option in `stmpo.model.render_job`.

A parameter that the job leaves at its default says nothing: then the worker's own environment (`STMPO_MAX_CONCURRENCY`,
`STMPO_SCRATCH_DIR`) may. What somebody chose for the job holds on every worker.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stmpo.model.options import JobOptions, Option, RunOptions, declared, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.options import Source

PREFIX = "STMPO_PARAM_"
"""Before a parameter's name in the environment of a job's processes."""

ITEM_PARAMETERS = frozenset({"RenderQueueIndex", "Frames", "OutputDir", "OutputFileName"})
"""What differs between queue items: arguments of the task, not variables of the job."""

NOT_OPTIONS = frozenset(
    {"ProjectFile", "FramesPerTask", "AllowMissingFonts", "JobScriptDir", "CondaPackages"}
)
"""Parameters that the template itself, its environments or the farm use."""


def chosen(kind: type[JobOptions | RunOptions], environ: Mapping[str, str]) -> dict[str, Any]:
    """Option values that the job's parameters say, for the options of a class.

    Raises:
        BadInput: a value is not of its option's type.
    """
    values: dict[str, Any] = {}
    for item in declared(kind):
        if item.parameter is None or item.parameter in ITEM_PARAMETERS:
            continue
        text = environ.get(PREFIX + item.parameter, "")
        if text.strip() and (value := _read(item, text)) != item.default:
            values[item.name] = value
    return values


def options(
    job: Mapping[str, Any], run: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[JobOptions, RunOptions, dict[str, Source]]:
    """All options of a task: `job` and `run` as its arguments say, then the job's parameters, then the environment.

    Raises:
        BadInput: a value cannot be read or is out of bounds.
    """
    job_options, _ = resolve(JobOptions, {**chosen(JobOptions, environ), **job}, environ)
    run_options, sources = resolve(RunOptions, {**chosen(RunOptions, environ), **run}, environ)
    return job_options, run_options, sources


def _read(item: Option, text: str) -> Any:
    value = replace(item, environment=item.parameter or "").read(text)
    return not value if item.parameter_inverts else value
