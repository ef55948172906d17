"""`stmpo render`: parse, call, print."""

from __future__ import annotations

from typing import Any

import click

from stmpo.cli.options import add_options
from stmpo.model.options import JobOptions, RunOptions
from stmpo.planning.profiles import PROFILES


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
    from stmpo import api  # noqa: PLC0415 - `--help` does not need the engine

    return api.render_command(project, values, profile=profile, as_json=as_json)
