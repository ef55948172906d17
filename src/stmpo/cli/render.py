"""`stmpo render`: render one comp with several renderer processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.cli.exit_codes import write_result
from stmpo.model.options import JobOptions, RunOptions, resolve
from stmpo.planning.profiles import PROFILES, apply_profile
from stmpo.system.command_parser import CommandParser, add_options

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from stmpo.model.options import Source


def main(arguments: Sequence[str]) -> int:
    """Render; return the exit code of the run."""
    given = _parser().read(arguments)
    from stmpo.api import run_render  # noqa: PLC0415 - `--help` does not need the engine

    job, options, sources = resolved(given)
    summary = run_render(
        given.project, job, options, sources=sources, folder=Path.cwd(), as_json=given.as_json
    )
    if given.as_json:
        write_result(json.dumps(summary.as_json(), ensure_ascii=False))
    return int(summary.exit_code)


def add_render_options(parser: CommandParser) -> None:
    """Give a command the options of a job and of its run."""
    profile = f"Preset for options that are not given explicitly: {' or '.join(PROFILES)}."
    add_options(parser, JobOptions, RunOptions)
    parser.value("--profile", "NAME", profile, choices=list(PROFILES))


def resolved(given: Namespace) -> tuple[JobOptions, RunOptions, dict[str, Source]]:
    """Return the options of a job and of its run, from arguments, environment and defaults.

    Raises:
        BadInput: a value is out of bounds or cannot be read.
    """
    job, _ = resolve(JobOptions, vars(given), os.environ)
    options, sources = resolve(RunOptions, vars(given), os.environ)
    if given.profile is not None:
        options = apply_profile(options, sources, given.profile)
    return job, options, sources


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo render",
        "Render one comp of PROJECT (.aep, or a Lottie .json or .lottie) with several renderer processes. Every frame is "
        "checked and delivered once. After an interruption, run the same command again: it renders only what is missing.",
        usage="PROJECT [options]",
    )
    parser.add_argument("project", metavar="PROJECT", help="The project to render.")
    add_render_options(parser)
    as_json = "Print the summary as JSON; everything else goes to standard error."
    parser.flag("--json", as_json, dest="as_json")
    return parser
