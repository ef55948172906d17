"""The `stmpo` command group. Commands are loaded when they are called, so that each starts as fast as it can.

The one place where errors become exit codes: a `StmpoError` is one line on standard error and its code. Anything else
is a defect; it keeps its traceback and exits with `ExitCode.INTERNAL`.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from pathlib import Path

import click

from stmpo import __version__, signals
from stmpo.errors import BadInput, ExitCode, NoSpace, StmpoError

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
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            # A farm reads UTF-8, whatever code page its worker has.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Whoever starts this without standard streams, as services do, hears nothing and gets the frames all the same."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Now: the next file that is opened would get the free number, and with it what renderers print.
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115, PTH123


def run(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    output = sys.stdout
    try:
        signals.interruptible()
        result = cli.main(arguments, prog_name="stmpo", standalone_mode=False)
    except StmpoError as error:
        print(f"stmpo: {error}", file=sys.stderr)
        return int(error.exit_code)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.BAD_INPUT)
    except (click.Abort, KeyboardInterrupt) as interrupt:
        by = _signal_name(interrupt)
        print(f"stmpo: cancelled{by and f' by {by}'}", file=sys.stderr)
        return int(ExitCode.CANCELLED)
    except SystemExit:
        if sys.stdout is output:
            raise
        # Nobody reads: click has put a silent stream there, and ends with 1, which here means failed frames.
        return int(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect keeps its traceback and gets its own exit code
        return _unexpected(error)
    return int(result) if isinstance(result, int) else int(ExitCode.OK)


def _signal_name(interrupt: BaseException) -> str:
    """Which signal it was, where it says so: ours does, and click wraps it."""
    cause = interrupt.__cause__ or interrupt
    return str(cause) if isinstance(cause, KeyboardInterrupt) else ""


def _unexpected(error: Exception) -> int:
    """The exit code of what no command expects; said before."""
    if _nobody_reads(error):
        return int(ExitCode.OK)
    if (refusal := _surroundings(error)) is not None:
        print(f"stmpo: {refusal}", file=sys.stderr)
        return int(refusal.exit_code)
    traceback.print_exception(error)
    print("stmpo: this is a defect of stmpo; please report it with the lines above", file=sys.stderr)
    return int(ExitCode.INTERNAL)


def _surroundings(error: Exception) -> StmpoError | None:
    """What no command can do without: a folder to be in, and room for what it prints."""
    if not isinstance(error, OSError) or error.filename is not None:
        return None
    if isinstance(error, FileNotFoundError) and not _stands_somewhere():
        return BadInput("the current folder does not exist any more; change to another one")
    if error.errno == errno.ENOSPC:
        return NoSpace("standard output cannot be written: no space is left on its disk")
    return None


def _stands_somewhere() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _nobody_reads(error: Exception) -> bool:
    """Whether whoever read our output has gone. Windows' C runtime says EINVAL of such a pipe, without a Windows error."""
    closed = isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or (closed and getattr(error, "winerror", 0) is None)
