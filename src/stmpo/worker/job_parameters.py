"""Reads the job's parameters as options of the run.

The job's first environment sets a variable per parameter: `STMPO_PARAM_` and the parameter's name. The
declaration of an option (`stmpo.model.options`) names its parameter and says if the parameter has the
opposite meaning (`DisableMFR`).

A parameter at its default does not count as given. The worker's own environment (`STMPO_MAX_CONCURRENCY`,
`STMPO_SCRATCH_DIR`) may then set the option. A value chosen for the job holds on every worker.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stmpo.model.options import JobOptions, Option, RunOptions, declared, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.options import Source

VARIABLE_PREFIX = "STMPO_PARAM_"
"""Prefix of a parameter's name in the environment of a job's processes."""

ITEM_PARAMETERS = frozenset({"RenderQueueIndex", "Frames", "OutputDir", "OutputFileName"})
"""Parameters that differ between queue items: arguments of the task, not variables of the job."""


def chosen_values(kind: type[JobOptions | RunOptions], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the option values of a class that the job's parameters set.

    Raises:
        BadInput: a value is not of its option's type.
    """
    values: dict[str, Any] = {}
    for item in declared(kind):
        if item.parameter is None or item.parameter in ITEM_PARAMETERS:
            continue
        text = environ.get(VARIABLE_PREFIX + item.parameter, "")
        if text.strip() and (value := _read(item, text)) != item.default:
            values[item.name] = value
    return values


def task_options(
    job: Mapping[str, Any], run: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[JobOptions, RunOptions, dict[str, Source]]:
    """Return all options of a task, and where each option of the run comes from.

    The task's arguments (`job`, `run`) come first, then the job's parameters, then the worker's environment.

    Raises:
        BadInput: a value cannot be read or is out of bounds.
    """
    job_options, _ = resolve(JobOptions, {**chosen_values(JobOptions, environ), **job}, environ)
    run_options, sources = resolve(RunOptions, {**chosen_values(RunOptions, environ), **run}, environ)
    return job_options, run_options, sources


def _read(item: Option, text: str) -> Any:
    value = replace(item, environment=item.parameter or "").read(text)
    return not value if item.parameter_inverts else value
