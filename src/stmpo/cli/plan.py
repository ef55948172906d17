"""`stmpo plan`: show how many processes would run, where and why."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.cli.render import add_render_options, resolved
from stmpo.machine import apply_numa_map, discover, load
from stmpo.model.errors import BadInput
from stmpo.planning import PlanRequest, make_plan
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.machine.model import Machine
    from stmpo.model.options import JobOptions, RunOptions

_UNITS = {"": 2**30, "m": 2**20, "g": 2**30, "t": 2**40}
_STYLES = {"title": "1", "head": "1;36", "bound": "1;32", "dim": "2", "warning": "33"}
"""The terminal's codes (SGR) for each role of a text."""


def main(arguments: Sequence[str]) -> int:
    """Plan and print; nothing is rendered and PROJECT is not opened."""
    given = _parser().read(arguments)
    job, options, _ = resolved(given)
    machine, warnings = _machine(given.topology, given.memory, options.numa_map)
    plan = make_plan(machine, _request(job, options))
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    if given.svg is not None:
        from stmpo.reporting.plan_svg import draw  # noqa: PLC0415 - only where it is asked for

        _write(Path(given.svg), draw(plan))
    from stmpo.reporting import plan_text  # noqa: PLC0415 - `--help` does not need it

    if given.as_json:
        print(json.dumps(plan_text.as_json(plan), ensure_ascii=False))
    else:
        print(*plan_text.lines(plan, _style if _coloured() else lambda text, _: text), sep="\n")
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo plan",
        "Show how many renderer processes would run, on which CPUs, and what limits their number. Takes the options of "
        '"stmpo render"; nothing is rendered, and PROJECT is not opened.',
        usage="[PROJECT] [options]",
    )
    project = "Ignored, so that a render command can be planned as it is."
    topology = (
        "Plan for another machine: hwloc XML (plain or .gz), a numa_map.json, a folder with a Linux machine's /sys and "
        '/proc, or a description such as "pack:2 numa:4 l3:4 core:4 pu:2".'
    )
    memory = "Memory available there: 1024GB, 64G, 1TB; a bare number is GB."
    parser.add_argument("project", metavar="PROJECT", nargs="?", help=project)
    parser.value("--topology", "FILE|STRING", topology)
    parser.value("--memory", "SIZE", memory)
    parser.value("--svg", "FILE", "Draw the machine and its slots to this file.")
    parser.flag("--json", "Print the plan as JSON.", dest="as_json")
    add_render_options(parser)
    return parser


def _coloured() -> bool:
    """Return whether standard output shows colours; an old Windows console would need to be switched."""
    old_console = os.name == "nt" and "WT_SESSION" not in os.environ
    return sys.stdout.isatty() and not old_console and "NO_COLOR" not in os.environ


def _style(text: str, role: str) -> str:
    return f"\x1b[{_STYLES[role]}m{text}\x1b[0m"


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
