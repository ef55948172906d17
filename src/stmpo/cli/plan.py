"""`stmpo plan`: parse, call, print."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stmpo.cli.options import add_options, given
from stmpo.machine import apply_numa_map, discover, load
from stmpo.model.errors import BadInput
from stmpo.model.options import JobOptions, RunOptions, resolve
from stmpo.planning import PlanRequest, make_plan
from stmpo.planning.profiles import PROFILES, apply_profile

if TYPE_CHECKING:
    from stmpo.machine.model import Machine

_UNITS = {"": 2**30, "m": 2**20, "g": 2**30, "t": 2**40}
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "head": {"bold": True, "fg": "cyan"},
    "bound": {"bold": True, "fg": "green"},
    "dim": {"dim": True},
    "warning": {"fg": "yellow"},
}


@click.command("plan", short_help="Show how many processes would run here, where, and why.")
@click.argument("project", metavar="[PROJECT]", required=False)
@click.option(
    "--topology",
    metavar="FILE|STRING",
    help="Plan for another machine: hwloc XML (plain or .gz), a numa_map.json, a folder with a Linux machine's /sys and "
    "/proc, or a description such as 'pack:2 numa:4 l3:4 core:4 pu:2'.",
)
@click.option(
    "--memory", metavar="SIZE", help="Memory available there: 1024GB, 64G, 1TB; a bare number is GB."
)
@click.option("--profile", type=click.Choice(list(PROFILES)), help="Values for what no other option gives.")
@click.option("--svg", metavar="FILE", help="Draw the machine with its slots to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@add_options(JobOptions)
@add_options(RunOptions)
def plan_command(  # noqa: PLR0917 - click passes each by its name
    project: str | None,  # noqa: ARG001 - taken so that a render command can be asked about as it stands
    topology: str | None,
    memory: str | None,
    profile: str | None,
    svg: str | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Show how many renderer processes would run, on which CPUs, and what limits their number.

    Takes the options of `stmpo render`; nothing is rendered, and PROJECT is not opened.
    """
    chosen = given(values)
    job, _ = resolve(JobOptions, _of(JobOptions, chosen), os.environ)
    options, sources = resolve(RunOptions, _of(RunOptions, chosen), os.environ)
    if profile is not None:
        options = apply_profile(options, sources, profile)
    machine, warnings = _machine(topology, memory, options.numa_map)
    plan = make_plan(machine, _request(job, options))
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    if svg is not None:
        from stmpo.reporting.plan_svg import draw  # noqa: PLC0415 - only where it is asked for

        _write(Path(svg), draw(plan))
    from stmpo.reporting import plan_text  # noqa: PLC0415 - `--help` does not need it

    if as_json:
        click.echo(json.dumps(plan_text.as_json(plan), ensure_ascii=False))
    else:
        for line in plan_text.lines(plan, lambda text, role: click.style(text, **_STYLES[role])):
            click.echo(line)  # takes the colours out again where there is no terminal
    return 0


def _of(kind: type[JobOptions | RunOptions], values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in kind.__dataclass_fields__}


def _machine(topology: str | None, memory: str | None, numa_map: str | None) -> tuple[Machine, list[str]]:
    machine = discover() if topology is None else load(topology)
    if memory is not None:
        size = _bytes(memory)
        machine = replace(machine, memory_total_bytes=size, memory_available_bytes=size)
    return (machine, []) if numa_map is None else apply_numa_map(machine, numa_map)


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*([mgt]?)(?:i?b)?", text.strip().lower())
    if match is None or not float(match[1]):
        raise BadInput(f"--memory {text}: a size such as 1024GB is wanted")
    return int(float(match[1]) * _UNITS[match[2]])


def _request(job: JobOptions, options: RunOptions) -> PlanRequest:
    from stmpo.model.frames import FrameSet  # noqa: PLC0415 - not needed for `--help`
    from stmpo.model.output_pattern import OutputKind, OutputPattern  # noqa: PLC0415

    output = None if job.output is None else OutputPattern.parse(job.output, Path.cwd())
    return PlanRequest.of(
        options,
        frames=None if job.frames is None else len(FrameSet.parse(job.frames)),
        single_file=output is not None and output.kind is OutputKind.SINGLE_FILE,
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--svg {path}: {error.strerror or error}") from None
