"""`stmpo_wrapper.py`: one run by hand or by somebody's own scripts, with the flags that the first version had.

Each flag is an option of `stmpo render` in that version's spelling (`FLAGS` maps them), so it does what that option
does. `--start` and `--end` are frames; without either, a movie's own time span. Needs psutil and nothing else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stmpo.api import run_render
from stmpo.model.errors import BadInput
from stmpo.model.options import JobOptions, Option, RunOptions, declared, resolve
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.worker.openjd_session import run
from stmpo.worker.render_task import TaskArguments

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

FLAGS = {
    "comp": "comp",
    "rqindex": "rqindex",
    "output": "output",
    "rs_template": "rs_template",
    "om_template": "om_template",
    "concurrency": "concurrency",
    "max_concurrency": "max_concurrency",
    "ram_per_process_gb": "ram_per_process_gb",
    "mfr_threads": "mfr_threads",
    "numa_map": "numa_map",
    "spawn_delay": "spawn_delay",
    "child_grace_sec": "child_grace_sec",
    "env_file": "env_file",
    "log_file": "log_file",
    "aerender_path": "aerender_path",
}
"""Flag to option, for those that take a value."""

SWITCHES: dict[str, tuple[str, bool]] = {
    "disable_mfr": ("mfr", False),
    "disable_affinity": ("affinity", False),
    "enable_affinity": ("affinity", True),
    "kill_on_fail": ("kill_on_fail", True),
    "no_kill_on_fail": ("kill_on_fail", False),
}
"""Flag to option and the value that it gives it. Of two that disagree the last one holds."""


def main(arguments: Sequence[str]) -> int:
    """Render; the exit code says how it went.

    Raises:
        StmpoError: what a user can act on.
    """
    given = vars(_parser().parse_args(arguments))
    folder = Path.cwd()
    job = _values(JobOptions, given)
    frames = _frames(given["start"], given["end"])
    if frames is not None:
        job["frames"] = frames
    if given["output_is_pattern"]:
        _check_pattern(given["output"], folder)
    job_options, _ = resolve(JobOptions, job, os.environ)
    options, sources = resolve(RunOptions, _values(RunOptions, given), os.environ)
    summary = run_render(given["project"], job_options, options, sources=sources, folder=folder)
    return int(summary.exit_code)


def _values(kind: type[JobOptions | RunOptions], given: dict[str, Any]) -> dict[str, Any]:
    """What was given of a class's options."""
    return {item.name: given[item.name] for item in declared(kind) if given.get(item.name) is not None}


def _frames(start: int | None, end: int | None) -> str | None:
    if (start is None) != (end is None):
        raise BadInput("--start and --end belong together: give both, or neither for a movie's own time span")
    if start is None or end is None:
        return None
    if start > end:
        raise BadInput(f"--start {start} comes after --end {end}")
    return f"{start}-{end}"


def _check_pattern(output: str | None, folder: Path) -> None:
    """`--output_is_pattern` promises a frame number group; without the flag one is added where there is none."""
    if output is None:
        return
    pattern = OutputPattern.parse(output, folder)
    if pattern.kind is OutputKind.SEQUENCE and pattern.before == f"{Path(output).stem}_":
        raise BadInput(
            f"--output_is_pattern: {output} has no frame number group; write for example shot_[#####].png"
        )


def _parser() -> argparse.ArgumentParser:
    parser = TaskArguments(
        "stmpo_wrapper.py", description="Render one comp by several aerender processes.", allow_abbrev=False
    )
    by_name = {item.name: item for kind in (JobOptions, RunOptions) for item in declared(kind)}
    parser.add_argument("--project", required=True, help="The project to render.")
    parser.add_argument("--start", type=int, help="First frame.")
    parser.add_argument("--end", type=int, help="Last frame, rendered as well.")
    for flag, name in FLAGS.items():
        item: Option = by_name[name]
        parser.add_argument(f"--{flag}", dest=name, type=item.type, metavar=item.metavar, help=_help(item))
    for flag, (name, value) in SWITCHES.items():
        parser.add_argument(
            f"--{flag}", dest=name, action="store_const", const=value, help=_help(by_name[name])
        )
    parser.add_argument(
        "--output_is_pattern", action="store_true", help="Refuse an --output without a frame number group."
    )
    return parser


def _help(item: Option) -> str:
    default = "" if item.default is None else f" Default: {item.default}."
    return f"{item.help}{default}".replace("%", "%%")


if __name__ == "__main__":
    sys.exit(run(main))
