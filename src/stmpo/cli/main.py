"""The `stmpo` program: find the command, load its module, run it.

Every command is a module of this package with a function `main(arguments)` that returns the exit code. It is
imported only when it is called. `stmpo --help` and `stmpo --version` load none of them.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from stmpo import __version__
from stmpo.cli.choose import choose
from stmpo.cli.exit_codes import cancelled, flush_output, open_streams, refused, unexpected
from stmpo.model.errors import StmpoError
from stmpo.system import signals
from stmpo.system.shortages import check_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = """\
One render farm task, many aerender processes. Every frame is checked,
delivered once and accounted for.

Exit codes: 0 all frames delivered, 1 frames failed, 2 bad input,
3 no renderer, 4 cancelled, 5 no space, 70 a defect of stmpo."""

COMMANDS = {
    "render": "Render one comp with several renderer processes.",
    "demo": "Render the demo comp with several processes and show the gain.",
    "plan": "Show how many processes would run on this machine, where and why.",
    "simulate": "Try a schedule without rendering.",
    "inspect": "Show what an After Effects project contains, without After Effects.",
    "fonts": "Show a project's fonts, and which of them travel with a job.",
    "bundle": "Write a job bundle for AWS Deadline Cloud, without After Effects.",
    "submit": "Send a project or a job bundle to AWS Deadline Cloud.",
    "job": "Show a job's state on the farm, its logs, and why it failed.",
    "download": "Bring the output of a job home.",
    "panel": "Install, remove or pack the panel for After Effects.",
}
"""In the order in which a newcomer needs them."""


def main() -> None:
    """Run the command line and exit with its code."""
    open_streams()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    try:
        signals.raise_on_signal()
        check_limits()
        code = flush_output(_call(arguments))
    except StmpoError as error:
        return refused(error)
    except KeyboardInterrupt as interrupt:
        return cancelled(interrupt)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect keeps its traceback and gets its own exit code
        return unexpected(error)
    return code


def _call(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--version"]:
        print(f"stmpo {__version__}")
        return 0
    try:
        name, rest = choose("stmpo", ABOUT, COMMANDS, arguments)
        code: int = importlib.import_module(f"stmpo.cli.{name}").main(rest)
    except SystemExit as leave:  # help was printed
        return int(leave.code or 0)
    return code
