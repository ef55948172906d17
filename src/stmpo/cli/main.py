"""The `stmpo` command group. Commands are loaded when they are called, so that each starts as fast as it can.

How errors become exit codes stands in `boundary`.
"""

from __future__ import annotations

import importlib
import sys

import click

from stmpo import __version__
from stmpo.cli.exit_codes import cancelled, open_streams, refused, unexpected
from stmpo.model.errors import ExitCode, StmpoError
from stmpo.system import signals

_COMMANDS = {
    "render": ("stmpo.cli.render", "Render one comp with several renderer processes."),
    "demo": ("stmpo.cli.demo", "Render the demo comp by several processes, and see what was gained."),
    "plan": ("stmpo.cli.plan", "Show how many processes would run here, where, and why."),
    "simulate": ("stmpo.cli.simulate", "Try a schedule without rendering anything."),
    "inspect": ("stmpo.cli.inspect", "Show what an After Effects project holds, without After Effects."),
    "fonts": ("stmpo.cli.fonts", "Show a project's fonts: where they are, and what travels with a job."),
    "bundle": ("stmpo.cli.bundle", "Write a job bundle for AWS Deadline Cloud, without After Effects."),
    "submit": (
        "stmpo.cli.submit",
        "Send a project or a job bundle to AWS Deadline Cloud, without After Effects.",
    ),
    "panel": ("stmpo.cli.panel", "Install, remove and pack the panel for After Effects."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names, in the order that a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command = getattr(module, f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stmpo", message="%(prog)s %(version)s")
def cli() -> None:
    """One render farm task, many aerender processes: every frame checked, delivered once, accounted for.

    Exit codes: 0 all frames delivered, 1 frames failed, 2 bad input, 3 no renderer, 4 cancelled, 5 no space, 70 a
    defect of stmpo.
    """


def main() -> None:
    """Run the command line and exit with its code."""
    open_streams()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    output = sys.stdout
    try:
        signals.raise_on_signal()
        result = cli.main(arguments, prog_name="stmpo", standalone_mode=False)
    except StmpoError as error:
        return refused(error)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.BAD_INPUT)
    except (click.Abort, KeyboardInterrupt) as interrupt:
        return cancelled(interrupt)
    except SystemExit:
        if sys.stdout is output:
            raise
        # Nobody reads: click has put a silent stream there, and ends with 1, which here means failed frames.
        return int(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect keeps its traceback and gets its own exit code
        return unexpected(error)
    return int(result) if isinstance(result, int) else int(ExitCode.OK)
