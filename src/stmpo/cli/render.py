"""`stmpo render`: render one comp with several renderer processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.options import JobOptions, RunOptions, resolve
from stmpo.planning.profiles import PROFILES, apply_profile
from stmpo.system.command_parser import CommandParser, add_options

if TYPE_CHECKING:
    from collections.abc import Sequence

PROFILE_HELP = f"Preset for options that are not given explicitly: {' or '.join(PROFILES)}."


def main(arguments: Sequence[str]) -> int:
    """Render; return the exit code of the run."""
    given = _parser().read(arguments)
    from stmpo.api import run_render  # noqa: PLC0415 - `--help` does not need the engine

    job, _ = resolve(JobOptions, vars(given), os.environ)
    options, sources = resolve(RunOptions, vars(given), os.environ)
    if given.profile is not None:
        options = apply_profile(options, sources, given.profile)
    summary = run_render(
        given.project, job, options, sources=sources, folder=Path.cwd(), as_json=given.as_json
    )
    if given.as_json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
    return int(summary.exit_code)


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo render",
        "Render one comp of PROJECT (.aep, or a Lottie .json or .lottie) with several renderer processes. Every frame is "
        "checked and delivered once. After an interruption, run the same command again: it renders only what is missing.",
        usage="PROJECT [options]",
    )
    parser.add_argument("project", metavar="PROJECT", help="The project to render.")
    add_options(parser, JobOptions, RunOptions)
    parser.value("--profile", "NAME", PROFILE_HELP, choices=list(PROFILES))
    as_json = "Print the summary as JSON; everything else goes to standard error."
    parser.flag("--json", as_json, dest="as_json")
    return parser
