"""`stmpo render`: parse, call, print."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from stmpo.cli.options import add_options, given
from stmpo.job import JobOptions, RunOptions, resolve
from stmpo.planning.profiles import PROFILES, apply_profile


@click.command("render", short_help="Render one comp with several renderer processes.")
@click.argument("project", metavar="PROJECT")
@add_options(JobOptions)
@add_options(RunOptions)
@click.option("--profile", type=click.Choice(list(PROFILES)), help="Values for what no other option gives.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the summary as JSON; everything else goes to standard error.",
)
def render_command(project: str, profile: str | None, as_json: bool, **values: Any) -> int:
    """Render one comp of PROJECT (.aep, or a Lottie .json or .lottie) with several renderer processes.

    Every frame is checked and delivered once. Run the same command again after any interruption: only what is missing
    is rendered.
    """
    from stmpo.cli.running import run_render  # noqa: PLC0415 - `--help` does not need the engine

    chosen = given(values)
    job_options, _ = resolve(JobOptions, _of(JobOptions, chosen), os.environ)
    options, sources = resolve(RunOptions, _of(RunOptions, chosen), os.environ)
    if profile is not None:
        options = apply_profile(options, sources, profile)
    summary = run_render(project, job_options, options, sources=sources, folder=Path.cwd(), as_json=as_json)
    if as_json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
        sys.stdout.flush()
    return int(summary.exit_code)


def _of(kind: type[JobOptions | RunOptions], values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in kind.__dataclass_fields__}
