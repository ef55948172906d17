"""`stmpo_wrapper.py`: one run outside a job, with the command-line flags of the first version.

Each flag is an option of `stmpo render` under its old name (`FLAGS` maps them), and does what that option
does. `--start` and `--end` are frames; without both, a movie covers its own time span. It needs psutil and
nothing else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.api import run_render
from stmpo.model.errors import BadInput
from stmpo.model.options import JobOptions, RunOptions, declared, resolve
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.system.command_parser import add_option, described, number
from stmpo.worker.openjd_session import run_script
from stmpo.worker.render_task import TaskArguments

if TYPE_CHECKING:
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
"""Flag to option, for flags that take a value."""

SWITCHES: dict[str, tuple[str, bool]] = {
    "disable_mfr": ("mfr", False),
    "disable_affinity": ("affinity", False),
    "enable_affinity": ("affinity", True),
    "kill_on_fail": ("kill_on_fail", True),
    "no_kill_on_fail": ("kill_on_fail", False),
}
"""Flag to an option and its value. If two flags disagree, the last one holds."""


def main(arguments: Sequence[str]) -> int:
    """Render; return the run's exit code.

    Raises:
        StmpoError: the user can correct the error.
    """
    given = vars(_parser().read(arguments))
    folder = Path.cwd()
    frames = _frames(given["start"], given["end"])
    if given["output_is_pattern"]:
        _check_pattern(given["output"], folder)
    job_options, _ = resolve(JobOptions, {**given, "frames": frames}, os.environ)
    options, sources = resolve(RunOptions, given, os.environ)
    summary = run_render(given["project"], job_options, options, sources=sources, folder=folder)
    return int(summary.exit_code)


def _frames(start: int | None, end: int | None) -> str | None:
    if (start is None) != (end is None):
        raise BadInput("--start and --end belong together: give both, or neither for a movie's own time span")
    if start is None or end is None:
        return None
    if start > end:
        raise BadInput(f"--start {start} comes after --end {end}; exchange them")
    return f"{start}-{end}"


def _check_pattern(output: str | None, folder: Path) -> None:
    """Refuse an output without a frame number group: without the flag, one is added to it."""
    if output is None:
        return
    pattern = OutputPattern.parse(output, folder)
    if pattern.kind is OutputKind.SEQUENCE and pattern.before == f"{Path(output).stem}_":
        raise BadInput(
            f"--output_is_pattern: {output} has no frame number group; write for example shot_[#####].png"
        )


def _parser() -> TaskArguments:
    parser = TaskArguments("stmpo_wrapper.py", "Render one comp with several aerender processes.")
    by_name = {item.name: item for kind in (JobOptions, RunOptions) for item in declared(kind)}
    parser.add_argument("--project", required=True, help="The project to render.")
    parser.add_argument("--start", type=number(int), help="First frame.")
    parser.add_argument("--end", type=number(int), help="Last frame, which is rendered too.")
    for flag, name in FLAGS.items():
        add_option(parser, by_name[name], f"--{flag}")
    for flag, (name, value) in SWITCHES.items():
        text = described(by_name[name])
        parser.add_argument(f"--{flag}", dest=name, action="store_const", const=value, help=text)
    parser.add_argument(
        "--output_is_pattern", action="store_true", help="Refuse an --output without a frame number group."
    )
    return parser


if __name__ == "__main__":
    sys.exit(run_script(main))
